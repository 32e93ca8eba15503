"""The counter's whole state: frozen values, changed only by ``counter.transition``.

What must survive a power cut is in the journal too (``records``); the rest is of this run only.
Times: ``Micros`` are wall clock (stored, shown), ``MonoMs`` monotonic (durations in this run).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from device.core.configuration import Configuration
from device.core.japan_time import MonoMs
from device.core.outgoing import OutgoingEvent
from device.core.page_data import Lockout, Navigation
from device.core.printing_data import Printing
from device.core.sale_data import EndingNote, Qr, Sale
from device.core.telling_data import Announcing, KnownPayment
from protos.keys import TerminalKeys
from protos.units import Micros, SaleNumber, Sequence, TerminalId, TerminalNumber


@dataclass(frozen=True, slots=True)
class Identity:
    """This enrolment of the terminal. The keys show nothing in a repr."""

    terminal_id: TerminalId
    terminal: TerminalNumber
    ledger_id: str
    keys: TerminalKeys


class Clock(StrEnum):
    """Whether the wall clock can be believed (RTC or a sync since boot)."""

    PLAUSIBLE = "plausible"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class Now:
    """The instant of the last Tick. ``wall`` is corrected by the last sync with the server."""

    wall: Micros = Micros(0)
    mono: MonoMs = MonoMs(0)
    clock: Clock = Clock.IMPLAUSIBLE


class LinkState(StrEnum):
    """A link to the server or the broker."""

    UP = "up"
    DOWN = "down"
    REFUSED = "refused"
    """The other side answered and will not have this terminal (certificate, blocked)."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links as the runners last reported them."""

    server: LinkState = LinkState.DOWN
    server_since: MonoMs = MonoMs(0)
    server_reason: str = ""
    round_trip_ms: int | None = None
    broker: LinkState = LinkState.DOWN
    broker_since: MonoMs = MonoMs(0)
    broker_reason: str = ""


class Part(StrEnum):
    """A part that a runner probes and reports by itself."""

    CABLE = "cable"
    WIFI = "wifi"
    MOBILE = "mobile"
    CLOCK = "clock"
    SPEAKER = "speaker"


class Health(StrEnum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part: health, and a number in the part's unit (signal 0–4; clock: ms off)."""

    part: Part
    health: Health
    value: int | None = None
    name: str = ""
    """A name to show, e.g. the carrier's."""


@dataclass(frozen=True, slots=True)
class Received:
    """Which sequences are in the journal: all up to ``contiguous``, and some above a gap."""

    contiguous: Sequence = Sequence(0)
    above: frozenset[Sequence] = frozenset()


@dataclass(frozen=True, slots=True)
class Pulling:
    """Asking for payments after a sequence."""

    under_way_since: MonoMs | None = None
    next_at: MonoMs = MonoMs(0)
    after: Sequence = Sequence(0)
    """What the pull under way asked for."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Events that the server does not have yet, oldest first, and the push under way."""

    pending: tuple[OutgoingEvent, ...] = ()
    under_way_since: MonoMs | None = None
    next_at: MonoMs = MonoMs(0)


class OutOfService(StrEnum):
    """Why there is no QR; the value is the code for the call centre."""

    STARTING = "E-01"
    NOT_ENROLLED = "E-11"
    NO_CONFIGURATION = "E-12"
    CLOCK = "E-21"
    REFUSED = "E-31"
    JOURNAL_FULL = "E-41"
    JOURNAL_FAILED = "E-42"


@dataclass(frozen=True, slots=True)
class State:
    """The counter. ``rows`` is how many rows the list shows on one page of this window."""

    rows: int = 5
    now: Now = Now()
    booted: bool = False
    booted_at: Micros = Micros(0)
    """Wall time of this boot; what was committed before it is late."""
    told_from: Micros = Micros(0)
    """When this journal began: payments committed before it are listed only."""
    identity: Identity | None = None
    configuration: Configuration | None = None
    journal_trouble: OutOfService | None = None
    journal_retry_at: MonoMs = MonoMs(0)
    links: Links = Links()
    parts: tuple[PartStatus, ...] = ()
    probing: bool = False
    current: SaleNumber | None = None
    """The sale in front: shown, claimed or in doubt on the screen."""
    sales: tuple[Sale, ...] = ()
    """Those that are not final, ascending; final ones leave."""
    last_sale: SaleNumber = SaleNumber(0)
    qr: Qr | None = None
    ending: EndingNote | None = None
    payments: tuple[KnownPayment, ...] = ()
    """Of today, and older ones that still need staff or the printer; by instant of commit."""
    received: Received = Received()
    pulling: Pulling = Pulling()
    announcing: Announcing = field(default_factory=Announcing)
    printing: Printing = field(default_factory=Printing)
    lockout: Lockout = field(default_factory=Lockout)
    outbox: Outbox = Outbox()
    navigation: Navigation = field(default_factory=Navigation)
    alarms: tuple[str, ...] = ()
    """Stable codes of what must not happen and did; pushed to the operator as events."""
