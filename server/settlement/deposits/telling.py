"""A reconciliation as lines of text, for the command and for a shop on the telephone."""

from collections.abc import Iterator

from server.settlement.deposits.types import Comparison, Fit, Reconciliation
from server.settlement.paper.words import day, short_day, yen


def reconciliation_lines(found: Reconciliation) -> Iterator[str]:
    """What it is, each pair of numbers, and the first that differs."""
    arrived = found.arrived
    payer = f"（{arrived.payer}）" if arrived.payer else ""
    yield f"{day(arrived.day)} の入金 {yen(arrived.amount)}{payer}"
    yield f"  {found.match.fit.name}: {found.match.ja} {found.match.en}"
    transfer = found.match.transfer
    if transfer is None:
        return
    for one in transfer.closes:
        yield f"    {one.service_id} 第{one.number}回 {one.shop_id} 差引 {yen(one.net)}"
    yield f"    繰越・調整など {yen(transfer.other)}  手数料 {yen(-transfer.fee)}"
    for comparison in found.comparisons:
        yield f"  {_mark(comparison)} {_pair(comparison)}"
    for shown in found.terminals:
        told = "報告なし"
        if shown.tells:
            told = f"端末の報告 {shown.told_count} 件 {yen(shown.told_amount)}"
        yield (
            f"      {shown.terminal_name}（{shown.terminal_id}） {short_day(shown.day)}  "
            f"{shown.count} 件 {yen(shown.amount)}  {told}"
        )
    yield _verdict(found)


def _verdict(found: Reconciliation) -> str:
    first = found.first_difference
    if first is not None:
        return (
            f"  最初に違うのは「{first.stage.ja}」です: {_pair(first)}、"
            f"差 {yen(first.left - first.right)}。 The first that differs: {first.stage.en}."
        )
    if found.match.fit is Fit.MATCHED:
        return "  すべて合っています。 Everything agrees."
    return "  帳簿の数字は合っています。 The books agree; see above for what does not fit."


def _pair(one: Comparison) -> str:
    return f"{one.stage.ja}  {one.what}: {yen(one.left)} / {yen(one.right)}"


def _mark(one: Comparison) -> str:
    if not one.comparable:
        return "－"
    return "×" if one.differs else "○"
