"""An invoice as an HTML document that becomes PDF, as CSV, and as text."""

from collections.abc import Iterator
from typing import Final

from server.settlement.invoices.types import Claim, CloseLine, Invoice
from server.settlement.paper import csv_bytes, fill, text_cell
from server.settlement.paper.words import amount_size, contact, fitted, name_size, short_day, yen

NAMES: Final = {
    Claim.PREMIUM: "プレミアム分",
    Claim.BONUS: "高齢者ポイント還元分",
    Claim.ACTIVITY: "活動ポイント分",
    Claim.OTHER: "その他の付与分",
}
_NOTES: Final = {
    Claim.PREMIUM: "使われた商品券のうち、市が上乗せした額",
    Claim.BONUS: "購入額に応じて付与し、使われた額",
    Claim.ACTIVITY: "ボランティア・イベントで付与し、使われた額",
    Claim.OTHER: "そのほかの方法で付与し、使われた額",
}
_HEAD_NAME: Final = 30
_COLUMNS: Final = (
    "区分",
    "記号",
    "サービスID",
    "締め",
    "利用開始",
    "利用終了",
    "ロット数",
    "換金額",
    "購入者負担",
    "金額",
    "備考",
)

Row = tuple[str | int, ...]


def invoice_html(invoice: Invoice) -> str:
    """The document; no clock in it, every text escaped."""
    facts = invoice.facts
    used = sum(line.used for line in invoice.closes)
    points = [(NAMES[point.claim], point) for point in invoice.points]
    sums = zip(
        *((p.granted, p.billed_before, p.billed, p.lost, p.left) for p in invoice.points),
        strict=True,
    )
    return fill(
        "invoice.html",
        {
            "i": invoice,
            "f": facts,
            "month": month_of(invoice),
            "head_name": fitted(facts.addressee, _HEAD_NAME).rstrip(),
            "to_class": name_size(facts.addressee),
            "amount_class": amount_size(invoice.total),
            "contact": contact(facts.phone, facts.hours, facts.email),
            "covers": "、".join(covers(invoice)),
            "items": list(_items(invoice)),
            "services": list(_by_service(invoice).items()),
            "premium": Claim.PREMIUM,
            "used": used,
            "paid_share": sum(line.paid_share for line in invoice.closes),
            "points": points,
            "point_sums": [sum(column) for column in sums],
            "marks": "　".join(
                f"{line.service_name} 第{line.number}回 {line.mark[:16]}" for line in invoice.closes
            ),
        },
    )


def invoice_csv(invoice: Invoice) -> bytes:
    """One row a bill, a close, a kind of points; 金額 of the rows 請求 adds up to ご請求額."""
    return csv_bytes(_COLUMNS, _rows(invoice))


def invoice_text(invoice: Invoice) -> Iterator[str]:
    """What a person at a terminal wants to know."""
    yield f"請求書 {invoice.number}  {invoice.facts.addressee} 様  {month_of(invoice)}分"
    for letter, what, _, _, amount in _items(invoice):
        yield f"  {letter} {what:　<11} {yen(amount):>16}"
    yield f"  消費税 {yen(invoice.tax)}  ご請求額 {yen(invoice.total)}"
    for line in invoice.closes:
        yield (
            f"    {line.service_id} 第{line.number}回  換金額 {yen(line.used)}  "
            f"購入者負担 {yen(line.paid_share)}  A {yen(line.claims[Claim.PREMIUM])}"
        )
    yield f"  お支払期限 {short_day(invoice.due_on)}"


def month_of(invoice: Invoice) -> str:
    """「2024年6月」."""
    return f"{invoice.year}年{invoice.month}月"


def covers(invoice: Invoice) -> Iterator[str]:
    """「みほん市デジタル商品券 第1回〜第4回の締め」 for each service."""
    for name, lines in _by_service(invoice).items():
        first, last = lines[0].number, lines[-1].number
        number = f"第{first}回" if first == last else f"第{first}回〜第{last}回"
        yield f"{name} {number}の締め"


def _by_service(invoice: Invoice) -> dict[str, list[CloseLine]]:
    found: dict[str, list[CloseLine]] = {}
    for line in invoice.closes:
        found.setdefault(line.service_name, []).append(line)
    return found


def _items(invoice: Invoice) -> Iterator[tuple[str, str, str, str, int]]:
    """Letter, what, note, tax, amount."""
    for claim in Claim:
        yield claim.value, NAMES[claim], _NOTES[claim], "対象外", invoice.of(claim)
    facts = invoice.facts
    note = "" if facts.commission else "契約により別に請求"
    tax = f"{facts.commission_tax}%" if facts.commission and facts.commission_tax else "—"
    yield "E", "事務委託料", note, tax, facts.commission


def _rows(invoice: Invoice) -> Iterator[Row]:
    for letter, what, _, _, amount in _items(invoice):
        yield ("請求", letter, "", "", "", "", "", "", "", amount, what)
    if invoice.tax:
        yield ("請求", "税", "", "", "", "", "", "", "", invoice.tax, "消費税")
    yield ("ご請求額", "", "", "", "", "", "", "", "", invoice.total, "")
    for line in invoice.closes:
        for claim in Claim:
            yield (
                "締め",
                claim.value,
                text_cell(line.service_id),
                line.number,
                line.first_day.isoformat(),
                line.last_day.isoformat(),
                line.lots,
                line.used,
                line.paid_share,
                line.claims[claim],
                line.mark,
            )
    for point in invoice.points:
        for what, amount in (
            ("付与", point.granted),
            ("前月までの請求", point.billed_before),
            ("今回の請求", point.billed),
            ("期限切れ・失効", point.lost),
            ("まだ使われていない", point.left),
        ):
            yield ("ポイント", point.claim.value, "", "", "", "", "", "", "", amount, what)
