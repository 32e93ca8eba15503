"""Where each lane stood at an instant.

Instants rise strictly along a lane, so the entries up to an instant are a prefix of each lane: its
end is found by bisection over the primary key, some 20 rows of a lane of a million entries. No
index over instants is kept for it, and no entry has to be joined to its postings afterwards.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from protos.units import Micros
from server.db.schema import ledger as t
from server.ledger.types import LaneId


def cut_at(
    connection: Connection, at: Micros, known: Mapping[LaneId, int] | None = None
) -> dict[LaneId, int]:
    """The last position of each lane whose instant is not after ``at``; 0 where there is none.

    ``known``: positions that are not after ``at`` for certain, from an earlier cut. A lane that
    still ends there by then costs one row.
    """
    known = known or {}
    lanes = connection.execute(select(t.lanes.c.lane_id, t.lanes.c.position)).all()
    return {
        LaneId(lane): _position_at(connection, lane, known.get(LaneId(lane), 0), last, at)
        for lane, last in lanes
    }


def _position_at(connection: Connection, lane: int, first: int, last: int, at: Micros) -> int:
    """Bisection between ``first``, which is not after ``at``, and ``last``."""
    before, after = first, last + 1
    middle = first + 1  # the first look: nothing was booked since, or it lies after ``at``
    while after - before > 1:
        instant = connection.execute(
            select(t.entries.c.instant).where(
                t.entries.c.lane_id == lane, t.entries.c.position == middle
            )
        ).scalar_one()
        if instant <= at:
            before = middle
        else:
            after = middle
        middle = (before + after) // 2
    return before
