"""The cut of a close and what shops earned in it: measured beforehand, finished under the locks.

Books are only added to, so what stands up to a position stays as it is. Nearly all of a period is
added up before the lanes are held; what came in between is added then. So a close holds up
payments for some milliseconds, however long its period was.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from protos.units import Micros, Yen
from server.directory import ServiceId, shop_ids
from server.ledger import (
    AccountId,
    AccountKind,
    CustomerMoves,
    LaneId,
    LaneRange,
    Unit,
    accounts_of,
    customer_moves,
    cut_at,
)
from server.settlement.closes import refusals as refuse
from server.settlement.closes.reads import lane_ranges
from server.settlement.closes.types import Close, ShopSum


@dataclass(frozen=True, slots=True)
class Measured:
    """What lies between the close before and the last positions before ``boundary``."""

    service: ServiceId
    boundary: Micros
    after: dict[LaneId, int]
    until: dict[LaneId, int]
    moves: dict[AccountId, CustomerMoves] = field(default_factory=dict)

    def ranges(self) -> tuple[LaneRange, ...]:
        """By lane; a lane that was opened since the close before starts at 0."""
        return tuple(
            LaneRange(lane, self.after.get(lane, 0), until)
            for lane, until in sorted(self.until.items())
        )


def measure(
    connection: Connection,
    service: ServiceId,
    before: Close | None,
    boundary: Micros,
    known: Measured | None = None,
) -> Measured:
    """Everything before ``boundary`` that is not in a close up to ``before``, as the books stand.

    ``known``: measured earlier for the same period; only what has come since is read again.
    """
    after = {} if before is None else ends_of(connection, before)
    if known is None or (known.service, known.boundary, known.after) != (service, boundary, after):
        known = Measured(service, boundary, after, dict(after))
    until = cut_at(connection, Micros(boundary - 1), known.until)
    rest = Measured(service, boundary, known.until, until)
    moved = customer_moves(connection, AccountKind.SHOP, Unit(service), rest.ranges())
    return Measured(service, boundary, after, until, _together(known.moves, moved))


def ends_of(connection: Connection, close: Close) -> dict[LaneId, int]:
    """Per lane, the last position of a close."""
    return {one.lane: one.until for one in lane_ranges(connection, close.close_id)}


def sums_of(connection: Connection, measured: Measured) -> tuple[ShopSum, ...]:
    """By shop id. Raises Refusal (CHOBA_CLOSE_SHOP_UNKNOWN): the directory lost a shop."""
    owners = accounts_of(connection, AccountKind.SHOP, Unit(measured.service))
    shops = shop_ids(connection)
    found = []
    for account, moves in measured.moves.items():
        shop = shops.get(owners[account])
        if shop is None:
            raise refuse.shop_unknown(account)
        found.append(
            ShopSum(
                shop,
                account,
                moves.paid,
                moves.paid_entries,
                moves.returned,
                moves.returned_entries,
            )
        )
    return tuple(sorted(found, key=lambda one: one.shop_id))


def _together(
    one: dict[AccountId, CustomerMoves], other: dict[AccountId, CustomerMoves]
) -> dict[AccountId, CustomerMoves]:
    nothing = CustomerMoves()
    both = {}
    for account in one.keys() | other.keys():
        a, b = one.get(account, nothing), other.get(account, nothing)
        both[account] = CustomerMoves(
            Yen(a.paid + b.paid),
            a.paid_entries + b.paid_entries,
            Yen(a.returned + b.returned),
            a.returned_entries + b.returned_entries,
        )
    return both
