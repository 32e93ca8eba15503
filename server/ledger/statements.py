"""The engine's statements, built once per database."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    Connection,
    LargeBinary,
    Select,
    Update,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)

from server.db.kinds import DatabaseKind
from server.db.prepared import (
    BY_KEY,
    Prepared,
    Rows,
    Statement,
    run_all,
)
from server.db.schema import ledger as t
from server.db.sets import Inserter, Row, RowSet
from server.ledger.types import OwnerKey, StreamId

Deltas = Mapping[str, Mapping[Any, int]]
"""By what is raised: each row's key and its delta."""

_ADDED: Final[Mapping[str, tuple[Any, str, str]]] = {
    "wallets": (t.wallets, "account_id", "balance"),
    "lot_balances": (t.lot_balances, "lot_id", "remaining"),
    "streams": (t.streams, "stream_id", "last_sequence"),
}
"""Columns that an entry raises or lowers: table, key, column."""


class Held(NamedTuple):
    """What a batch holds, besides its lane."""

    owners: Set[OwnerKey]
    streams: Set[StreamId]


class Opened(NamedTuple):
    """What a batch finds behind its locks."""

    taken: set[int] | None
    """Accounts of which the wallets are held now; None: all of them."""
    lane: Row | None
    """Position, last instant, floor, head, and the database's own clock (0 on SQLite)."""
    wallets: Sequence[Rows]
    streams: Rows
    """Each stream with its last sequence."""
    answers: Sequence[Rows]
    """To what the rules asked."""


class EngineStatements:
    """Everything ``post`` sends, whatever the batch holds."""

    def __init__(self, kind: DatabaseKind) -> None:
        self.kind: Final = kind
        self._owners: Final = RowSet(kind, "owners", owner=int)
        self._streams: Final = RowSet(kind, "wanted", stream_id=int)
        self._lock_wallets: Final = Prepared(kind, _lock_wallets(self._owners))
        self._lock_streams: Final = Prepared(
            kind,
            _streams(self._streams, t.streams.c.stream_id)
            .order_by(t.streams.c.stream_id)
            .with_for_update(),
        )
        self._lock_lane: Final = Prepared(
            kind,
            select(t.lanes.c.lane_id)
            .where(t.lanes.c.lane_id == bindparam("lane"))
            .with_for_update(),
        )
        self._read_lane: Final = Prepared(kind, _read_lane(kind))
        self._read_streams: Final = Prepared(
            kind, _streams(self._streams, t.streams.c.stream_id, t.streams.c.last_sequence)
        )
        self._writes: Final = (
            _WritesTogether(kind) if kind is DatabaseKind.POSTGRESQL else _WritesInTurn(kind)
        )

    def open(
        self,
        connection: Connection,
        held: Held,
        lane: int,
        wallets: Sequence[Statement],
        asked: Sequence[Statement],
    ) -> Opened:
        """Take the locks in their order, then read; one trip to PostgreSQL for all of it.

        ``wallets``, ``asked``: more to read once the locks are taken.
        """
        locks = self._locks(held, lane)
        reads = [self._read_lane.statement({"lane": lane}), *wallets]
        if streams := _rows(held.streams):
            reads.append(self._read_streams.statement(self._streams.params(streams)))
        answers = run_all(connection, [*locks, *reads, *asked])
        taken, found = answers[: len(locks)], answers[len(locks) :]
        end = 1 + len(wallets)
        return Opened(
            taken={account for (account,) in taken[1]} if taken else None,
            lane=found[0][0] if found[0] else None,
            wallets=found[1:end],
            streams=found[end] if streams else [],
            answers=found[len(reads) :],
        )

    def _locks(self, held: Held, lane: int) -> list[Statement]:
        """Wallets first, the lane last; [] on SQLite, whose transaction holds everything."""
        if self.kind is DatabaseKind.SQLITE:
            return []
        locks = [BY_KEY, self._lock_wallets.statement(self._owners.params(_rows(held.owners)))]
        if streams := _rows(held.streams):
            locks.append(self._lock_streams.statement(self._streams.params(streams)))
        locks.append(self._lock_lane.statement({"lane": lane}))
        return locks

    def write(
        self,
        connection: Connection,
        rows: Mapping[str, Sequence[Row]],
        deltas: Deltas,
        lane: Mapping[str, Any],
        ahead: Sequence[Statement],
    ) -> list[Rows]:
        """Insert entries, postings, lots and lots' balances; raise what ``deltas`` names.

        ``ahead``: statements that run before, in the same trip; their answers are returned.
        """
        own = self._writes.statements(rows, deltas, lane)
        return run_all(connection, [*ahead, *own])[: len(ahead)]


class _WritesTogether:
    """PostgreSQL: one statement, in which each part touches its own table.

    Lots that an entry issues come with their first delta already in them: the parts of one
    statement do not see each other's rows.
    """

    def __init__(self, kind: DatabaseKind) -> None:
        self._inserts = {table.name: Inserter(kind, table) for table in _BOOKS}
        self._sets = {name: RowSet(kind, f"add_{name}", key=int, delta=int) for name in _ADDED}
        plain = [self._inserts[name].part() for name in ("entries", "postings")]
        rare = [self._inserts[name].part() for name in ("lots", "lot_balances")]
        adds: list[CTE] = [
            _add(name, rows).returning(literal_column("1")).cte(f"add_{name}")
            for name, rows in self._sets.items()
        ]
        moved = _move_lane().returning(literal_column("1")).cte("move_lane")
        self._usual: Final = Prepared(kind, select(literal(1)).add_cte(*plain, *adds, moved))
        self._issuing: Final = Prepared(
            kind, select(literal(1)).add_cte(*plain, *rare, *adds, moved)
        )

    def statements(
        self, rows: Mapping[str, Sequence[Row]], deltas: Deltas, lane: Mapping[str, Any]
    ) -> list[Statement]:
        issuing = bool(rows["lots"])
        if issuing:
            rows, deltas = _with_first_deltas(rows, deltas)
        params: dict[str, Any] = dict(lane)
        for name, inserter in self._inserts.items():
            params |= inserter.params(rows[name])
        for name, rowset in self._sets.items():
            params |= rowset.params(_changes(deltas[name]))
        return [(self._issuing if issuing else self._usual).statement(params)]


class _WritesInTurn:
    """SQLite, where a statement changes one table."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._inserts = {table.name: Inserter(kind, table) for table in _BOOKS}
        self._sets = {name: RowSet(kind, f"add_{name}", key=int, delta=int) for name in _ADDED}
        self._adds = {name: Prepared(kind, _add(name, rows)) for name, rows in self._sets.items()}
        self._move = Prepared(kind, _move_lane())

    def statements(
        self, rows: Mapping[str, Sequence[Row]], deltas: Deltas, lane: Mapping[str, Any]
    ) -> list[Statement]:
        written: list[Statement] = []
        for name, inserter in self._inserts.items():
            written += inserter.statements(rows[name])
        for name, add in self._adds.items():
            if changes := _changes(deltas[name]):
                written.append(add.statement(self._sets[name].params(changes)))
        return [*written, self._move.statement(lane)]


_BOOKS: Final = (t.entries, t.postings, t.lots, t.lot_balances)


def _rows(numbers: Iterable[int]) -> list[tuple[int]]:
    return [(number,) for number in sorted(numbers)]


def _changes(deltas: Mapping[Any, int]) -> list[tuple[int, int]]:
    return sorted((key, delta) for key, delta in deltas.items() if delta)


def _with_first_deltas(
    rows: Mapping[str, Sequence[Row]], deltas: Deltas
) -> tuple[Mapping[str, Sequence[Row]], Deltas]:
    lots = dict(deltas["lot_balances"])
    filled = [(*row[:-1], row[-1] + lots.pop(row[0], 0)) for row in rows["lot_balances"]]
    return {**rows, "lot_balances": filled}, {**deltas, "lot_balances": lots}


def _streams(wanted: RowSet, *columns: Any) -> Select[Any]:
    return select(*columns).where(wanted.among(t.streams.c.stream_id))


def _read_lane(kind: DatabaseKind) -> Select[Any]:
    clock = (
        cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
        if kind is DatabaseKind.POSTGRESQL
        else literal_column("0")
    )
    lane = t.lanes.c
    return select(lane.position, lane.last_instant, lane.floor, lane.head, clock).where(
        lane.lane_id == bindparam("lane")
    )


def _lock_wallets(owners: RowSet) -> Select[Any]:
    return (
        select(t.wallets.c.account_id)
        .where(owners.among(t.wallets.c.owner))
        .order_by(t.wallets.c.account_id)
        .with_for_update(skip_locked=True)
    )


def _add(name: str, changes: RowSet) -> Update:
    table, key, column = _ADDED[name]
    new = changes.source.c
    return (
        update(table)
        .where(changes.among(table.c[key]), table.c[key] == new.key)
        .values({column: table.c[column] + new.delta})
    )


def _move_lane() -> Update:
    return (
        update(t.lanes)
        .where(t.lanes.c.lane_id == bindparam("lane"))
        .values(
            position=bindparam("new_position"),
            last_instant=bindparam("new_instant"),
            head=bindparam("new_head", type_=LargeBinary),
        )
    )
