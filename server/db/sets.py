"""Statements over many rows at once, the same shape on both databases.

A batch of payments costs a fixed number of statements, so rows travel as one parameter: arrays
with ``unnest`` on PostgreSQL, one JSON text with ``json_each`` on SQLite.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    FromClause,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from server.db.database import DatabaseKind

Row = Sequence[Any]


class RowSet:
    """Named columns of rows that a prebuilt statement takes as parameters.

    ``source`` goes into the statement once; ``params`` makes the values of one call. No binary
    columns: JSON has none.
    """

    def __init__(self, kind: DatabaseKind, name: str, **columns: type[int] | type[str]) -> None:
        self._kind = kind
        self._name = name
        self._columns = columns
        self.source: Final[FromClause] = (
            self._arrays() if kind is DatabaseKind.POSTGRESQL else self._json()
        )

    def params(self, rows: Iterable[Row]) -> dict[str, Any]:
        """Values for the columns, in the order in which they were named."""
        if self._kind is DatabaseKind.SQLITE:
            return {self._name: json.dumps(list(rows), ensure_ascii=False)}
        turned = list(zip(*rows, strict=True)) or [()] * len(self._columns)
        return {
            f"{self._name}_{column}": list(values)
            for column, values in zip(self._columns, turned, strict=True)
        }

    def _arrays(self) -> FromClause:
        arrays = [
            cast(bindparam(f"{self._name}_{column}"), postgresql.ARRAY(_sql_type(kind)))
            for column, kind in self._columns.items()
        ]
        named = func.unnest(*arrays).table_valued(
            *(Column(column, _sql_type(kind)) for column, kind in self._columns.items()),
            name=self._name,
        )
        return named.render_derived()

    def _json(self) -> FromClause:
        each = func.json_each(bindparam(self._name)).table_valued(
            Column("value", Text), name=f"{self._name}_json"
        )
        return select(
            *(
                func.json_extract(each.c.value, f"$[{index}]", type_=_sql_type(kind)).label(column)
                for index, (column, kind) in enumerate(self._columns.items())
            )
        ).subquery(self._name)


class Inserter:
    """Inserts many rows of one table in one statement, from tuples in the table's column order."""

    def __init__(self, kind: DatabaseKind, table: Table) -> None:
        self._names = [column.name for column in table.columns]
        self._kind = kind
        self._driver_sql = ""
        if kind is DatabaseKind.SQLITE:
            # executemany of the driver: a loop in C over one prepared statement
            self._driver_sql = str(insert(table).compile(dialect=sqlite.dialect()))
        self._statement = _from_arrays(table)
        first = next(iter(table.columns))
        self._skipping = self._statement.on_conflict_do_nothing().returning(first)

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows. Raises IntegrityError when one is refused by a constraint."""
        if not rows:
            return
        if self._kind is DatabaseKind.SQLITE:
            connection.exec_driver_sql(self._driver_sql, list(rows))
        else:
            connection.execute(self._statement, self._arrays(rows))

    def insert_new(self, connection: Connection, rows: Sequence[Row]) -> bool:
        """Insert all rows unless one is there already; False: some were, roll back.

        SQLite's writer holds the whole database, so what was read in this transaction still
        holds and a conflict is a bug; it raises IntegrityError.
        """
        if not rows:
            return True
        if self._kind is DatabaseKind.SQLITE:
            self.insert(connection, rows)
            return True
        inserted = connection.execute(self._skipping, self._arrays(rows)).all()
        return len(inserted) == len(rows)

    def _arrays(self, rows: Sequence[Row]) -> dict[str, Any]:
        turned = zip(*rows, strict=True)
        return {f"a_{name}": list(values) for name, values in zip(self._names, turned, strict=True)}


def _from_arrays(table: Table) -> postgresql.Insert:
    arrays = [
        cast(bindparam(f"a_{column.name}"), postgresql.ARRAY(column.type))
        for column in table.columns
    ]
    rows = (
        func.unnest(*arrays)
        .table_valued(*(Column(column.name, column.type) for column in table.columns), name="rows")
        .render_derived()
    )
    names = [column.name for column in table.columns]
    return postgresql.insert(table).from_select(names, select(*rows.c))


def _sql_type(kind: type[int] | type[str]) -> TypeEngine[Any]:
    return BigInteger() if kind is int else Text()
