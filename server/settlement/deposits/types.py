"""入金照合: what a bank says has arrived, and what it is held against. Frozen values, whole yen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from protos.units import Micros, TerminalId, Yen
from server.directory import ServiceId, ShopId


@dataclass(frozen=True, slots=True)
class Arrived:
    """One line of a shop's bank account."""

    day: date
    amount: Yen
    payer: str
    """As the bank wrote it, 「フリコミ ミホンシ…」; may be cut, may be empty."""
    line: int = 0
    """Of its file; 0 when it was entered by hand."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A line that is kept. ``deposit_id``: 20 characters."""

    deposit_id: str
    shop_id: ShopId
    arrived: Arrived
    recorded_by: str
    recorded_at: Micros


@dataclass(frozen=True, slots=True)
class CloseInTransfer:
    """A close that a transfer pays, for one shop."""

    service_id: ServiceId
    number: int
    net: int
    """差引, as the close says."""
    shop_id: ShopId
    """A transfer to a merchant pays several."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What was sent to a shop, or to its merchant for several shops."""

    payout_id: str
    service_id: ServiceId
    pay_day: date
    payer: str
    """As in the bank's file."""
    amount: Yen
    """On the bank's line."""
    closes: tuple[CloseInTransfer, ...]
    """Of every shop in it."""
    other: int
    """繰越, 調整 and 組戻し of every shop in it, less what is carried on."""
    fee: Yen
    returned: bool
    """組戻し: the bank sent it back."""


class Fit(Enum):
    """How a deposit fits a transfer. ``ja``, ``en``: why, with what differs."""

    MATCHED = ("一致", "matches")
    DAY = ("金額と名義は同じですが、入金日が違います", "same amount and payer, another day")
    NAME = ("金額と入金日は同じですが、名義が違います", "same amount and day, another payer")
    AMOUNT = ("名義と入金日は同じですが、金額が違います", "same payer and day, another amount")
    UNKNOWN = ("あてはまるお振込がありません", "no transfer fits")

    def __init__(self, ja: str, en: str) -> None:
        self.ja = ja
        self.en = en


@dataclass(frozen=True, slots=True)
class Match:
    """The transfer that a deposit is, or comes nearest to."""

    fit: Fit
    transfer: Transfer | None
    ja: str
    en: str
    """Why it fits, or why not, with both values."""


class Stage(Enum):
    """The places where money could go astray, from the bank back to the counter."""

    BANK = ("通帳の入金額とお振込額", "bank's amount and payout")
    PAYOUT = ("お振込額と締めの合計", "payout and its closes")
    CLOSE = ("締めの合計と取引の合計", "close and its transactions")
    TERMINAL = ("取引と端末の報告", "transactions and what the terminal told")

    def __init__(self, ja: str, en: str) -> None:
        self.ja = ja
        self.en = en


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two numbers that have to be the same."""

    stage: Stage
    what: str
    """Which payout, close, terminal and day."""
    left: int
    right: int
    comparable: bool = True
    """False where one side is not known, as what a terminal that tells nothing has shown."""

    @property
    def differs(self) -> bool:
        return self.comparable and self.left != self.right


@dataclass(frozen=True, slots=True)
class TerminalDay:
    """One terminal on one day: payments and yen in the books, and of those that it has told."""

    terminal_id: TerminalId
    terminal_name: str
    day: date
    count: int
    amount: int
    told_count: int
    told_amount: int
    tells: bool
    """Whether this terminal has told anything at all in the period."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Everything about a deposit side by side."""

    arrived: Arrived
    match: Match
    comparisons: tuple[Comparison, ...]
    terminals: tuple[TerminalDay, ...]

    @property
    def first_difference(self) -> Comparison | None:
        """Named to whoever asks: what comes after it may follow from it."""
        return next((one for one in self.comparisons if one.differs), None)

    @property
    def holds(self) -> bool:
        return self.match.fit is Fit.MATCHED and self.first_difference is None


def numbered(lines: Sequence[Arrived]) -> list[tuple[Arrived, int]]:
    """Each line with its number among those of the same day and amount: two deposits that are
    equal on one day are two, and the same file again names the same two."""
    seen: dict[tuple[date, int], int] = {}
    found = []
    for line in lines:
        key = (line.day, line.amount)
        seen[key] = seen.get(key, 0) + 1
        found.append((line, seen[key]))
    return found
