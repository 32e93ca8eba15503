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
from server.db.kinds import DatabaseKind
from server.db.prepared import Rows, Statement, run_all
from server.ledger.books import Books
from server.ledger.layout import entry_hash
from server.ledger.rules import Accept, Booked, Decline, PostingRules, Writes
from server.ledger.statements import EngineStatements, Held, Opened
from server.ledger.types import (
    Booking,
    LaneId,
    LedgerError,
    OwnerKey,
    StreamId,
    Wallet,
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
    head: bytes
    instant: Micros
    """Of this batch's first entry."""


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
        held = [self._rules.locks(command) for command in commands]
        closed = {lot for lock in held for lot in lock.lots}
        wanted = Held(
            {lock.owner for lock in held},
            {lock.stream for lock in held if lock.stream is not None},
        )
        self._checkpoint(Checkpoint.POST_BEFORE_LOCK)
        found = self._sql.open(
            connection,
            wanted,
            self._lane,
            self._wallets.questions(wanted.owners, closed),
            self._rules.ask(commands),
        )
        self._checkpoint(Checkpoint.POST_AFTER_LOCK)
        lane = self._lane_of(connection, found)
        wallets = self._wallets.wallets(found.wallets)
        busy = _not_taken(wallets, found.taken)
        if not busy:
            return list(_Batch(self, connection, lane, found, wallets, commands).run())
        free = [i for i, lock in enumerate(held) if lock.owner not in busy]
        answers: list[A | Postponed] = [Postponed.BUSY] * len(commands)
        if free:
            batch = _Batch(self, connection, lane, found, wallets, [commands[i] for i in free])
            for i, answer in zip(free, batch.run(), strict=True):
                answers[i] = answer
        return answers

    def _lane_of(self, connection: Connection, found: Opened) -> _Lane:
        if found.lane is None:
            raise UnknownLane(f"lane {self._lane}: open it before posting")
        position, last_instant, floor, head, database_now = found.lane
        # the statement that reads the lane has the database's clock with it
        now = database_now if self._clock is database_clock else self._clock(connection)
        instant = Micros(max(now, last_instant + 1, floor))
        return _Lane(self._lane, position, last_instant, bytes(head), instant)


class _Batch(Generic[C, S, D, A]):
    """One run of ``post`` after the locks."""

    def __init__(
        self,
        poster: Poster[C, S, D, A],
        connection: Connection,
        lane: _Lane,
        found: Opened,
        wallets: Sequence[Wallet],
        commands: Sequence[C],
    ) -> None:
        self._rules = poster._rules
        self._sql = poster._sql
        self._wallets = wallets
        self._checkpoint = poster._checkpoint
        self._connection = connection
        self._lane = lane
        self._instant = lane.instant
        self._commands = commands
        self._answers = found.answers
        self._sequences: Final[dict[StreamId, int]] = {
            StreamId(stream): last for stream, last in found.streams
        }
        self._raised: dict[int, int] = {}
        self._booked: list[Booked[D]] = []
        self._hashes: list[bytes] = []

    def run(self) -> list[A]:
        connection = self._connection
        books = Books.of(self._wallets)
        state = self._rules.load(connection, self._commands, self._instant, self._answers)
        decisions = [self._decide(books, state, command) for command in self._commands]
        self._checkpoint(Checkpoint.POST_AFTER_DECIDE)
        written = self._rules.write(connection, state, self._booked, self._instant)
        if not self._write(books, written):
            raise StolenRow("batch: another process decided one of its sales or keys first")
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

    def _write(self, books: Books, written: bool | Writes) -> bool:
        """Whether each of the domain's rows was the first."""
        if not written:
            return False
        ahead = written.statements if isinstance(written, Writes) else ()
        if not self._booked:
            answers = run_all(self._connection, ahead)
        else:
            self._checkpoint(Checkpoint.POST_AFTER_INSERT)
            answers = self._insert(books, ahead)
        return not isinstance(written, Writes) or written.won(answers)

    def _insert(self, books: Books, ahead: Sequence[Statement]) -> list[Rows]:
        lane = self._lane
        return self._sql.write(
            self._connection,
            self._rows(),
            {
                "wallets": books.wallet_deltas,
                "lot_balances": books.lot_deltas,
                "streams": self._raised,
            },
            {
                "lane": lane.lane_id,
                "new_position": lane.position,
                "new_instant": lane.last_instant,
                "new_head": lane.head,
            },
            ahead,
        )

    def _rows(self) -> dict[str, list[tuple[Any, ...]]]:
        entries: list[tuple[Any, ...]] = []
        postings: list[tuple[Any, ...]] = []
        lots: list[tuple[Any, ...]] = []
        balances: list[tuple[Any, ...]] = []
        for booked, digest in zip(self._booked, self._hashes, strict=True):
            entry, place = booked.draft.entry, booked.booking
            lane, position = place.lane_id, place.position
            entries.append(
                (
                    lane,
                    position,
                    entry.entry_id,
                    entry.operation.value,
                    place.instant,
                    entry.subject,
                    digest,
                )
            )
            postings += [
                (lane, position, line, p.debit, p.credit, p.amount, p.lot)
                for line, p in enumerate(entry.postings, start=1)
            ]
            for n in entry.new_lots:
                lots.append((n.lot_id, n.account_id, n.face, n.price, n.expires_at, entry.entry_id))
                balances.append((n.lot_id, n.account_id, n.owner, n.expires_at, 0))
        return {"entries": entries, "postings": postings, "lots": lots, "lot_balances": balances}


def _not_taken(wallets: Sequence[Wallet], taken: set[int] | None) -> set[OwnerKey]:
    """Customers of whom a wallet is held elsewhere, or was opened since the locks."""
    if taken is None:
        return set()
    return {wallet.owner for wallet in wallets if wallet.account_id not in taken}
