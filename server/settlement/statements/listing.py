"""A statement as CSV for people's spreadsheets, and as text for a terminal.

CSV: UTF-8 with BOM, CRLF, RFC 4180 quoting, a leading ``= + - @`` of a text neutralised. One row
a transaction; 金額 of the rows 利用 adds up to 差引.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from server.clock import tokyo_time
from server.settlement.paper.csv_rows import csv_bytes, text_cell
from server.settlement.paper.words import (
    count,
    day,
    passbook_day,
    short_day,
    spaced_code,
    until,
    yen,
)
from server.settlement.statements.drawing import KINDS
from server.settlement.statements.types import Statement, TakenBack, Use

COLUMNS: Final = (
    "区分",
    "番号",
    "日付",
    "時刻",
    "取引ID",
    "端末ID",
    "端末",
    "確認コード",
    "備考",
    "件数",
    "金額",
)

Row = tuple[str | int, ...]


def statement_csv(statement: Statement) -> bytes:
    """The whole file."""
    return csv_bytes(COLUMNS, statement_rows(statement))


def statement_rows(s: Statement) -> Iterator[Row]:
    """What it is, the calculation, each transaction with daily subtotals, what was taken back."""
    yield from _head(s)
    yield from _sums(s)
    number = 0
    for total, uses in s.days():
        for use in uses:
            number += 1
            yield _use("利用", number, use)
        yield _row("小計", on=total.day.isoformat(), counted=total.count, amount=total.amount)
    yield _row("合計", counted=s.sums.net_count, amount=s.sums.net)
    for one in s.taken_back:
        yield _use("取り消された利用", "", one.use)
        yield _cancel(one)
    if s.taken_back:
        yield _row("取り消された取引の差引", counted=len(s.taken_back), amount=0)


def statement_text(s: Statement) -> Iterator[str]:
    """What a person at a terminal wants to know, without the single transactions."""
    p = s.payout
    yield f"精算明細 {s.number}  {s.shop_name}"
    period = f"{short_day(s.first_day)}〜{short_day(s.last_day)}"
    yield f"  {s.service_name} 第{s.close_number}回  {period}"
    for what, number, amount in calculation(s):
        counted = "" if number is None else f"{count(number)} 件"
        yield f"  {what:　<12} {counted:>8} {yen(amount):>16}"
    if p.in_passbook > 0:
        yield f"  通帳: {passbook_day(s.pay_day)}  ﾌﾘｺﾐ {s.payer}  {count(p.in_passbook)}"
    else:
        yield "  今回のお振込はありません"
    for total, _ in s.days():
        yield f"    {short_day(total.day)} 小計  {count(total.count)} 件  {yen(total.amount)}"


def calculation(s: Statement) -> Iterator[tuple[str, int | None, int]]:
    """お振込額の計算: what, how many (None: not counted), how much it adds."""
    p = s.payout
    yield "利用", s.sums.used_count, s.sums.used
    yield "利用キャンセル", s.sums.cancelled_count, -s.sums.cancelled
    yield "差引", s.sums.net_count, s.sums.net
    if p.other_closes:
        yield "ほかの回の差引", None, p.other_closes
    yield "前回からの繰越", None, p.carried_in
    if p.returned:
        yield "組戻しの再振込", None, p.returned
    for correction in p.corrections:
        yield f"調整 {short_day(correction.on)} {correction.why}", None, correction.amount
    yield "手数料", None, -p.fee
    if p.carried_out:
        yield "次回への繰越", None, p.carried_out
    yield "お振込額", None, p.transferred


def _head(s: Statement) -> Iterator[Row]:
    facts: Iterable[tuple[str, str]] = (
        ("明細番号", s.number),
        ("加盟店", s.merchant_name),
        ("店舗", f"{s.shop_name}（{s.shop_id}）"),
        ("サービス", f"{s.service_name}（{KINDS[s.kind]}）"),
        ("精算の回", f"第{s.close_number}回"),
        ("対象の利用", f"{day(s.first_day)} 0:00 〜 {until(s.last_day, s.first_day)}"),
        ("入金日", day(s.pay_day)),
        ("お振込先", s.payout.account or "ご登録の口座"),
        ("通帳の名義", s.payer),
    )
    for what, text in facts:
        yield _row(what, note=text_cell(text))


def _sums(s: Statement) -> Iterator[Row]:
    for what, number, amount in calculation(s):
        yield _row(
            "計算", note=text_cell(what), counted="" if number is None else number, amount=amount
        )
    for part in s.payout.shared:
        yield _row("まとめて振り込む分", note=text_cell(part.name), amount=part.amount)
    if s.payout.shared:
        yield _row("まとめて振り込む合計", amount=s.payout.in_passbook)


def _use(what: str, number: int | str, use: Use) -> Row:
    others = "、".join(f"{KINDS[leg.kind]} {yen(leg.amount)}" for leg in use.others)
    moment = tokyo_time(use.at)
    return _row(
        what,
        number,
        f"{moment:%Y-%m-%d}",
        f"{moment:%H:%M:%S}",
        use.transaction_id,
        text_cell(use.terminal_id),
        text_cell(use.terminal_name),
        spaced_code(use.code),
        f"併用（他に{others}）" if others else "",
        1,
        use.amount,
    )


def _cancel(one: TakenBack) -> Row:
    moment = tokyo_time(one.at)
    return _row(
        "利用キャンセル",
        on=f"{moment:%Y-%m-%d}",
        clock=f"{moment:%H:%M:%S}",
        identifier=one.transaction_id,
        terminal=one.where.value,
        note=f"{one.use.transaction_id} の取消",
        counted=1,
        amount=-one.amount,
    )


def _row(
    what: str,
    number: int | str = "",
    on: str = "",
    clock: str = "",
    identifier: str = "",
    terminal_id: str = "",
    terminal: str = "",
    code: str = "",
    note: str = "",
    counted: int | str = "",
    amount: int | str = "",
) -> Row:
    return what, number, on, clock, identifier, terminal_id, terminal, code, note, counted, amount
