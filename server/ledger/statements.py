"""The engine's statements, built once per database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    Connection,
    FromClause,
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

from server.db.database import DatabaseKind
from server.db.prepared import Prepared, Rows, plan_again_while_growing
from server.db.schema import ledger as t
from server.db.sets import Inserter, Row, RowSet

Deltas = Mapping[str, Mapping[Any, int]]
"""By what is raised: each row's key and its delta."""

_ADDED: Final[Mapping[str, tuple[Any, str, str]]] = {
    "wallets": (t.wallets, "account_id", "balance"),
    "lot_balances": (t.lot_balances, "lot_id", "remaining"),
    "streams": (t.streams, "stream_id", "last_sequence"),
}
"""Columns that an entry raises or lowers: table, key, column."""


class EngineStatements:
    """Everything ``post`` sends, whatever the batch holds."""

    def __init__(self, kind: DatabaseKind) -> None:
        self.kind: Final = kind
        self._owners: Final = RowSet(kind, "owners", owner=int)
        self._streams: Final = RowSet(kind, "wanted", stream_id=int)
        self._lock_wallets: Final = Prepared(kind, _lock_wallets(self._owners.source))
        self._lock_streams: Final = Prepared(
            kind,
            _streams(self._streams.source, t.streams.c.stream_id)
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
            kind, _streams(self._streams.source, t.streams.c.stream_id, t.streams.c.last_sequence)
        )
        self._writes: Final = (
            _WritesTogether(kind) if kind is DatabaseKind.POSTGRESQL else _WritesInTurn(kind)
        )

    def lock(
        self, connection: Connection, owners: Iterable[int], streams: Iterable[int], lane: int
    ) -> set[int] | None:
        """Take the locks in their order; the accounts of which the wallets are held now.

        None: all of them, SQLite's transaction holds the whole database already.
        """
        if self.kind is DatabaseKind.SQLITE:
            return None
        plan_again_while_growing(connection)
        taken = self._lock_wallets.run(connection, self._owners.params(_rows(owners)))
        if wanted := _rows(streams):
            self._lock_streams.run(connection, self._streams.params(wanted))
        self._lock_lane.run(connection, {"lane": lane})
        return {account for (account,) in taken}

    def read_lane(self, connection: Connection, lane: int) -> Row | None:
        """Position, last instant, floor, head, and the database's own clock (0 on SQLite)."""
        found = self._read_lane.run(connection, {"lane": lane})
        return found[0] if found else None

    def read_streams(self, connection: Connection, streams: Iterable[int]) -> Rows:
        """Each stream with its last sequence."""
        wanted = _rows(streams)
        params = self._streams.params(wanted)
        return self._read_streams.run(connection, params) if wanted else []

    def write(
        self,
        connection: Connection,
        rows: Mapping[str, Sequence[Row]],
        deltas: Deltas,
        lane: Mapping[str, Any],
    ) -> None:
        """Insert entries, postings, lots and lots' balances; raise what ``deltas`` names."""
        self._writes.run(connection, rows, deltas, lane)


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
            _add(name, rows.source).returning(literal_column("1")).cte(f"add_{name}")
            for name, rows in self._sets.items()
        ]
        moved = _move_lane().returning(literal_column("1")).cte("move_lane")
        self._usual: Final = Prepared(kind, select(literal(1)).add_cte(*plain, *adds, moved))
        self._issuing: Final = Prepared(
            kind, select(literal(1)).add_cte(*plain, *rare, *adds, moved)
        )

    def run(
        self,
        connection: Connection,
        rows: Mapping[str, Sequence[Row]],
        deltas: Deltas,
        lane: Mapping[str, Any],
    ) -> None:
        issuing = bool(rows["lots"])
        if issuing:
            rows, deltas = _with_first_deltas(rows, deltas)
        params: dict[str, Any] = dict(lane)
        for name, inserter in self._inserts.items():
            params |= inserter.params(rows[name])
        for name, rowset in self._sets.items():
            params |= rowset.params(_changes(deltas[name]))
        (self._issuing if issuing else self._usual).run(connection, params)


class _WritesInTurn:
    """SQLite, where a statement changes one table."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._inserts = {table.name: Inserter(kind, table) for table in _BOOKS}
        self._sets = {name: RowSet(kind, f"add_{name}", key=int, delta=int) for name in _ADDED}
        self._adds = {
            name: Prepared(kind, _add(name, rows.source)) for name, rows in self._sets.items()
        }
        self._move = Prepared(kind, _move_lane())

    def run(
        self,
        connection: Connection,
        rows: Mapping[str, Sequence[Row]],
        deltas: Deltas,
        lane: Mapping[str, Any],
    ) -> None:
        for name, inserter in self._inserts.items():
            inserter.insert(connection, rows[name])
        for name, add in self._adds.items():
            if changes := _changes(deltas[name]):
                add.run(connection, self._sets[name].params(changes))
        self._move.run(connection, lane)


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


def _streams(wanted: FromClause, *columns: Any) -> Select[Any]:
    return select(*columns).where(t.streams.c.stream_id.in_(select(wanted.c.stream_id)))


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


def _lock_wallets(owners: FromClause) -> Select[Any]:
    return (
        select(t.wallets.c.account_id)
        .where(t.wallets.c.owner.in_(select(owners.c.owner)))
        .order_by(t.wallets.c.account_id)
        .with_for_update(skip_locked=True)
    )


def _add(name: str, changes: FromClause) -> Update:
    table, key, column = _ADDED[name]
    return (
        update(table)
        .where(table.c[key] == changes.c.key)
        .values({column: table.c[column] + changes.c.delta})
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
