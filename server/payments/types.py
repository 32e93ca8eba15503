"""What the desk takes and gives: frozen values, whole yen, microseconds UTC."""

from dataclasses import dataclass
from datetime import date
from enum import Enum, IntEnum, StrEnum

from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalId,
    TerminalNumber,
    TransactionId,
    UserId,
    Yen,
)
from server.directory import ServiceId, ServiceKind, ShopId


class SaleKind(IntEnum):
    """Where the customer scanned: the screen of a device, or a printed stand."""

    DYNAMIC = 1
    STAND = 2


class AgainOnStand(Enum):
    """Whether the customer has said that the same payment on the same stand is a new one."""

    NOT_SAID = 0
    CONFIRMED = 1


class ResolveMode(Enum):
    """ASK only asks; VOID writes "void" unless the sale is paid already."""

    ASK = 1
    VOID = 2


class SaleState(Enum):
    """What the ledger holds of a sale: nothing yet, or one of its two final outcomes."""

    OPEN = 1
    PAID = 2
    VOID = 3


class ClaimState(Enum):
    CLAIMED = 1
    RELEASED = 2


class ClaimEnd(StrEnum):
    """Why a claim ended."""

    PAID = "paid"
    RELEASED = "released"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """The same customer went on to another sale."""
    VOIDED = "voided"
    """Staff took the sale back."""


@dataclass(frozen=True, slots=True)
class SaleOffer:
    """A genuine, fresh QR, before anybody has signed in. Making one changed nothing."""

    ticket: str
    """Signed scan ticket, URL-safe ASCII, about 70 characters; give it back as it is."""
    kind: SaleKind
    shop_id: ShopId
    shop_name_ja: str
    shop_name_en: str
    terminal_id: TerminalId
    terminal_name_ja: str
    terminal_name_en: str
    amount: Yen
    """0: the customer enters it."""
    expires_at: Micros
    """Nothing can be paid with this ticket from here on."""


@dataclass(frozen=True, slots=True)
class LegRequest:
    """Part of a payment that one service covers."""

    service_id: ServiceId
    amount: Yen


@dataclass(frozen=True, slots=True)
class Claim:
    """The sale is this customer's for now; the counter shows so."""

    ticket: str
    amount: Yen
    """0 while nothing is entered."""
    expires_at: Micros
    """At most 90 s after the first claim; a newer amount does not lengthen it."""


@dataclass(frozen=True, slots=True)
class LotBalance:
    """Part of a balance that expires together."""

    amount: Yen
    last_day: date
    """The last day in Japan on which it can be used."""


@dataclass(frozen=True, slots=True)
class ServiceBalance:
    """What a customer holds of one service, lots in the order in which they are spent."""

    service_id: ServiceId
    name_ja: str
    name_en: str
    kind: ServiceKind
    amount: Yen
    lots: tuple[LotBalance, ...]
    usable_from: Micros
    usable_until: Micros
    """Exclusive: the first instant at which it can no longer be used."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A proposed split. Two quotes of the same state are equal; nothing is reserved."""

    amount: Yen
    legs: tuple[LegRequest, ...]
    """Earliest expiry first, points before vouchers where they expire together; no zero legs."""
    short: Yen
    """What is missing; 0 when the legs reach the amount."""
    usable: tuple[ServiceBalance, ...]
    """What could be used here and now: the limits of the split."""


@dataclass(frozen=True, slots=True)
class PaymentLeg:
    """One transaction (取引) of a payment."""

    transaction_id: TransactionId
    service_id: ServiceId
    name_ja: str
    name_en: str
    kind: ServiceKind
    amount: Yen
    before: Yen
    after: Yen
    """The customer's balance of this service before and after."""
    closes_at: Micros
    """Scheduled instant of the close; the leg can be cancelled before it."""
    pay_day: date
    """Day on which the shop receives the money."""
    balance_after: tuple[LotBalance, ...]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that the ledger holds. It exists from the commit on and never changes; taken back
    it stands beside its cancel."""

    payment_id: PaymentId
    user_id: UserId
    kind: SaleKind
    terminal_number: TerminalNumber
    """The terminal whose QR was scanned: the device's, or the stand's own."""
    terminal_id: TerminalId
    terminal_name_ja: str
    terminal_name_en: str
    shop_id: ShopId
    shop_name_ja: str
    shop_name_en: str
    sale_number: SaleNumber
    """0 on a stand."""
    amount: Yen
    legs: tuple[PaymentLeg, ...]
    paid_at: Micros
    announced_to: TerminalNumber | None
    """The device that announces it: itself, or the stand's home device; None without one."""
    sequence: Sequence
    """Gapless per announcing device, from 1, in order of commit; 0 without one."""
    confirmation_code: str
    cancel_until: Micros
    """The earliest close of its legs."""
    cancelled_at: Micros | None = None
    """Set when it was taken back; all its legs are."""


@dataclass(frozen=True, slots=True)
class Paid:
    """The answer to a payment that is in the books."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class NotKnown:
    """No answer is stored under this key: send the same request again."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Payments of one customer, newest first."""

    payments: tuple[Payment, ...]
    next_cursor: str
    """Empty at the end."""


@dataclass(frozen=True, slots=True)
class SaleResolution:
    """What the ledger says of a sale, for the terminal that showed it."""

    state: SaleState
    payment: Payment | None
    """Set when paid."""
    decided_at: Micros | None
    """Instant of the payment or of the void; None while open."""


@dataclass(frozen=True, slots=True)
class PaymentsPage:
    """Announcements of one device in order of sequence, without a gap."""

    payments: tuple[Payment, ...]
    last_sequence: Sequence
    """The highest sequence that the ledger has given to this device."""
    resumes_after: Sequence = Sequence(0)
    """Above 0: after these payments nothing stands up to here, and nothing ever will."""


@dataclass(frozen=True, slots=True)
class ServiceTotal:
    """One service on one day at one terminal, as the day report (日計) adds up."""

    service_id: ServiceId
    name_ja: str
    name_en: str
    kind: ServiceKind
    use_amount: Yen
    use_count: int
    cancel_amount: Yen
    cancel_count: int


@dataclass(frozen=True, slots=True)
class DayTotals:
    day: date
    services: tuple[ServiceTotal, ...]
    last_sequence: Sequence


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """For the counter's screen: who holds a sale. Sent after the commit, may be lost."""

    terminal_number: TerminalNumber
    terminal_id: TerminalId
    sale_number: SaleNumber
    state: ClaimState
    amount: Yen
    """0: not entered yet."""
    expires_at: Micros
    revision: int
    """Rises per terminal; a device ignores an older one."""


@dataclass(frozen=True, slots=True)
class AnnouncementId:
    """Names one row of the outbox."""

    terminal_number: TerminalNumber
    sequence: Sequence


@dataclass(frozen=True, slots=True)
class Announcement:
    """A committed payment that its device has to be told of."""

    announcement_id: AnnouncementId
    terminal_id: TerminalId
    """Of the announcing device: the topic's name."""
    payment: Payment
