"""``post``: one batch of commands, one transaction, each accepted or declined on its own.

Order of locks, everywhere: wallets, streams, lane, each by id. First statements that only lock,
then statements that read: a statement that does both returned stale rows on PostgreSQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, text

from protos.units import Micros
from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.clock import Clock
from server.db.database import DatabaseKind
from server.ledger.books import Books
from server.ledger.layout import entry_hash
from server.ledger.rules import Accept, Booked, Decline, PostingRules
from server.ledger.statements import EngineStatements
from server.ledger.types import (
    Booking,
    LaneId,
    LedgerError,
    OwnerKey,
    StreamId,
)
from server.ledger.wallets import WalletReader

C = TypeVar("C")
S = TypeVar("S")
D = TypeVar("D")
A = TypeVar("A")

LedgerClock = Callable[[Connection], Micros]
"""The clock that decides: read after the locks."""


class Postponed(Enum):
    """A customer's wallet is held by another process: put the command into a later batch."""

    BUSY = "busy"


class StolenRow(LedgerError):  # noqa: N818
    """A row that only the first may insert was there already: roll back, decide again."""

    code = "CHOBA_LEDGER_STOLEN_ROW"


class UnknownLane(LedgerError):  # noqa: N818
    code = "CHOBA_LEDGER_LANE"


class UnknownStream(LedgerError):  # noqa: N818
    code = "CHOBA_LEDGER_STREAM"


def database_clock(connection: Connection) -> Micros:
    """PostgreSQL's own clock, the same for every server process."""
    return Micros(
        connection.execute(
            text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        ).scalar_one()
    )


def process_clock(clock: Clock) -> LedgerClock:
    """The process's clock: right on SQLite, where one process writes, and in tests."""
    return lambda _connection: clock()


def deciding_clock(kind: DatabaseKind, clock: Clock) -> LedgerClock:
    """The clock that production decides by: PostgreSQL's own, or the process's on SQLite."""
    return database_clock if kind is DatabaseKind.POSTGRESQL else process_clock(clock)


@dataclass(slots=True)
class _Lane:
    lane_id: LaneId
    position: int
    last_instant: int
    floor: int
    head: bytes


class Poster(Generic[C, S, D, A]):
    """Posts batches of one domain's commands into one lane. It keeps no state of its own."""

    def __init__(
        self,
        kind: DatabaseKind,
        rules: PostingRules[C, S, D, A],
        lane: LaneId,
        clock: LedgerClock,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        self._sql: Final = EngineStatements(kind)
        self._wallets: Final = WalletReader(kind)
        self._rules = rules
        self._lane = lane
        self._clock = clock
        self._checkpoint = checkpoint

    def post(self, connection: Connection, commands: Sequence[C]) -> list[A | Postponed]:
        """Outcomes in the order of the commands, true once the caller's transaction commits.

        Raises StolenRow when the batch has to be decided again in a new transaction.
        """
        self._checkpoint(Checkpoint.POST_BEFORE_LOCK)
        busy = self._lock(connection, commands)
        self._checkpoint(Checkpoint.POST_AFTER_LOCK)
        lane = self._read_lane(connection)
        instant = Micros(max(self._clock(connection), lane.last_instant + 1, lane.floor))
        owners = [self._rules.locks(c).owner for c in commands]
        free = [c for c, owner in zip(commands, owners, strict=True) if owner not in busy]
        batch = _Batch(self, connection, lane, instant, free)
        answers = iter(batch.run()) if free else iter(())
        return [Postponed.BUSY if owner in busy else next(answers) for owner in owners]

    def _lock(self, connection: Connection, commands: Sequence[C]) -> set[OwnerKey]:
        """Take the locks; what comes back are the customers who are busy elsewhere.

        SQLite's transaction holds the whole database already.
        """
        if self._sql.kind is DatabaseKind.SQLITE:
            return set()
        owners = _numbers(self._rules.locks(c).owner for c in commands)
        streams = _numbers(self._rules.locks(c).stream for c in commands)
        run = connection.execute
        busy = run(self._sql.lock_wallets, self._sql.owners.params(owners)).scalars().all()
        if streams:
            run(self._sql.lock_streams, self._sql.streams.params(streams)).all()
        run(self._sql.lock_lane, {"lane": self._lane}).all()
        return {OwnerKey(owner) for owner in busy}

    def _read_lane(self, connection: Connection) -> _Lane:
        row = connection.execute(self._sql.read_lane, {"lane": self._lane}).one_or_none()
        if row is None:
            raise UnknownLane(f"lane {self._lane}: open it before posting")
        return _Lane(self._lane, row.position, row.last_instant, row.floor, bytes(row.head))


class _Batch(Generic[C, S, D, A]):
    """One run of ``post`` after the locks."""

    def __init__(
        self,
        poster: Poster[C, S, D, A],
        connection: Connection,
        lane: _Lane,
        instant: Micros,
        commands: Sequence[C],
    ) -> None:
        self._rules = poster._rules
        self._sql = poster._sql
        self._wallets = poster._wallets
        self._checkpoint = poster._checkpoint
        self._connection = connection
        self._lane = lane
        self._instant = instant
        self._commands = commands
        self._sequences: dict[StreamId, int] = {}
        self._raised: dict[int, int] = {}
        self._booked: list[Booked[D]] = []
        self._hashes: list[bytes] = []

    def run(self) -> list[A]:
        books = self._read_books()
        self._read_streams()
        state = self._rules.load(self._connection, self._commands, self._instant)
        decisions = [self._decide(books, state, command) for command in self._commands]
        self._checkpoint(Checkpoint.POST_AFTER_DECIDE)
        if not self._rules.write(self._connection, state, self._booked, self._instant):
            raise StolenRow("batch: another process decided one of its sales or keys first")
        self._write(books)
        self._checkpoint(Checkpoint.POST_BEFORE_COMMIT)
        return [self._rules.answer(d) if isinstance(d, Booked) else d.answer for d in decisions]

    def _decide(self, books: Books, state: S, command: C) -> Booked[D] | Decline[A]:
        instant = Micros(self._instant + len(self._booked))
        decision = self._rules.decide(books, state, command, instant)
        self._rules.note(state, command, decision)
        if isinstance(decision, Decline):
            return decision
        books.apply(decision.entry)
        return self._book(decision, instant)

    def _book(self, accepted: Accept[D], instant: Micros) -> Booked[D]:
        entry, lane = accepted.entry, self._lane
        lane.position += 1
        lane.last_instant = instant
        lane.head = entry_hash(lane.head, lane.lane_id, lane.position, instant, entry)
        self._hashes.append(lane.head)
        booking = Booking(
            lane.lane_id, lane.position, instant, self._next_sequence(entry.announced_on)
        )
        booked = Booked(accepted, booking)
        self._booked.append(booked)
        return booked

    def _next_sequence(self, stream: StreamId | None) -> int:
        if stream is None:
            return 0
        if stream not in self._sequences:
            raise UnknownStream(f"stream {stream}: not locked by this batch, or never opened")
        self._sequences[stream] += 1
        self._raised[stream] = self._raised.get(stream, 0) + 1
        return self._sequences[stream]

    def _read_books(self) -> Books:
        held = [self._rules.locks(command) for command in self._commands]
        owners = {lock.owner for lock in held}
        closed = {lot for lock in held for lot in lock.lots}
        return Books.of(self._wallets.read(self._connection, owners, closed))

    def _read_streams(self) -> None:
        streams = _numbers(self._rules.locks(c).stream for c in self._commands)
        if streams:
            rows = self._connection.execute(
                self._sql.read_streams, self._sql.streams.params(streams)
            )
            self._sequences = {StreamId(stream): last for stream, last in rows}

    def _write(self, books: Books) -> None:
        if not self._booked:
            return
        connection, sql, lane = self._connection, self._sql, self._lane
        new_lots = [(b, lot) for b in self._booked for lot in b.draft.entry.new_lots]
        sql.entries.insert(connection, self._entry_rows())
        sql.postings.insert(connection, self._posting_rows())
        sql.lots.insert(
            connection,
            [
                (n.lot_id, n.account_id, n.face, n.price, n.expires_at, b.draft.entry.entry_id)
                for b, n in new_lots
            ],
        )
        sql.lot_balances.insert(
            connection,
            [(n.lot_id, n.account_id, n.owner, n.expires_at, 0) for _, n in new_lots],
        )
        self._checkpoint(Checkpoint.POST_AFTER_INSERT)
        sql.add(connection, "wallets", books.wallet_deltas.items())
        sql.add(connection, "lot_balances", books.lot_deltas.items())
        sql.add(connection, "streams", self._raised.items())
        connection.execute(
            sql.move_lane,
            {
                "lane": lane.lane_id,
                "new_position": lane.position,
                "new_instant": lane.last_instant,
                "new_head": lane.head,
            },
        )

    def _entry_rows(self) -> list[tuple[Any, ...]]:
        return [
            (
                b.booking.lane_id,
                b.booking.position,
                b.draft.entry.entry_id,
                int(b.draft.entry.operation),
                b.booking.instant,
                b.draft.entry.subject,
                hash_,
            )
            for b, hash_ in zip(self._booked, self._hashes, strict=True)
        ]

    def _posting_rows(self) -> list[tuple[Any, ...]]:
        return [
            (b.booking.lane_id, b.booking.position, line, p.debit, p.credit, p.amount, p.lot)
            for b in self._booked
            for line, p in enumerate(b.draft.entry.postings, start=1)
        ]


def _numbers(values: Any) -> list[tuple[int]]:
    return [(value,) for value in sorted({v for v in values if v is not None})]
