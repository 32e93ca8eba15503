"""Blocks that several slips share: head, foot, marks, pay days."""

from collections.abc import Sequence
from typing import assert_never

from device.receipts.data import (
    Copy,
    Counter,
    Mark,
    Office,
    Original,
    Payout,
    Reprint,
    Source,
    Training,
)
from device.receipts.dates import clock, full_day, hour_minute, in_tokyo, last_day, long_day
from device.receipts.dates import short_day as short
from device.receipts.layout import bar, centred, pair, shop_name, triple
from device.receipts.text import fold, name_lines
from hardware.paper import Line, Run, Size
from protos.units import Micros

REPRINT = "【再発行】"
PROVISIONAL = "【仮控え】"
TRAINING = "【練習】"


def rule_of(width: int, mark: Mark) -> Line:
    """A line across the paper; in training it says so."""
    if not isinstance(mark, Training):
        return Line((Run("─" * (width // 2)),))
    whole, rest = divmod(width, 8)
    return Line((Run("─練習─" * whole + "─" * (rest // 2)),))


def mark_above(width: int, mark: Mark) -> list[Line]:
    """What stands first on a slip that isn't the plain original."""
    match mark:
        case Original():
            return []
        case Reprint(number=number, printed_at=printed_at):
            at = in_tokyo(printed_at)
            when = f"{number}枚目 {full_day(at.date())} {hour_minute(at)}"
            return [bar(width, REPRINT, Size.DOUBLE), centred(width, when)]
        case Training():
            english = centred(width, "TRAINING - NO REAL MONEY")
            return [bar(width, TRAINING, Size.DOUBLE), english]
        case _:
            assert_never(mark)


def mark_below(width: int, mark: Mark) -> list[Line]:
    """The same again at the end, so that a torn slip still says it."""
    match mark:
        case Original():
            return []
        case Reprint():
            return [bar(width, REPRINT)]
        case Training():
            return [bar(width, TRAINING, Size.DOUBLE)]
        case _:
            assert_never(mark)


def whose(width: int, copy: Copy) -> Line:
    """お客様控え or, as a bar, 加盟店控え."""
    match copy:
        case Copy.CUSTOMER:
            return centred(width, "お客様控え", bold=True)
        case Copy.SHOP:
            return bar(width, "加盟店控え")
        case _:
            assert_never(copy)


def who(width: int, counter: Counter) -> list[Line]:
    """Shop and terminal."""
    terminal = pair(width, fold(counter.terminal_name), f"端末 {fold(counter.terminal_id)}")
    return [*shop_name(width, fold(counter.shop_name)), *terminal]


def when(width: int, at: Micros, source: Source = Source.SCREEN) -> list[Line]:
    """Date and time, and that a printed stand was read where it was."""
    time = in_tokyo(at)
    lines = pair(width, long_day(time.date()), clock(time))
    if source is Source.STAND:
        lines += pair(width, "読み取り", "店頭のQR")
    return lines


def screen_note(copy: Copy) -> str:
    """Which screen shows the same code and seal."""
    whose_screen = "スマホ" if copy is Copy.CUSTOMER else "お客様"
    return f"{whose_screen}の画面と|同じ番号・印です"


def foot(width: int, office: Office) -> list[Line]:
    """Not a qualified invoice; and who answers questions."""
    name = [centred(width, text) for text in name_lines(fold(office.name), width)]
    return [no_invoice(width), *name, *contact(width, office)]


def no_invoice(width: int) -> Line:
    """The slip is no 適格請求書 under the consumption tax law."""
    return centred(width, "※適格請求書ではありません")


def contact(width: int, office: Office) -> list[Line]:
    """The number to ring."""
    telephone = fold(office.telephone)
    return [centred(width, text) for text in name_lines(f"お問い合わせ {telephone}", width)]


def pay_days(width: int, payouts: Sequence[tuple[str, Payout]], year: int) -> list[Line]:
    """お店への入金: when each service closes and when the shop gets its money."""
    lines = triple(width, "お店への入金", "締め", "入金", bold=True)
    for name, payout in payouts:
        closes, paid = short(last_day(payout.closes_at), year), short(payout.pay_day, year)
        lines += triple(width, fold(name), closes, paid)
    return lines
