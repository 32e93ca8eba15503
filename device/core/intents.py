"""Everything staff can do with a finger: what screens emit and the core decides about.

An intent says what was tapped, never what follows from it; the core may ignore one that no
longer fits its state (a tap that lost the race against a payment). Pure: no Kivy, no clock.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Key: TypeAlias = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "00"]


class CheckField(StrEnum):
    """The two fields of the offline check."""

    AMOUNT = "amount"
    CODE = "code"


# --- keypad ----


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the pad: one digit, or ``"00"`` (only where amounts are entered)."""

    key: Key


@dataclass(frozen=True, slots=True)
class Backspace:
    """⌫: the last digit of the field that has the focus."""


@dataclass(frozen=True, slots=True)
class ClearEntry:
    """全部消す: empty the amount."""


# --- one sale ----


@dataclass(frozen=True, slots=True)
class OpenAmount:
    """金額入力: from standby to the amount's keypad."""


@dataclass(frozen=True, slots=True)
class ShowQr:
    """QRを出す: fix the amount entered and show its QR."""


@dataclass(frozen=True, slots=True)
class EditAmount:
    """金額を直す: from the QR with a fixed amount back to the keypad (this sale becomes void)."""


@dataclass(frozen=True, slots=True)
class CancelSale:
    """中止: end this sale before it is paid, back to standby; a payment that won the race wins."""


@dataclass(frozen=True, slots=True)
class StartOver:
    """やり直し: void this sale and show the next with the same amount (a wrong phone took it)."""


@dataclass(frozen=True, slots=True)
class NextCustomer:
    """次のお客様: leave "paid" or "the code is genuine" for standby."""


@dataclass(frozen=True, slots=True)
class AcknowledgeLate:
    """見ました: the payments shown as 先ほどの have been seen."""


# --- in doubt, and the offline check ----


@dataclass(frozen=True, slots=True)
class CheckLater:
    """後で確かめる: from 確認中 to the QR; reconciliation goes on behind it."""


@dataclass(frozen=True, slots=True)
class OpenCodeCheck:
    """番号で確かめる: open the offline check (from 確認中: with that sale's amount, else empty)."""


@dataclass(frozen=True, slots=True)
class ChooseField:
    """A field of the offline check was tapped: the keypad types there from now on."""

    field: CheckField


@dataclass(frozen=True, slots=True)
class SubmitCheck:
    """確かめる: amount and code are complete, compute."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """もう一度入れる: from "does not match" to the entry, amount kept and code empty."""


@dataclass(frozen=True, slots=True)
class StopCheck:
    """やめる or QRに戻る: leave the offline check for standby (or 確認中 where it came from)."""


@dataclass(frozen=True, slots=True)
class PrintProvisional:
    """控えを印刷: a provisional slip for a sale whose code is genuine."""


# --- pages ----


@dataclass(frozen=True, slots=True)
class OpenToday:
    """本日の一覧: the list of today's payments."""


@dataclass(frozen=True, slots=True)
class OpenMenu:
    """メニュー."""


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """通信と機器: by the light in the bar, the menu, or the out-of-service screen."""


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """お知らせ: read the operator's notices."""


@dataclass(frozen=True, slots=True)
class Back:
    """戻る: one page back, to standby at last. What was entered there is dropped."""


@dataclass(frozen=True, slots=True)
class PageUp:
    """The page before (list: newer payments; notices: the newer one)."""


@dataclass(frozen=True, slots=True)
class PageDown:
    """The page after (list: older payments; notices: the older one)."""


@dataclass(frozen=True, slots=True)
class SelectRow:
    """A row of the list was tapped. ``index`` counts from 0 on the page shown."""

    index: int


@dataclass(frozen=True, slots=True)
class CloseDetail:
    """戻る on the detail page (portrait only): to the list, no row selected."""


@dataclass(frozen=True, slots=True)
class Reprint:
    """もう一度印刷【再発行】: the slip of the selected row once more, marked."""


@dataclass(frozen=True, slots=True)
class PrintDayReport:
    """日計を印刷."""


@dataclass(frozen=True, slots=True)
class ToggleLanguage:
    """EN or 日本語 in the bar."""


# --- parts ----


@dataclass(frozen=True, slots=True)
class PaperRefilled:
    """紙を入れた: ask the printer again and print what waits."""


@dataclass(frozen=True, slots=True)
class PaperLater:
    """後で: hide the printer's banner; the slips go on waiting."""


@dataclass(frozen=True, slots=True)
class CheckParts:
    """もう一度調べる: probe every link and part now."""


@dataclass(frozen=True, slots=True)
class RetryService:
    """もう一度 on the out-of-service screen: try to come into service now."""


Intent: TypeAlias = (
    Digit
    | Backspace
    | ClearEntry
    | OpenAmount
    | ShowQr
    | EditAmount
    | CancelSale
    | StartOver
    | NextCustomer
    | AcknowledgeLate
    | CheckLater
    | OpenCodeCheck
    | ChooseField
    | SubmitCheck
    | TryAgain
    | StopCheck
    | PrintProvisional
    | OpenToday
    | OpenMenu
    | OpenNetwork
    | OpenNotice
    | Back
    | PageUp
    | PageDown
    | SelectRow
    | CloseDetail
    | Reprint
    | PrintDayReport
    | ToggleLanguage
    | PaperRefilled
    | PaperLater
    | CheckParts
    | RetryService
)
