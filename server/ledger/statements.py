"""The engine's statements, built once per database."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select, Update, bindparam, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import Executable

from server.db.database import DatabaseKind
from server.db.schema import ledger as t
from server.db.sets import Inserter, RowSet


class EngineStatements:
    """Everything ``post`` sends, whatever the batch holds."""

    def __init__(self, kind: DatabaseKind) -> None:
        self.kind: Final = kind
        self.owners: Final = RowSet(kind, "owners", owner=int)
        self.streams: Final = RowSet(kind, "wanted", stream_id=int)
        self.lock_wallets: Final = _lock_wallets(self.owners)
        self.lock_streams: Final[Select[Any]] = (
            select(t.streams.c.stream_id)
            .where(t.streams.c.stream_id.in_(select(self.streams.source.c.stream_id)))
            .order_by(t.streams.c.stream_id)
            .with_for_update()
        )
        self.lock_lane: Final[Select[Any]] = (
            select(t.lanes.c.lane_id)
            .where(t.lanes.c.lane_id == bindparam("lane"))
            .with_for_update()
        )
        self.read_lane: Final[Select[Any]] = select(
            t.lanes.c.position, t.lanes.c.last_instant, t.lanes.c.floor, t.lanes.c.head
        ).where(t.lanes.c.lane_id == bindparam("lane"))
        self.read_streams: Final[Select[Any]] = select(
            t.streams.c.stream_id, t.streams.c.last_sequence
        ).where(t.streams.c.stream_id.in_(select(self.streams.source.c.stream_id)))
        self.entries: Final = Inserter(kind, t.entries)
        self.postings: Final = Inserter(kind, t.postings)
        self.lots: Final = Inserter(kind, t.lots)
        self.lot_balances: Final = Inserter(kind, t.lot_balances)
        self._changes: Final = RowSet(kind, "change", key=int, delta=int)
        self._add: Final = {
            "wallets": _add(kind, t.wallets, "account_id", "balance", self._changes),
            "lot_balances": _add(kind, t.lot_balances, "lot_id", "remaining", self._changes),
            "streams": _add(kind, t.streams, "stream_id", "last_sequence", self._changes),
        }
        self._add_sql: Final = {
            table: _sqlite_text(statement)
            for table, statement in self._add.items()
            if kind is DatabaseKind.SQLITE
        }
        self.move_lane: Final = (
            update(t.lanes)
            .where(t.lanes.c.lane_id == bindparam("lane"))
            .values(
                position=bindparam("new_position"),
                last_instant=bindparam("new_instant"),
                head=bindparam("new_head"),
            )
        )

    def add(self, connection: Connection, table: str, deltas: Iterable[tuple[int, int]]) -> None:
        """Raise (or lower) one column of many rows by each row's own delta."""
        rows = sorted((key, delta) for key, delta in deltas if delta)
        if not rows:
            return
        if self.kind is DatabaseKind.SQLITE:
            # executemany of the driver: a loop in C over one prepared statement
            turned = [(delta, key) for key, delta in rows]
            connection.exec_driver_sql(self._add_sql[table], turned)
        else:
            connection.execute(self._add[table], self._changes.params(rows))


def _lock_wallets(owners: RowSet) -> Executable:
    """Take each customer's wallets; a customer of whom one is taken elsewhere is not ``free``."""
    wanted = select(owners.source.c.owner)
    taken = (
        select(t.wallets.c.account_id)
        .where(t.wallets.c.owner.in_(wanted))
        .order_by(t.wallets.c.account_id)
        .with_for_update(skip_locked=True)
        .cte("taken")
    )
    return (
        select(t.wallets.c.owner)
        .join_from(t.wallets, taken, t.wallets.c.account_id == taken.c.account_id, isouter=True)
        .where(t.wallets.c.owner.in_(wanted), taken.c.account_id.is_(None))
        .distinct()
    )


def _add(kind: DatabaseKind, table: Any, key: str, column: str, changes: RowSet) -> Update:
    if kind is DatabaseKind.SQLITE:
        return (
            update(table)
            .where(table.c[key] == bindparam("k"))
            .values({column: table.c[column] + bindparam("d")})
        )
    return (
        update(table)
        .where(table.c[key] == changes.source.c.key)
        .values({column: table.c[column] + changes.source.c.delta})
    )


def _sqlite_text(statement: Update) -> str:
    """Its text with the delta first, then the key, as the statement names them."""
    compiled = statement.compile(dialect=sqlite.dialect())
    assert compiled.positiontup == ["d", "k"], "add: delta, then key"
    return str(compiled)
