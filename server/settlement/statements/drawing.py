"""A statement as an HTML document that becomes PDF (``server.settlement.paper``)."""

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup

from server.directory import ServiceKind
from server.settlement.paper import fill
from server.settlement.paper.words import (
    amount_size,
    contact,
    count,
    fitted,
    grouped,
    month_day,
    name_size,
    passbook_day,
    short_day,
    spaced_code,
    stamp,
    width,
    yen,
)
from server.settlement.statements.types import OtherLeg, Payout, Statement, TakenBack, Use

KINDS: Final = {
    ServiceKind.MONEY: "マネー",
    ServiceKind.POINTS: "ポイント",
    ServiceKind.VOUCHER: "商品券",
}

_COLUMNS: Final = 119
"""Of a row of the list: A4 less its margins, at 8.5 points."""
_NAME: Final = 14
_NOTE: Final = 30
_OPERATION: Final = 14
_HEAD_NAME: Final = 30
_SHORT_LIST: Final = 8
"""Uses that may stand on the first page; more begin a page of their own."""


def statement_html(statement: Statement) -> str:
    """The document as drawn; no clock in it, every text escaped."""
    s = statement
    kind = KINDS[s.kind]
    return fill(
        "statement.html",
        {
            "s": s,
            "p": s.payout,
            "sums": s.sums,
            "kind": kind,
            "kinds": KINDS,
            "head_name": fitted(s.shop_name, _HEAD_NAME).rstrip(),
            "to_class": name_size(s.shop_name),
            "amount_class": amount_size(s.payout.transferred),
            "contact": contact(s.issuer.phone, s.issuer.hours, s.issuer.email),
            "passbook_day": passbook_day(s.pay_day),
            "steps": _steps(s, kind),
            "others": s.others(),
            "short": len(s.uses) <= _SHORT_LIST,
            "days": list(_days(s)),
            "list_head": _row("  No.", "日時", "取引ID", "端末", "確認コード", "備考", kind),
            "list_total": _ends(f"合計　{count(s.sums.net_count)} 件", yen(s.sums.net)),
            "back": [_pair(one) for one in s.taken_back],
            "back_head": _back("操作", "日時", "取引ID", "端末・操作", "確認コード", kind),
            "back_total": _ends(f"取消　{count(len(s.taken_back))} 件の差引", yen(0)),
        },
    )


def _days(s: Statement) -> Iterator[tuple[str, list[str]]]:
    number = 0
    for total, uses in s.days():
        lines = []
        for use in uses:
            number += 1
            lines.append(_use(number, use))
        head = f"{short_day(total.day)} 小計　{count(total.count)} 件"
        yield _ends(head, yen(total.amount)), lines


def _use(number: int, use: Use) -> str:
    return _row(
        f"{number:>5}",
        stamp(use.at),
        grouped(use.transaction_id),
        use.terminal_name,
        spaced_code(use.code),
        _note(use.others),
        yen(use.amount),
    )


def _row(
    number: str, when: str, identifier: str, terminal: str, code: str, note: str, amount: str
) -> str:
    left = (
        f"{number} {fitted(when, 14)}  {fitted(identifier, 23)}  {fitted(terminal, _NAME)}  "
        f"{fitted(code, 10)}  {fitted(note, _NOTE)}"
    )
    return _ends(left.rstrip(), amount)


def _note(others: Sequence[OtherLeg]) -> str:
    if not others:
        return ""
    what = KINDS[others[0].kind] if len(others) == 1 else f"{len(others)}件"
    return f"併用（他に{what} {yen(sum(leg.amount for leg in others))}）"


def _pair(one: TakenBack) -> tuple[str, str]:
    use = one.use
    return (
        _back(
            "利用",
            stamp(use.at),
            grouped(use.transaction_id),
            use.terminal_name,
            spaced_code(use.code),
            yen(use.amount),
        ),
        _back(
            "利用キャンセル",
            stamp(one.at),
            grouped(one.transaction_id),
            one.where.value,
            "上の取引の取消",
            yen(-one.amount),
        ),
    )


def _back(operation: str, when: str, identifier: str, place: str, code: str, amount: str) -> str:
    left = (
        f"{fitted(operation, _OPERATION)}  {fitted(when, 14)}  {fitted(identifier, 23)}  "
        f"{fitted(place, _NAME)}  {code}"
    )
    return _ends(left, amount)


def _ends(left: str, right: str) -> str:
    """``right`` at the end of the row."""
    return fitted(left, _COLUMNS - width(right)) + right


def _steps(s: Statement, kind: str) -> Iterator[Markup]:
    """確かめ方: what a shopkeeper compares with what, with this statement's own numbers."""
    p = s.payout
    if s.uses or s.taken_back:
        yield Markup(
            "「取引の一覧」の<b>日ごとの小計</b>を、端末で印刷した<b>日計の「{kind} 差引」</b>"
            "（レジが何台かあれば、その合計）と見くらべます。同じ数字です（別の日に取り消した分が"
            "あれば、売った日と取り消した日の2日だけ、その額ずれます）。"
        ).format(kind=kind)
    yield Markup(
        "小計を全部たすと <b>{net}</b>（差引）。これに{added}をたし、"
        "手数料 <b>{fee}</b> をひくと、{left}お振込額 <b>{transferred}</b> です。"
    ).format(
        net=yen(s.sums.net),
        added=_added(p),
        fee=yen(p.fee),
        left=_carried_out(p.carried_out),
        transferred=yen(p.transferred),
    )
    if p.in_passbook > 0:
        yield Markup("通帳の {day} に、上の名義で{what}が入っていれば合っています。").format(
            day=month_day(s.pay_day), what="合計の額" if p.shared else "同じ額"
        )
    for leg in s.others():
        yield Markup(
            "併用のお支払いの<b>{kind}の分（{count}件 {amount}）は、この明細に入りません</b>。"
            "{last}締めの明細（{pay}入金）に載ります。"
        ).format(
            kind=KINDS[leg.kind],
            count=count(s.others_count(leg)),
            amount=yen(leg.amount),
            last=month_day(leg.last_day),
            pay=month_day(leg.pay_day),
        )


def _added(p: Payout) -> Markup:
    """What is added to 差引, in the order of the calculation: 「繰越 ¥0 と調整 −¥500 」."""
    corrections = sum(correction.amount for correction in p.corrections)
    parts = (
        ("ほかの回の差引", p.other_closes),
        ("繰越", p.carried_in),
        ("組戻しの再振込", p.returned),
        ("調整", corrections),
    )
    return Markup("と").join(
        Markup("{what} <b>{amount}</b> ").format(what=what, amount=yen(amount))
        for what, amount in parts
        if amount or what == "繰越"
    )


def _carried_out(amount: int) -> Markup:
    if not amount:
        return Markup("")
    found = Markup("<b>{amount}</b>。").format(amount=yen(amount))
    if amount < 0:
        return found + Markup("マイナスなので次回へ繰り越し、")
    return Markup("<b>{amount}</b> を次回へ繰り越すので、").format(amount=yen(amount))
