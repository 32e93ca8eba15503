"""What a terminal is configured with, and the version that names exactly that.

The version is a hash of everything in it: equal configurations have one version on every server
process, and nothing has to be counted. It changes at each close, because schedules are "of now".
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection

from protos.units import Micros, TerminalId, Yen
from server.campaigns import Terms, terms_at
from server.clock import Clock
from server.db import Database
from server.directory import (
    Service,
    ServiceId,
    ServiceKind,
    ShopId,
    services,
    services_of_shop,
    shop_by_id,
    terminal_by_id,
)
from server.fleet.refusals import FleetReason, FleetRefused


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


class ConfigurationReader:
    """Puts a terminal's configuration together from directory, terms and settings."""

    def __init__(self, database: Database, facts: OperatorFacts, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._clock = clock

    async def __call__(self, terminal: TerminalId) -> TerminalConfiguration:
        """The configuration now. Refused: TERMINAL_UNKNOWN."""
        now = self._clock()
        return await self._database.read(lambda c: self._read(c, terminal, now))

    def _read(
        self, connection: Connection, terminal_id: TerminalId, now: Micros
    ) -> TerminalConfiguration:
        terminal = terminal_by_id(connection, terminal_id)
        shop = shop_by_id(connection, terminal.shop_id) if terminal is not None else None
        if terminal is None or shop is None:
            raise FleetRefused(FleetReason.TERMINAL_UNKNOWN)
        taken = set(services_of_shop(connection, shop.shop_id))
        terms = terms_at(connection, now)
        return TerminalConfiguration(
            shop_id=shop.shop_id,
            shop_name=shop.name_ja,
            terminal_name=terminal.name_ja,
            facts=self._facts,
            schedules=tuple(
                _schedule(service, terms[service.service_id], now)
                for service in services(connection)
                if service.service_id in taken and _is_usable(terms.get(service.service_id), now)
            ),
        )


def _is_usable(terms: Terms | None, now: Micros) -> bool:
    return terms is not None and terms.usable_from <= now < terms.usable_until


def _schedule(service: Service, terms: Terms, now: Micros) -> ServiceSchedule:
    closing = terms.closing(now)
    return ServiceSchedule(
        service.service_id, service.name_ja, service.kind, closing.closes_at, closing.pay_day
    )


ConfigurationSource = Callable[[TerminalId], Awaitable[TerminalConfiguration]]
"""The configuration of a terminal now. Raises FleetRefused for one that is not there."""
