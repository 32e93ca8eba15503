"""What a terminal is configured with, and the version that names exactly that.

The version is a hash of everything in it: equal configurations have one version on every server
process, and nothing has to be counted. It changes at each close, because schedules are "of now".
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date

from protos.units import Micros, TerminalId, Yen
from server.directory import ServiceId, ServiceKind, ShopId


@dataclass(frozen=True, slots=True)
class ServiceSchedule:
    """For a sale of now: when it closes, and when the shop is paid."""

    service_id: ServiceId
    name_ja: str
    kind: ServiceKind
    closes_at: Micros
    pay_day: date


@dataclass(frozen=True, slots=True)
class Notice:
    """What the operator tells the counters."""

    notice_id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """What is the same for every terminal of a server: settings."""

    wallet_host: str
    """Host and port in the QR's URL."""
    wallet_scheme: str
    amount_limit: Yen
    slip_copies: int
    office_name: str
    office_phone: str


@dataclass(frozen=True, slots=True)
class TerminalConfiguration:
    """Everything that a counter terminal is told from here."""

    shop_id: ShopId
    shop_name: str
    terminal_name: str
    facts: OperatorFacts
    schedules: tuple[ServiceSchedule, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def version(self) -> str:
        """16 hexadecimal digits that change with any of it."""
        text = json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


ConfigurationSource = Callable[[TerminalId], Awaitable[TerminalConfiguration]]
"""The configuration of a terminal now. Raises FleetRefused for one that is not there."""
