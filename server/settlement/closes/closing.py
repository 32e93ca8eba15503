"""Ending periods (締め処理): a preview, one close, and all that are due.

Safe against a second operator or server at the same instant: whoever comes second waits for the
lanes and finds the close that is there. Safe against a crash: a close is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, Yen
from server.campaigns import Period, Terms, all_terms, next_period, terms_of
from server.campaigns.bulk import unfinished
from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.clock import tokyo_time
from server.db import Database, new_public_id
from server.db.streams import long_snapshot
from server.directory import ServiceId
from server.ledger import HeadKey, LedgerClock, lock_lanes, raise_floors, sign_heads
from server.oversight import Act, record_act
from server.payments import OpenSales, open_sales
from server.settlement.closes import refusals as refuse
from server.settlement.closes.booking import CloseCommand, book_close, open_close_lane
from server.settlement.closes.measuring import Measured, measure, sums_of
from server.settlement.closes.reads import close_numbered, last_close
from server.settlement.closes.types import Close, CloseId, ShopSum

SERVER: Final = "choba-server"
"""Who acts when nobody does: the server by its timer."""
BY_TIMER: Final = "締め処理（自動）"
_LONGEST_WHY: Final = 500


@dataclass(frozen=True, slots=True)
class ClosePreview:
    """What the next close of a service would end, as of ``now``."""

    service_id: ServiceId
    number: int
    period: Period
    now: Micros
    sums: tuple[ShopSum, ...]
    """What the close will say once its period is over; until then, what there is so far."""
    sales: OpenSales
    unfinished_files: int
    """Files of grants that are confirmed and not all booked; they change no shop's sum."""
    due: int
    """Closes that can be made now, this one among them; they are made in order."""

    @property
    def is_over(self) -> bool:
        return self.now >= self.period.closes_at

    @property
    def used(self) -> Yen:
        return Yen(sum(one.used for one in self.sums))

    @property
    def cancelled(self) -> Yen:
        return Yen(sum(one.cancelled for one in self.sums))


@dataclass(frozen=True, slots=True)
class Closed:
    """A close, and whether it was there already."""

    close: Close
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Next:
    """The period that comes next, and what stands before it."""

    before: Close | None
    period: Period

    @property
    def number(self) -> int:
        return _number_after(self.before)


@dataclass(frozen=True, slots=True)
class _Order:
    """One close that somebody wants, with what was measured of it before the locks."""

    close_id: CloseId
    service: ServiceId
    number: int
    measured: Measured
    by: str
    why: str


class CloseDesk:
    """Blocking; for any number of threads and server processes at once.

    What is refused raises ``Refusal`` with a ``CloseCode`` and has changed nothing.
    ``LedgerUnavailable``: the outcome is unknown, ask for the same close again.
    """

    def __init__(
        self,
        database: Database,
        ledger_clock: LedgerClock,
        key: HeadKey,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        """``ledger_clock`` decides whether a period is over; ``key`` signs the lanes' heads."""
        self._database = database
        self._clock = ledger_clock
        self._key = key
        self._checkpoint = checkpoint

    def preview(self, service: ServiceId) -> ClosePreview:
        """Changes nothing. Raises Refusal: SERVICE_UNKNOWN, NOTHING_LEFT."""
        return self._database.read_now(partial(self._preview, service=service))

    def close(self, service: ServiceId, number: int, *, by: str, why: str) -> Closed:
        """End that period of a service for good; asked again, the same close.

        Raises Refusal: SERVICE_UNKNOWN, NOT_YET (names when), ORDER, NOTHING_LEFT, WHY_MISSING.
        """
        if not why.strip() or len(why) > _LONGEST_WHY:
            raise refuse.why_missing(_LONGEST_WHY)
        measured = self._database.read_now(partial(self._measure, service=service, number=number))
        if isinstance(measured, Close):
            return Closed(measured, repeated=True)
        order = _Order(CloseId(new_public_id()), service, number, measured, by, why)
        self._checkpoint(Checkpoint.CLOSE_BEFORE_LOCK)
        close = self._database.write_now(partial(self._close, order=order), repeatable=True)
        self._checkpoint(Checkpoint.CLOSE_AFTER_COMMIT)
        return Closed(close, repeated=close.close_id != order.close_id)

    def close_due(self, service: ServiceId, *, by: str, why: str) -> tuple[Close, ...]:
        """Every close of a service that is due, in order; those that this call made."""
        made = []
        while (number := self._database.read_now(partial(self._due, service=service))) is not None:
            closed = self.close(service, number, by=by, why=why)
            if not closed.repeated:
                made.append(closed.close)
        return tuple(made)

    def agenda(self) -> tuple[dict[ServiceId, Micros], Micros]:
        """When the next close of each service falls due, also where it was due already, and the
        time by the clock that decides. Services with nothing left to close are not there."""
        return self._database.read_now(lambda c: (_next_boundaries(c), self._clock(c)))

    def _preview(self, connection: Connection, service: ServiceId) -> ClosePreview:
        long_snapshot(connection)
        now = self._clock(connection)
        versions = _terms(connection, service)
        coming = _next(connection, service, versions)
        measured = measure(connection, service, coming.before, coming.period.closes_at)
        return ClosePreview(
            service,
            coming.number,
            coming.period,
            now,
            sums_of(connection, measured),
            open_sales(connection, now),
            len(unfinished(connection)),
            _count_due(versions, coming.period, now),
        )

    def _due(self, connection: Connection, service: ServiceId) -> int | None:
        before = last_close(connection, service)
        period = next_period(_terms(connection, service), _boundary(before))
        if period is None or self._clock(connection) < period.closes_at:
            return None
        return _number_after(before)

    def _measure(self, connection: Connection, service: ServiceId, number: int) -> Close | Measured:
        """Read the long range while everybody goes on paying; a close that is there already."""
        long_snapshot(connection)
        coming = self._coming(connection, service, number)
        if isinstance(coming, Close):
            return coming
        return measure(connection, service, coming.before, coming.period.closes_at)

    def _coming(self, connection: Connection, service: ServiceId, number: int) -> Close | _Next:
        """The close of that number, or the period that it may end now. Raises Refusal."""
        versions = _terms(connection, service)
        done = close_numbered(connection, service, number)
        if done is not None:
            return done
        coming = _next(connection, service, versions)
        if number != coming.number:
            raise refuse.out_of_order(number, coming.number)
        if self._clock(connection) < coming.period.closes_at:
            raise refuse.not_yet(number, coming.period.closes_at)
        return coming

    def _close(self, connection: Connection, order: _Order) -> Close:
        open_close_lane(connection)
        lock_lanes(connection)
        self._checkpoint(Checkpoint.CLOSE_AFTER_LOCK)
        # nobody closes, posts or changes a schedule from here on: what is read now decides
        coming = self._coming(connection, order.service, order.number)
        if isinstance(coming, Close):
            return coming
        boundary = coming.period.closes_at
        raise_floors(connection, boundary)
        measured = measure(connection, order.service, coming.before, boundary, order.measured)
        self._checkpoint(Checkpoint.CLOSE_AFTER_CUT)
        command = CloseCommand(
            _drafted(order, coming.period), measured.ranges(), sums_of(connection, measured)
        )
        close = book_close(connection, command, self._clock)
        self._checkpoint(Checkpoint.CLOSE_AFTER_INSERT)
        sign_heads(connection, self._key, close.closed_at)
        record_act(connection, _act(order, close, command.sums))
        self._checkpoint(Checkpoint.CLOSE_BEFORE_COMMIT)
        return close


def _terms(connection: Connection, service: ServiceId) -> tuple[Terms, ...]:
    versions = terms_of(connection, service)
    if not versions:
        raise refuse.service_unknown(service)
    return versions


def _next(connection: Connection, service: ServiceId, versions: Sequence[Terms]) -> _Next:
    before = last_close(connection, service)
    period = next_period(versions, _boundary(before))
    if period is None:
        raise refuse.nothing_left(service, 0 if before is None else before.number)
    return _Next(before, period)


def _boundary(before: Close | None) -> Micros | None:
    return None if before is None else before.boundary


def _number_after(before: Close | None) -> int:
    return 1 if before is None else before.number + 1


def _count_due(versions: Sequence[Terms], period: Period | None, now: Micros) -> int:
    count = 0
    while period is not None and period.closes_at <= now:
        count += 1
        period = next_period(versions, period.closes_at)
    return count


def _next_boundaries(connection: Connection) -> dict[ServiceId, Micros]:
    found = {}
    for service in sorted({terms.service_id for terms in all_terms(connection)}):
        before = last_close(connection, service)
        period = next_period(terms_of(connection, service), _boundary(before))
        if period is not None:
            found[service] = period.closes_at
    return found


def _drafted(order: _Order, period: Period) -> Close:
    return Close(
        order.close_id,
        order.service,
        order.number,
        period.first_day,
        period.last_day,
        period.closes_at,
        period.pay_day,
        period.terms_version,
        Micros(0),  # the ledger says when
    )


def _act(order: _Order, close: Close, sums: Sequence[ShopSum]) -> Act:
    return Act(
        order.by,
        "close.run",
        close.close_id,
        order.why,
        close.closed_at,
        {
            "service": close.service_id,
            "number": close.number,
            "boundary": tokyo_time(close.boundary).isoformat(),
            "pay_day": close.pay_day.isoformat(),
            "shops": len(sums),
            "used": sum(one.used for one in sums),
            "cancelled": sum(one.cancelled for one in sums),
        },
    )
