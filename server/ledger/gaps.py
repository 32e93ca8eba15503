"""Sequences that were given out, announced, and are not in these books: a copy was restored.

A terminal drops an announcement whose sequence it has. Books restored from an older copy would
give out numbers again that the counters have already heard, and those payments would be silent.
So every stream jumps beyond whatever was lost, and the gap is written down: a pull tells it to the
device, the audit counts with it.

Gaps that were made together are one entry without postings, in a lane of their own: so the chain
and the signed heads hold them. ``at`` of each is the instant of that entry.

subject: ``choba-gaps-v1`` ‖ entry id 20 ‖ number of gaps 4 ‖ per gap, by its terminal number:
         stream 8 ‖ above 8 ‖ until 8; SHA-256, numbers big-endian and signed.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from protos.units import Micros
from server.db.kinds import DatabaseKind
from server.db.prepared import Rows
from server.db.public_ids import new_public_id
from server.db.schema import ledger as t
from server.db.sets import Inserter
from server.ledger.accounts import last_sequence, last_sequences, lock_stream, open_lane
from server.ledger.books import Books
from server.ledger.posting import LedgerClock, Poster
from server.ledger.rules import Accept, AsksAfterwards, Booked, Decline, WalletsOnly
from server.ledger.types import (
    OPERATOR,
    EntryDraft,
    Operation,
    OwnerKey,
    StreamId,
)

LANE: Final = "gaps"
_WORD: Final = b"choba-gaps-v1"
_HEAD: Final = struct.Struct(">13s20si")
_GAP: Final = struct.Struct(">qqq")
_SHOWN: Final = 20

JUMP = 10_000_000
"""More announcements than one terminal makes in its life: 27 years of a thousand a day."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequences above ``above``, up to and with ``until``, stand for nothing in these books."""

    above: int
    until: int


def skip_all(connection: Connection, clock: LedgerClock) -> int:
    """Every stream jumps; how many there are. Once per restored copy, before a server uses it."""
    streams = sorted(last_sequences(connection))
    _skip(connection, dict.fromkeys(streams, JUMP), clock)
    return len(streams)


def skip_heard(connection: Connection, stream: StreamId, heard: int, clock: LedgerClock) -> int:
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
    _skip(connection, {stream: ahead + JUMP}, clock)
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


def verify_gaps(connection: Connection) -> Iterator[str]:
    """What does not hold between gaps and the entries that hold them; at most 20 findings."""
    g, e, p = t.stream_gaps.c, t.entries.c, t.postings.c
    skips = connection.execute(
        select(e.instant, e.entry_id, e.subject).where(e.operation == int(Operation.SKIP))
    )
    entries = {instant: (entry_id, subject) for instant, entry_id, subject in skips}
    rows = connection.execute(
        select(g.at, g.stream_id, g.above, g.until).order_by(g.at, g.stream_id, g.above)
    )
    findings = []
    for at, group in groupby(rows, key=lambda row: row.at):
        entry_id, subject = entries.pop(at, ("", b""))
        made = [(row.stream_id, row.above, row.until) for row in group]
        if not entry_id or gaps_subject(entry_id, made) != subject:
            streams = ", ".join(str(stream) for stream, _, _ in made[:_SHOWN])
            findings.append(f"gaps of {at} (terminal numbers {streams}): no entry says so")
    findings += [
        f"gaps of {at}: entry {entry_id} skips, and no gap of that instant is there"
        for at, (entry_id, _) in entries.items()
    ]
    moving = connection.execute(
        select(e.entry_id)
        .join_from(t.entries, t.postings, (e.lane_id == p.lane_id) & (e.position == p.position))
        .where(e.operation == int(Operation.SKIP))
        .limit(_SHOWN)
    ).scalars()
    findings += [f"entry {entry_id}: skips sequences, and moves money" for entry_id in moving]
    yield from findings[:_SHOWN]


def gaps_subject(entry_id: str, gaps: Iterable[tuple[int, int, int]]) -> bytes:
    """What the chain holds of gaps: terminal number, ``above`` and ``until`` of each."""
    ordered = sorted(gaps)
    packed = _HEAD.pack(_WORD, entry_id.encode("ascii"), len(ordered))
    return hashlib.sha256(packed + b"".join(_GAP.pack(*gap) for gap in ordered)).digest()


@dataclass(frozen=True, slots=True)
class _Command(WalletsOnly):
    """Gaps that are made together."""

    entry_id: str
    gaps: tuple[tuple[int, int, int], ...]

    @property
    def owner(self) -> OwnerKey:
        return OPERATOR


class _SkipRules(AsksAfterwards):
    """``PostingRules``: always booked; the streams are locked by the caller."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._rows = Inserter(kind, t.stream_gaps)

    def locks(self, command: _Command) -> _Command:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[_Command],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> None:
        return None

    def decide(
        self, books: Books, state: None, command: _Command, instant: Micros
    ) -> Accept[_Command] | Decline[None]:
        subject = gaps_subject(command.entry_id, command.gaps)
        return Accept(EntryDraft(command.entry_id, Operation.SKIP, subject, ()), command)

    def note(
        self, state: None, command: _Command, decision: Accept[_Command] | Decline[None]
    ) -> None:
        """One command a batch: nobody comes later."""

    def write(
        self,
        connection: Connection,
        state: None,
        booked: Sequence[Booked[_Command]],
        instant: Micros,
    ) -> bool:
        rows: list[tuple[Any, ...]] = [
            (*gap, one.booking.instant) for one in booked for gap in one.draft.row.gaps
        ]
        self._rows.insert(connection, rows)
        for stream, _, until in (gap for one in booked for gap in one.draft.row.gaps):
            connection.execute(
                update(t.streams).where(t.streams.c.stream_id == stream).values(last_sequence=until)
            )
        return True

    def answer(self, booked: Booked[_Command]) -> None:
        return None


def _skip(connection: Connection, jumps: dict[StreamId, int], clock: LedgerClock) -> None:
    """Locks the streams first, the lane last, as all who post."""
    if not jumps:
        return
    lane = open_lane(connection, LANE)
    gaps = []
    for stream, by in sorted(jumps.items()):
        lock_stream(connection, stream)
        above = last_sequence(connection, stream)
        gaps.append((stream, above, above + by))
    kind = DatabaseKind(connection.dialect.name)
    poster = Poster(kind, _SkipRules(kind), lane, clock)
    poster.post(connection, (_Command(new_public_id(), tuple(gaps)),))
