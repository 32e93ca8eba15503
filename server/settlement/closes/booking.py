"""The close's own entry in the ledger: it moves nothing, and the chain holds all of the close."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from protos.units import Micros
from server.db import DatabaseKind
from server.db.schema import closes as t
from server.db.sets import Inserter
from server.ledger import (
    OPERATOR,
    Accept,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LaneRange,
    LedgerClock,
    Operation,
    OwnerKey,
    Poster,
    Postponed,
    WalletsOnly,
    open_lane,
)
from server.settlement.closes.layout import close_subject
from server.settlement.closes.types import Close, ShopSum

LANE: Final = "closes"


@dataclass(frozen=True, slots=True)
class CloseCommand(WalletsOnly):
    """A close with everything in it but the instant at which it is booked."""

    close: Close
    lanes: tuple[LaneRange, ...]
    sums: tuple[ShopSum, ...]

    @property
    def owner(self) -> OwnerKey:
        return OPERATOR


class _CloseRules:
    """``PostingRules``: always booked; the caller holds every lane, so nobody is faster."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._closes = Inserter(kind, t.closes)
        self._lanes = Inserter(kind, t.close_lanes)
        self._shops = Inserter(kind, t.close_shops)

    def locks(self, command: CloseCommand) -> CloseCommand:
        return command

    def load(
        self, connection: Connection, commands: Sequence[CloseCommand], instant: Micros
    ) -> None:
        return None

    def decide(
        self, books: Books, state: None, command: CloseCommand, instant: Micros
    ) -> Accept[CloseCommand] | Decline[Close]:
        subject = close_subject(command.close, command.lanes, command.sums)
        return Accept(EntryDraft(command.close.close_id, Operation.CLOSE, subject, ()), command)

    def note(
        self, state: None, command: CloseCommand, decision: Accept[CloseCommand] | Decline[Close]
    ) -> None:
        """One command a batch: nobody comes later."""

    def write(
        self,
        connection: Connection,
        state: None,
        booked: Sequence[Booked[CloseCommand]],
        instant: Micros,
    ) -> bool:
        for one in booked:
            command = one.draft.row
            self._closes.insert(connection, [_close_row(_done(one))])
            close_id = command.close.close_id
            lanes = [(close_id, r.lane, r.after, r.until) for r in command.lanes]
            self._lanes.insert(connection, lanes)
            self._shops.insert(connection, [(close_id, *_shop_row(s)) for s in command.sums])
        return True

    def answer(self, booked: Booked[CloseCommand]) -> Close:
        return _done(booked)


def open_close_lane(connection: Connection) -> None:
    """Made with the first close; before the lanes are locked, so that it is among them."""
    open_lane(connection, LANE)


def book_close(connection: Connection, command: CloseCommand, clock: LedgerClock) -> Close:
    """Write it, with its entry, into the caller's transaction, which holds every lane."""
    kind = DatabaseKind(connection.dialect.name)
    poster = Poster(kind, _CloseRules(kind), open_lane(connection, LANE), clock)
    (close,) = poster.post(connection, (command,))
    assert not isinstance(close, Postponed), "the operator has no wallet that could be busy"
    return close


def _done(booked: Booked[CloseCommand]) -> Close:
    return replace(booked.draft.row.close, closed_at=booked.booking.instant)


def _close_row(close: Close) -> tuple[Any, ...]:
    return (
        close.close_id,
        close.service_id,
        close.number,
        close.first_day.isoformat(),
        close.last_day.isoformat(),
        close.boundary,
        close.pay_day.isoformat(),
        close.terms_version,
        close.closed_at,
    )


def _shop_row(one: ShopSum) -> tuple[Any, ...]:
    return (
        one.shop_id,
        one.account,
        one.used,
        one.used_count,
        one.cancelled,
        one.cancelled_count,
    )
