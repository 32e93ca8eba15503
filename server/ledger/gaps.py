"""Sequences that were given out, announced, and are not in these books: a copy was restored.

A terminal drops an announcement whose sequence it has. Books restored from an older copy would
give out numbers again that the counters have already heard, and those payments would be silent.
So every stream jumps beyond whatever was lost, and the gap is written down: a pull tells it to the
device, the audit counts with it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from protos.units import Micros
from server.db.schema import ledger as t
from server.ledger.accounts import last_sequence, lock_stream
from server.ledger.types import StreamId

JUMP = 10_000_000
"""More announcements than one terminal makes in its life: 27 years of a thousand a day."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences above ``above``, up to and with ``until``, stand for nothing in these books."""

    above: int
    until: int


def skip_all(connection: Connection, at: Micros) -> int:
    """Every stream jumps; how many there are. Once per restored copy, before a server uses it."""
    streams = connection.execute(select(t.streams.c.stream_id)).scalars().all()
    for stream in streams:
        _skip(connection, StreamId(stream), JUMP, at)
    return len(streams)


def skip_heard(connection: Connection, stream: StreamId, heard: int, at: Micros) -> int:
    """A device has heard of sequence ``heard``: if these books have not, jump beyond it.

    Returns how many sequences the device is ahead; 0 is the rule. A claim beyond ``JUMP`` is a
    defect of the device: nothing is changed.
    """
    if not 0 < heard - last_sequence(connection, stream) <= JUMP:
        return 0
    lock_stream(connection, stream)
    ahead = heard - last_sequence(connection, stream)
    if not 0 < ahead <= JUMP:
        return 0
    _skip(connection, stream, ahead + JUMP, at)
    return ahead


def gap_after(connection: Connection, stream: StreamId, sequence: int) -> Gap | None:
    """The first gap that ends above ``sequence``."""
    row = connection.execute(
        select(t.stream_gaps.c.above, t.stream_gaps.c.until)
        .where(t.stream_gaps.c.stream_id == stream, t.stream_gaps.c.until > sequence)
        .order_by(t.stream_gaps.c.above)
        .limit(1)
    ).one_or_none()
    return None if row is None else Gap(row.above, row.until)


def skipped_until(connection: Connection, stream: StreamId, sequence: int) -> int:
    """How many sequences up to ``sequence`` lie in gaps."""
    total = connection.execute(
        select(func.sum(t.stream_gaps.c.until - t.stream_gaps.c.above)).where(
            t.stream_gaps.c.stream_id == stream, t.stream_gaps.c.until <= sequence
        )
    ).scalar_one()
    return int(total or 0)


def restored_at(connection: Connection) -> Micros:
    """When the books were last found to be an older copy; 0: never."""
    last = connection.execute(select(func.max(t.stream_gaps.c.at))).scalar_one()
    return Micros(last or 0)


def _skip(connection: Connection, stream: StreamId, by: int, at: Micros) -> None:
    above = last_sequence(connection, stream)
    connection.execute(
        insert(t.stream_gaps).values(stream_id=stream, above=above, until=above + by, at=at)
    )
    connection.execute(
        update(t.streams).where(t.streams.c.stream_id == stream).values(last_sequence=above + by)
    )
