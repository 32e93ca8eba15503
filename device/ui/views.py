"""What each screen is given: frozen values, the only input of a screen.

The presenter makes one view whenever the core's state changes and once a second besides, so that
clock and ages count; the window draws it in the next frame. Moving parts between two views
(waves, dots, the draining ring and bar) run by themselves from the ``Countdown`` given.

Conventions: amounts are whole yen; times of day are texts in Asia/Tokyo, ``HH:MM:SS`` where a
field says so and ``HH:MM`` otherwise; dates and sentences that the core decides come ready as
``Bilingual``; words that never change belong to ``device.ui.languages``.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from device.core.intents import CheckField
from device.core.language import Bilingual, Language
from protos.units import Yen


class Link(Enum):
    """The light in the bar."""

    ONLINE = "online"
    WEAK = "weak"
    OFFLINE = "offline"


class Mode(Enum):
    """Real money, or training (wisteria and stripes on every screen)."""

    REAL = "real"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands at the top of every screen."""

    shop: str
    terminal: str
    clock: str
    """``HH:MM:SS``; most screens draw it without the seconds."""
    link: Link
    language: Language
    mode: Mode = Mode.REAL


@dataclass(frozen=True, slots=True)
class Countdown:
    """Time that runs out: ``remaining_ms`` of ``total_ms`` at the instant the view is shown."""

    remaining_ms: int
    total_ms: int


@dataclass(frozen=True, slots=True)
class Qr:
    """The QR's text (the whole upper-case URL) and its rotation (30 s)."""

    text: str
    rotation: Countdown


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Today's payments: those that the ledger holds, without what was cancelled."""

    count: int
    amount: Yen


class LegKind(Enum):
    """A service's type, as in the ledger: 1 money, 2 points, 3 voucher."""

    MONEY = 1
    POINTS = 2
    VOUCHER = 3


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a payment, drawn from one service."""

    kind: LegKind
    amount: Yen


@dataclass(frozen=True, slots=True)
class PayDates:
    """Until when a leg of this kind can be cancelled, and when the shop gets its money.

    ``cancel_by``: e.g. ``6/7(金)まで`` / ``Fri 6/7``; ``paid_on``: ``6/18(火)`` / ``Tue 6/18``.
    """

    kind: LegKind
    cancel_by: Bilingual
    paid_on: Bilingual


# --- standby ----


class LineKind(Enum):
    """What the one line under the dates says; its tap follows from it."""

    NOTICE = "notice"
    """A notice of the operator; tap: OpenNotice."""
    UNRESOLVED = "unresolved"
    """Sales that are still 確認中; tap: OpenToday."""
    OUTCOME = "outcome"
    """How the last sale ended without money (void in the ledger); no tap."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of standby, e.g. ``6/10(月) 朝5時から点検で休止``."""

    kind: LineKind
    text: Bilingual


@dataclass(frozen=True, slots=True)
class DatesPanel:
    """Standby as it is nearly always: the pay dates of today's sales, and one line."""

    dates: tuple[PayDates, ...]
    """Voucher first; at most two are drawn."""
    line: Line | None = None


class PrinterTrouble(Enum):
    """Why slips wait."""

    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    SILENT = "silent"
    """Switched off, unplugged, or it doesn't answer."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class PrinterPanel:
    """The printer's banner; the QR stays usable under it."""

    trouble: PrinterTrouble
    waiting: int
    """Slips that wait."""


class SlipState(Enum):
    """What became of a payment's slip."""

    PRINTED = "printed"
    WAITING = "waiting"
    NONE = "none"
    """This terminal prints none."""


@dataclass(frozen=True, slots=True)
class LatePayment:
    """A payment that was learnt of late: shown as 先ほどの, never spoken as new."""

    time: str
    ago_s: int
    amount: Yen
    legs: tuple[Leg, ...]
    code: str
    """Six digits."""
    slip: SlipState


@dataclass(frozen=True, slots=True)
class LatePanel:
    """Payments not yet acknowledged, newest first; never dismissed by itself."""

    payments: tuple[LatePayment, ...]
    """All of them; the screen draws two (portrait one) and counts the rest."""


@dataclass(frozen=True, slots=True)
class StandbyView:
    """The QR for everybody, and beside it one panel."""

    bar: Bar
    qr: Qr
    today: DayTotals
    panel: DatesPanel | PrinterPanel | LatePanel


# --- amount, QR with it, claimed ----


class AmountState(Enum):
    """Whether QRを出す can be tapped, and if not, why."""

    EMPTY = "empty"
    READY = "ready"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class AmountView:
    """The keypad. The kanji reading under the amount is made by the screen."""

    bar: Bar
    amount: Yen
    """0 while empty."""
    limit: Yen
    state: AmountState


@dataclass(frozen=True, slots=True)
class QrFixedView:
    """The QR that carries the amount, until ``closes``."""

    bar: Bar
    qr: Qr
    amount: Yen
    closes: Countdown


class AmountSource(Enum):
    """Who says the amount of this sale."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class ClaimedView:
    """A phone has taken the sale; not paid yet. No QR."""

    bar: Bar
    source: AmountSource
    amount: Yen | None
    """None while the customer has entered nothing."""
    elapsed_s: int
    """Seconds since the claim."""


# --- paid ----


@dataclass(frozen=True, slots=True)
class PaidView:
    """The ledger holds this payment. The only dark screen."""

    bar: Bar
    amount: Yen
    legs: tuple[Leg, ...]
    code: str
    """Six digits."""
    seal: str
    """照合印: one kanji, by the code modulo 48; empty where the service hides it."""
    age_s: int
    """Seconds since it was shown first: 0, 1, 2 are たった今."""
    dates: Bilingual
    """One short line, e.g. ``取消は6/7(金)まで・入金6/18、ポ7/9``."""
    closes: Countdown
    """20 s, then the next screen comes by itself."""
    waiting: int = 0
    """Further payments that wait to be shown."""


# --- in doubt ----


class Doubt(Enum):
    """Why the ledger is being asked."""

    OUTCOME_UNKNOWN = "outcome_unknown"
    CANCELLING = "cancelling"
    """Staff cancelled, started over or edited; nobody knows yet whether a payment came first."""
    EXPIRED = "expired"
    """The time for paying has run out."""
    RESTARTED = "restarted"
    """The device was switched off in the middle of a sale."""


@dataclass(frozen=True, slots=True)
class CheckingView:
    """確認中: neither paid nor failed."""

    bar: Bar
    doubt: Doubt
    sale_time: str
    """``HH:MM`` of the sale's QR."""
    amount: Yen | None
    """None if the customer was to enter it and nobody knows it."""
    attempt: int
    """How often the ledger was asked, from 1."""
    next_try_s: int | None
    """Seconds until it is asked again; None while a question is under way."""


# --- offline check ----


@dataclass(frozen=True, slots=True)
class OfflineEntryView:
    """Amount and code of the offline check."""

    bar: Bar
    amount: Yen
    """0 while empty."""
    amount_fixed: bool
    """The amount was keyed in for this sale by staff; the field can't be chosen."""
    sale_time: str
    """``HH:MM`` of the QR that is checked; empty if any open sale may match."""
    code: str
    """The digits so far, 0 to 6."""
    focus: CheckField
    tries_left: int
    ready: bool
    """Amount and six digits are there: 確かめる can be tapped."""


@dataclass(frozen=True, slots=True)
class CodeTrueView:
    """The code is genuine; the ledger has not been asked yet."""

    bar: Bar
    amount: Yen
    code: str
    sale_time: str
    """``HH:MM`` of the QR that matched."""
    slip: SlipState
    """NONE: 控えを印刷 is offered; WAITING or PRINTED: it says so instead."""


class Mismatch(Enum):
    """Why a code was refused."""

    NO_MATCH = "no_match"
    ALREADY_USED = "already_used"
    """使用済み: this code has been accepted before."""


@dataclass(frozen=True, slots=True)
class CodeFalseView:
    """The code was refused."""

    bar: Bar
    mismatch: Mismatch
    amount: Yen
    code: str
    """The six digits as entered."""
    tries_left: int


@dataclass(frozen=True, slots=True)
class LockedView:
    """The check is locked after five misses (the sales are not)."""

    bar: Bar
    unlocks: Countdown


# --- today ----


class RowState(Enum):
    """The chip of a row."""

    PAID = "paid"
    LATE = "late"
    CANCELLED = "cancelled"
    CHECKING = "checking"
    CODE_GENUINE = "code_genuine"
    """By the offline check only; the ledger has yet to say so."""


@dataclass(frozen=True, slots=True)
class TodayRow:
    """One payment of today in the list."""

    time: str
    amount: Yen | None
    legs: tuple[Leg, ...]
    """Empty while unknown."""
    state: RowState


@dataclass(frozen=True, slots=True)
class Detail:
    """The selected payment."""

    state: RowState
    time: str
    """``HH:MM:SS``."""
    amount: Yen | None
    legs: tuple[Leg, ...]
    code: str
    """Six digits, or empty while unknown."""
    dates: tuple[PayDates, ...]
    """Of the legs it has."""
    reprint: bool
    """It has a slip that can be printed again."""


ROWS_LANDSCAPE = 5
ROWS_PORTRAIT = 9


def rows_per_page(width: int, height: int) -> int:
    """How many rows of the list a window of this size shows on one page."""
    return ROWS_LANDSCAPE if width > height else ROWS_PORTRAIT


@dataclass(frozen=True, slots=True)
class TodayView:
    """The list of today's payments, one page of it, newest first."""

    bar: Bar
    date: Bilingual
    today: DayTotals
    rows: tuple[TodayRow, ...]
    """This page only: at most ``rows_per_page`` of the window."""
    page: int
    """From 1."""
    pages: int
    selected: int | None
    """Index on this page. Portrait shows the detail as a page of its own while it is set."""
    detail: Detail | None
    note: Bilingual | None = None
    """What just happened, e.g. the day report is being printed."""


# --- network, menu, notice, out of service ----


class Part(Enum):
    """A link or part of the device, in the order of the screen."""

    CABLE = "cable"
    WIFI = "wifi"
    MOBILE = "mobile"
    SERVER = "server"
    MESSAGES = "messages"
    CLOCK = "clock"
    PRINTER = "printer"
    PAPER = "paper"


class PartLight(Enum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"
    OFF = "off"
    UNKNOWN = "unknown"
    """Not asked yet, or the part doesn't tell: never shown as fine."""


@dataclass(frozen=True, slots=True)
class PartRow:
    """One card: a light, a sentence in plain words, and a value or a signal strength."""

    part: Part
    light: PartLight
    sentence: Bilingual
    value: Bilingual | None = None
    """E.g. ``48 ms``, ``差 0.2秒``."""
    bars: int | None = None
    """Signal strength 0 to 4, drawn instead of the value."""


@dataclass(frozen=True, slots=True)
class NetworkView:
    """通信と機器."""

    bar: Bar
    parts: tuple[PartRow, ...]
    """At most eight."""
    probing: bool
    """A check is under way."""


@dataclass(frozen=True, slots=True)
class MenuView:
    """What staff need now and then."""

    bar: Bar
    today: DayTotals
    notices: int
    """How many notices can be read."""
    note: Bilingual | None = None
    """What just happened, e.g. the day report is being printed."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice of the operator in full."""

    bar: Bar
    title: Bilingual
    body: Bilingual
    """Paragraphs separated by newlines; the screen breaks the lines."""
    published: Bilingual
    """Date, e.g. ``6月3日(月)``."""
    page: int
    """From 1, newest first."""
    pages: int


@dataclass(frozen=True, slots=True)
class OutOfServiceView:
    """No QR: not enrolled, no plausible clock, certificate expired, stopped by the operator."""

    bar: Bar
    """``shop`` may be empty before enrolment."""
    reason: Bilingual
    """One sentence for the shop."""
    code: str
    """Short code for the call centre, e.g. ``E-31``."""
    contact: Bilingual
    """Call centre, e.g. ``コールセンター 0120-000-000（9〜18時）``; may be empty."""
    today: DayTotals | None
    """What is safe; None where nothing was taken today or nobody knows."""


View: TypeAlias = (
    StandbyView
    | AmountView
    | QrFixedView
    | ClaimedView
    | PaidView
    | CheckingView
    | OfflineEntryView
    | CodeTrueView
    | CodeFalseView
    | LockedView
    | TodayView
    | NetworkView
    | MenuView
    | NoticeView
    | OutOfServiceView
)
