"""A service's terms: when it can be used, how it closes. A change is a new version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, insert, select

from protos.units import Micros
from server.campaigns.schedule import Closing, Schedule, stored_schedule
from server.campaigns.schedule_refusals import no_boundary
from server.clock import tokyo_day, tokyo_time
from server.db.schema import campaigns as t
from server.directory import ServiceId

NEVER: Final = Micros(2**63 - 1)


@dataclass(frozen=True, slots=True)
class Terms:
    """``usable_from`` to ``usable_until`` is half-open: at ``usable_until`` it is over."""

    service_id: ServiceId
    version: int
    valid_from: Micros
    usable_from: Micros
    usable_until: Micros
    schedule: Schedule
    legal_basis: str
    """Payment Services Act, article 4: "local-government" or "six-months"; "" warns."""
    payer_name: str
    """The name on the shop's bank line."""

    def closing(self, instant: Micros) -> Closing:
        """Close and pay day of a sale committed at ``instant``."""
        return self.schedule.closing(instant)


def add_terms(connection: Connection, terms: Terms) -> None:
    """Raises IntegrityError when that version is there already, Refusal
    (CHOBA_SCHEDULE_NO_BOUNDARY) when its schedule would cut a period in two.
    """
    check_change(terms_of(connection, terms.service_id), terms)
    connection.execute(
        insert(t.service_terms).values(
            service_id=terms.service_id,
            version=terms.version,
            valid_from=terms.valid_from,
            usable_from=terms.usable_from,
            usable_until=terms.usable_until,
            close_rule=str(terms.schedule.close),
            pay_rule=str(terms.schedule.pay),
            on_holiday=terms.schedule.on_holiday.value,
            legal_basis=terms.legal_basis,
            payer_name=terms.payer_name,
        )
    )


def terms_at(connection: Connection, instant: Micros) -> dict[ServiceId, Terms]:
    """Each service's newest version that is valid at ``instant``."""
    return valid_at(all_terms(connection), instant)


def all_terms(connection: Connection) -> tuple[Terms, ...]:
    """Every version of every service's terms, in the order of versions."""
    return tuple(_terms(row) for row in connection.execute(_ALL))


def terms_of(connection: Connection, service: ServiceId) -> tuple[Terms, ...]:
    """Every version of a service's terms, oldest first."""
    rows = connection.execute(_ALL.where(t.service_terms.c.service_id == service))
    return tuple(_terms(row) for row in rows)


def valid_at(versions: Iterable[Terms], instant: Micros) -> dict[ServiceId, Terms]:
    """Of ``all_terms``: each service's newest version that is valid at ``instant``."""
    return {terms.service_id: terms for terms in versions if terms.valid_from <= instant}


def next_change(versions: Iterable[Terms], instant: Micros) -> Micros:
    """The first instant after ``instant`` at which a version takes effect; ``NEVER`` for none."""
    later = [terms.valid_from for terms in versions if terms.valid_from > instant]
    return min(later, default=NEVER)


@dataclass(frozen=True, slots=True)
class Span:
    """When a version of the terms is in force and lets the service be used: half-open."""

    since: Micros
    until: Micros
    terms: Terms


def usable_spans(versions: Sequence[Terms]) -> tuple[Span, ...]:
    """Of one service's versions, in their order: when it can be used, and by which; by time."""
    spans = []
    for number, terms in enumerate(versions):
        later = (newer.valid_from for newer in versions[number + 1 :])
        since = max(terms.valid_from, terms.usable_from)
        until = min((terms.usable_until, *later))
        if since < until:
            spans.append(Span(Micros(since), Micros(until), terms))
    return tuple(sorted(spans, key=lambda span: span.since))


def check_change(versions: Sequence[Terms], new: Terms) -> None:
    """A schedule may change only where a period ends: no instant in two periods, or in none.

    ``versions``: the service's terms so far. Raises Refusal (CHOBA_SCHEDULE_NO_BOUNDARY).
    """
    before = valid_at(versions, Micros(new.valid_from - 1)).get(new.service_id)
    if before is None or before.schedule == new.schedule:
        return
    cut = before.closing(Micros(new.valid_from - 1))
    if cut.closes_at == new.valid_from:
        return
    if any(s.since < new.valid_from and s.until > cut.opens_at for s in usable_spans(versions)):
        wanted = f"{tokyo_time(new.valid_from):%Y-%m-%d %H:%M}"
        raise no_boundary(wanted, tokyo_day(cut.closes_at))


_ALL: Final[Select[Any]] = select(t.service_terms).order_by(
    t.service_terms.c.service_id, t.service_terms.c.version
)


def _terms(row: Any) -> Terms:
    return Terms(
        ServiceId(row.service_id),
        row.version,
        Micros(row.valid_from),
        Micros(row.usable_from),
        Micros(row.usable_until),
        stored_schedule(row.close_rule, row.pay_rule, row.on_holiday),
        row.legal_basis,
        row.payer_name,
    )
