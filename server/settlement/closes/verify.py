"""Proof that closes are whole: computed again from the ledger, and held against the payments.

Four things that don't know each other must agree: the rows of a close, its entry in the chain, the
postings of its ranges, and what the slips of its payments promised.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, select

from protos.units import Micros, Yen
from server.clock import tokyo_day
from server.db.schema import closes as t
from server.directory import shop_ids
from server.ledger import (
    AccountId,
    AccountKind,
    CustomerMoves,
    LaneRange,
    Operation,
    Unit,
    accounts_of,
    customer_moves,
    customer_totals,
    empty_entries,
    instants_at,
    lane_ends,
)
from server.payments import Promised, promised_sums
from server.settlement.closes.layout import close_subject
from server.settlement.closes.reads import close_of_row, lane_ranges, shop_sums
from server.settlement.closes.types import Close, ShopSum

_MOST: Final = 20
_UNREADABLE: Final = (ValueError, TypeError, AttributeError, OverflowError, struct.error)
"""What a value raises that no close ever had."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A close with all its rows."""

    close: Close
    lanes: tuple[LaneRange, ...]
    sums: tuple[ShopSum, ...]

    def __str__(self) -> str:
        return _name(self.close)


def verify_closes(connection: Connection) -> list[str]:
    """What does not hold; each finding names its close. In the caller's snapshot."""
    findings: list[str] = []
    found, unreadable = _read(connection)
    findings += unreadable
    findings += _against_entries(connection, found)
    findings += _strays(connection)
    promised = promised_sums(connection)
    last: dict[str, Close] = {}
    closed: dict[AccountId, CustomerMoves] = {}
    for _, group in groupby(found, key=lambda one: one.close.service_id):
        series = list(group)
        findings += _series(connection, series)
        for one in series:
            findings += _sums(connection, one)
            findings += _promises(one, promised)
            _add(closed, one)
        last[series[-1].close.service_id] = series[-1].close
    findings += _closed_without_a_close(promised, last, found)
    findings += _all_together(connection, last, closed)
    return findings


def _name(close: Close) -> str:
    return f"close {close.close_id} ({close.service_id} no. {close.number})"


def _read(connection: Connection) -> tuple[list[_Read], list[str]]:
    found, findings = [], []
    rows = connection.execute(
        select(t.closes).order_by(t.closes.c.service_id, t.closes.c.number)
    ).all()
    for row in rows:
        try:
            close = close_of_row(row)
            close_id = close.close_id
            found.append(
                _Read(close, lane_ranges(connection, close_id), shop_sums(connection, close_id))
            )
        except _UNREADABLE as error:
            findings.append(f"close {row.close_id}: cannot be read ({error})")
    return found, findings


def _against_entries(connection: Connection, found: list[_Read]) -> Iterator[str]:
    """Every column of a close's rows stands in the subject of its entry, or is its instant."""
    entries = empty_entries(connection, Operation.CLOSE)
    for one in found:
        entry = entries.pop(one.close.close_id, None)
        if entry is None:
            yield f"{one}: no entry in the ledger"
            continue
        try:
            same = close_subject(one.close, one.lanes, one.sums) == entry.subject
        except _UNREADABLE:
            same = False
        if not same or entry.instant != one.close.closed_at:
            yield f"{one}: differs from its entry"
        if entry.postings:
            yield f"{one}: its entry moves money"
    for entry_id, entry in entries.items():
        yield (
            f"close {entry_id}: missing, its entry is in lane {entry.lane_id} position "
            f"{entry.position}"
        )


def _strays(connection: Connection) -> Iterator[str]:
    for table in (t.close_lanes, t.close_shops):
        ids = connection.execute(
            select(table.c.close_id)
            .where(table.c.close_id.not_in(select(t.closes.c.close_id)))
            .distinct()
            .limit(_MOST)
        ).scalars()
        yield from (f"close {close_id}: has rows of {table.name}, and is none" for close_id in ids)


def _series(connection: Connection, series: list[_Read]) -> Iterator[str]:
    """Numbers, days and ranges adjoin; every boundary is respected in every lane."""
    before: _Read | None = None
    for number, one in enumerate(series, start=1):
        close = one.close
        if close.number != number:
            yield f"{one}: follows no. {number - 1}"
        if not (
            close.first_day <= close.last_day <= tokyo_day(Micros(close.boundary - 1))
            and close.last_day < close.pay_day
        ):
            yield f"{one}: its days are in no order"
        if before is not None and not (
            before.close.boundary < close.boundary and before.close.last_day < close.first_day
        ):
            yield f"{one}: overlaps with no. {before.close.number}"
        yield from _adjoining(one, before)
        yield from _cut(connection, one)
        before = one


def _adjoining(one: _Read, before: _Read | None) -> Iterator[str]:
    ends = {} if before is None else {lane.lane: lane.until for lane in before.lanes}
    for lane in one.lanes:
        if lane.after != ends.pop(lane.lane, 0):
            yield f"{one}: in lane {lane.lane} it does not start where the one before ended"
    for gone in ends:
        yield f"{one}: says nothing of lane {gone}"


def _cut(connection: Connection, one: _Read) -> Iterator[str]:
    """Last entry before the cut < boundary ≤ first entry after it, also in lanes not named."""
    until = dict.fromkeys(lane_ends(connection), 0)
    until |= {lane.lane: lane.until for lane in one.lanes}
    places = [place for lane, at in until.items() for place in ((lane, at), (lane, at + 1))]
    instants = instants_at(connection, places)
    boundary = one.close.boundary
    for lane, at in until.items():
        if at and instants.get((lane, at), boundary) >= boundary:
            yield f"{one}: its last entry in lane {lane}, position {at}, is not before its boundary"
        if instants.get((lane, at + 1), boundary) < boundary:
            yield f"{one}: lane {lane} position {at + 1} lies before its boundary, and is not in it"


def _sums(connection: Connection, one: _Read) -> Iterator[str]:
    """The sums are what the postings of its ranges add up to, shop by shop."""
    unit = Unit(one.close.service_id)
    again = customer_moves(connection, AccountKind.SHOP, unit, one.lanes)
    owners, shops = accounts_of(connection, AccountKind.SHOP, unit), shop_ids(connection)
    for said in one.sums:
        moves = again.pop(said.account, CustomerMoves())
        if (said.used, said.used_count, said.cancelled, said.cancelled_count) != _facts(moves):
            yield f"{one}: what shop {said.shop_id} earned is not what its postings say"
        if said.account not in owners or shops.get(owners[said.account]) != said.shop_id:
            yield f"{one}: account {said.account} is not that of shop {said.shop_id}"
        if said.net < 0:
            yield f"{one}: shop {said.shop_id} gave back more than it took"
    for account in again:
        yield f"{one}: account {account} earned in it, and no shop's sum says so"


def _promises(one: _Read, promised: dict[Any, Promised]) -> Iterator[str]:
    """Everything whose slip names this close is in it, and nothing else."""
    said = promised.get((one.close.service_id, one.close.boundary), Promised())
    facts = (said.used, said.used_count, said.cancelled, said.cancelled_count)
    if facts != (
        sum(s.used for s in one.sums),
        sum(s.used_count for s in one.sums),
        sum(s.cancelled for s in one.sums),
        sum(s.cancelled_count for s in one.sums),
    ):
        yield f"{one}: the payments that name it add up to something else"
    if said.latest_cancel >= one.close.boundary:
        yield f"{one}: a cancel of a payment that names it came at its boundary or later"


def _closed_without_a_close(
    promised: dict[Any, Promised], last: dict[str, Close], found: list[_Read]
) -> Iterator[str]:
    made = {(one.close.service_id, one.close.boundary) for one in found}
    for service, closes_at in promised:
        end = last.get(service)
        if end is not None and closes_at <= end.boundary and (service, closes_at) not in made:
            yield f"{_name(end)}: payments name a close of {closes_at}, and there is none"


def _all_together(
    connection: Connection, last: dict[str, Close], closed: dict[AccountId, CustomerMoves]
) -> Iterator[str]:
    """Σ closes + what is open = the ledger, per shop and service."""
    if not last:
        return
    ledger = customer_totals(connection, AccountKind.SHOP)
    now = lane_ends(connection)
    for close in last.values():
        ends = {one.lane: one.until for one in lane_ranges(connection, close.close_id)}
        ranges = [LaneRange(lane, ends.get(lane, 0), until) for lane, until in now.items()]
        unit = Unit(close.service_id)
        opened = customer_moves(connection, AccountKind.SHOP, unit, ranges)
        for account in accounts_of(connection, AccountKind.SHOP, unit):
            nothing = CustomerMoves()
            parts = (_facts(closed.get(account, nothing)), _facts(opened.get(account, nothing)))
            total = tuple(a + b for a, b in zip(*parts, strict=True))
            if total != _facts(ledger.get(account, nothing)):
                yield (
                    f"{_name(close)}: up to it and since, account {account} has another sum than "
                    "in the ledger"
                )


def _add(closed: dict[AccountId, CustomerMoves], one: _Read) -> None:
    for said in one.sums:
        moves = closed.setdefault(said.account, CustomerMoves())
        moves.paid = Yen(moves.paid + said.used)
        moves.paid_entries += said.used_count
        moves.returned = Yen(moves.returned + said.cancelled)
        moves.returned_entries += said.cancelled_count


def _facts(moves: CustomerMoves) -> tuple[int, int, int, int]:
    return moves.paid, moves.paid_entries, moves.returned, moves.returned_entries
