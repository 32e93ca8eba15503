"""What the slips say, as frozen values: no text is laid out here, no clock is read."""

import datetime as dt
import enum
from dataclasses import dataclass

from protos.units import Micros, SaleNumber, TerminalId, TransactionId, Yen


class ServiceType(enum.IntEnum):
    """サービス種別, with the numbers of the interface to spreadsheets."""

    MONEY = 1
    POINTS = 2
    VOUCHER = 3


class Copy(enum.Enum):
    """Whose copy a slip is. Each copy is a print job of its own."""

    CUSTOMER = "customer"
    SHOP = "shop"


class Source(enum.Enum):
    """What the customer's phone read."""

    SCREEN = "screen"
    STAND = "stand"


@dataclass(frozen=True, slots=True)
class Counter:
    """Where it happened: shop, terminal (people's name and id)."""

    shop_name: str
    terminal_name: str
    terminal_id: TerminalId


@dataclass(frozen=True, slots=True)
class Office:
    """The operator's lines at the foot: who answers questions, and on which number."""

    name: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Payout:
    """When a leg closes (half-open: 00:00 of Saturday closes Friday) and when the shop is paid."""

    closes_at: Micros
    pay_day: dt.date


@dataclass(frozen=True, slots=True)
class Leg:
    """One service's part of a payment. ``payout`` is None while the device doesn't know it.

    A leg of 0 yen gets no line.
    """

    service_name: str
    service_type: ServiceType
    amount: Yen
    transaction_id: TransactionId
    payout: Payout | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """Part of a balance with one expiry (half-open; None = never expires)."""

    amount: Yen
    expires_at: Micros | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What the customer has left of one service, by lot."""

    service_name: str
    lots: tuple[Lot, ...]

    @property
    def amount(self) -> Yen:
        """The sum of the lots."""
        return Yen(sum(lot.amount for lot in self.lots))


@dataclass(frozen=True, slots=True)
class Original:
    """The one unmarked slip of a payment."""


@dataclass(frozen=True, slots=True)
class Reprint:
    """【再発行】: the ``number``-th sheet (from 2) and when it was printed."""

    number: int
    printed_at: Micros


@dataclass(frozen=True, slots=True)
class Training:
    """【練習】: play money; says so at the top, in every rule, on every leg and at the bottom."""


Mark = Original | Reprint | Training


@dataclass(frozen=True, slots=True)
class PaymentSlip:
    """ご利用票 of one payment. ``cancel_before`` is the earliest close of its legs (half-open).

    ``confirmation_code`` is 6 digits, ``seal`` the 照合印's one kanji. ``balances`` are printed on
    the customer's copy only, the legs' payouts on the shop's only.
    """

    counter: Counter
    office: Office
    paid_at: Micros
    legs: tuple[Leg, ...]
    confirmation_code: str
    seal: str
    cancel_before: Micros
    copy: Copy
    balances: tuple[Balance, ...] = ()
    source: Source = Source.SCREEN
    mark: Mark = Original()

    @property
    def total(self) -> Yen:
        """The sum of the legs."""
        return Yen(sum(leg.amount for leg in self.legs))


@dataclass(frozen=True, slots=True)
class ProvisionalSlip:
    """【仮控え】: the code was found true offline; legs, ids, balance, deadline are unknown."""

    counter: Counter
    office: Office
    paid_at: Micros
    checked_at: Micros
    amount: Yen
    sale_number: SaleNumber
    confirmation_code: str
    seal: str
    copy: Copy


class Method(enum.Enum):
    """How a printer gets its characters."""

    KANJI_ROM = "漢字ROM"
    IMAGE = "画像"


@dataclass(frozen=True, slots=True)
class PrinterFacts:
    """What the test print says of the printer: ``name`` with its connection in brackets."""

    name: str
    connection: str
    paper_mm: int
    columns: int
    dots: int
    method: Method


@dataclass(frozen=True, slots=True)
class PrinterTestSlip:
    """テスト印刷: seven questions to the person who set the printer up."""

    printed_at: Micros
    printer: PrinterFacts


class DayEvent(enum.Enum):
    """What a row of the day report is."""

    USE = "use"
    CANCEL = "cancel"
    """Cancel of a sale of the same day (取消)."""
    EARLIER_CANCEL = "earlier_cancel"
    """Cancel today of a sale of an earlier day (前取消)."""


@dataclass(frozen=True, slots=True)
class DayLeg:
    """One service's part of a row; the amount is positive for cancels too.

    ``service_id`` is one of the report's services.
    """

    service_id: str
    amount: Yen


@dataclass(frozen=True, slots=True)
class DayRow:
    """One payment or one cancel, on its own day."""

    at: Micros
    confirmation_code: str
    event: DayEvent
    legs: tuple[DayLeg, ...]


@dataclass(frozen=True, slots=True)
class DayService:
    """One service of the report, in printing order, and its pay day for this day's sales."""

    service_id: str
    service_name: str
    service_type: ServiceType
    payout: Payout | None = None


class Agreement(enum.Enum):
    """サーバーとの照合: whether the ledger has the same count and sum for this day."""

    AGREES = "一致"
    DIFFERS = "不一致"
    NOT_YET = "未照合"


@dataclass(frozen=True, slots=True)
class DaySlip:
    """日計. All counts and sums are worked out from ``rows``, so list and totals cannot differ.

    ``open_at`` is the moment of a report while the day is still open (【途中】), else None.
    Raises ValueError for a leg of a service that the report doesn't list: it would be missing
    from that service's sum.
    """

    counter: Counter
    day: dt.date
    printed_at: Micros
    services: tuple[DayService, ...]
    rows: tuple[DayRow, ...]
    checking: int
    """Sales still 確認中."""
    provisional: int
    """仮控え whose payment the ledger has not yet told."""
    agreement: Agreement
    agreed_at: Micros | None = None
    open_at: Micros | None = None

    def __post_init__(self) -> None:
        listed = {service.service_id for service in self.services}
        strange = {leg.service_id for row in self.rows for leg in row.legs} - listed
        if strange:
            raise ValueError(f"day report lists no service {', '.join(sorted(strange))}")
