"""Statements over many rows at once, the same shape on both databases.

A batch of payments costs a fixed number of statements, so rows travel as one parameter: arrays
with ``unnest`` on PostgreSQL, one JSON text with ``json_each`` on SQLite. Arrays go as their text,
put together here: the driver's own way took three times as long as the payment's rules.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import NullType, TypeEngine

from server.db.kinds import DatabaseKind
from server.db.prepared import Prepared, Statement, run_all

Row = Sequence[Any]
_SQLITE_ROWS: Final = 64
"""Rows in one INSERT on SQLite: one call of the library for all of them, and a text for each
number of rows that the connection's cache of statements has room for."""


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
        turned: list[Row] = list(zip(*rows, strict=True)) or [()] * len(self._columns)
        return {
            f"{self._name}_{column}": (_numbers if of is int else _texts)(values)
            for (column, of), values in zip(self._columns.items(), turned, strict=True)
        }

    def among(self, column: Column[Any]) -> ColumnElement[bool]:
        """That a column is one of those in the first column of the rows.

        On PostgreSQL each value is looked up in the column's index. With a subquery the planner,
        which takes a hundred rows for granted, may read the table instead.
        """
        name, kind = next(iter(self._columns.items()))
        if self._kind is DatabaseKind.SQLITE:
            return column.in_(select(self.source.c[name]))
        values = bindparam(f"{self._name}_{name}", type_=NullType())
        return column == func.any(cast(values, postgresql.ARRAY(_sql_type(kind))))

    def one_each(self, table: Table, *conditions: ColumnElement[bool]) -> tuple[FromClause, Any]:
        """A table's row with the same key as each of the rows, for those that have one: what to
        select from, and its columns. A key is all columns of the rows, by their names.

        On PostgreSQL one row after the other goes through the key's index.
        """
        same = and_(*(table.c[name] == self.source.c[name] for name in self._columns), *conditions)
        if self._kind is DatabaseKind.SQLITE:
            return self.source.join(table, same), table.c
        one = select(table).where(same).limit(literal_column("1")).lateral(f"of_{table.name}")
        return self.source.join(one, true()), one.c

    def _arrays(self) -> FromClause:
        return _unnested(
            self._name,
            [(c, f"{self._name}_{c}", _sql_type(kind)) for c, kind in self._columns.items()],
        )

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
        self._kind = kind
        self._table = table
        self._names: Final = tuple(column.name for column in table.columns)
        self._insert = _from_arrays(table)
        first = next(iter(table.columns))
        self._plain = self._skipping = None
        if kind is DatabaseKind.POSTGRESQL:
            self._plain = Prepared(kind, self._insert)
            self._skipping = Prepared(kind, self._insert.on_conflict_do_nothing().returning(first))
        self._encoders: Final = [
            (f"{table.name}_{column.name}", _encoder(column)) for column in table.columns
        ]

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert all rows. Raises IntegrityError when one is refused by a constraint."""
        run_all(connection, self.statements(rows))

    def statements(self, rows: Sequence[Row]) -> list[Statement]:
        """What ``insert`` runs: one statement, on SQLite one for each 64 rows."""
        if not rows:
            return []
        if self._plain is not None:
            return [self._plain.statement(self.params(rows))]
        return [
            Statement(
                _values_sql(self._table.name, self._names, len(chunk)),
                [value for row in chunk for value in row],
            )
            for chunk in (rows[i : i + _SQLITE_ROWS] for i in range(0, len(rows), _SQLITE_ROWS))
        ]

    def insert_new(self, connection: Connection, rows: Sequence[Row]) -> bool:
        """Insert all rows unless one is there already; False: some were, roll back.

        SQLite's writer holds the whole database, so what was read in this transaction still
        holds and a conflict is a bug; it raises IntegrityError.
        """
        if not rows:
            return True
        if self._skipping is None:
            self.insert(connection, rows)
            return True
        return len(self._skipping.run(connection, self.params(rows))) == len(rows)

    def params(self, rows: Sequence[Row]) -> dict[str, Any]:
        """The rows as parameters of ``part`` (PostgreSQL)."""
        turned: Iterable[Row] = zip(*rows, strict=True) if rows else [()] * len(self._encoders)
        return {
            name: encode(values)
            for (name, encode), values in zip(self._encoders, turned, strict=True)
        }

    def part(self, *, new: bool = False) -> CTE:
        """The insert as a part of a larger statement (PostgreSQL). ``new``: rows that are there
        already are left out; the part's own rows are those that were inserted."""
        statement = self._insert.on_conflict_do_nothing() if new else self._insert
        first = next(iter(self._table.columns))
        return statement.returning(first).cte(f"insert_{self._table.name}")


@lru_cache(maxsize=4096)
def _values_sql(table: str, names: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {', '.join([row] * rows)}"  # noqa: S608


def _from_arrays(table: Table) -> postgresql.Insert:
    columns = [(c.name, f"{table.name}_{c.name}", c.type) for c in table.columns]
    rows = _unnested(f"new_{table.name}", columns)
    return postgresql.insert(table).from_select([c.name for c in table.columns], select(*rows.c))


def _unnested(name: str, columns: Sequence[tuple[str, str, TypeEngine[Any]]]) -> FromClause:
    # without a type of its own the parameter is taken for what it is cast to
    arrays = [
        cast(bindparam(param, type_=NullType()), postgresql.ARRAY(kind))
        for _, param, kind in columns
    ]
    return (
        func.unnest(*arrays)
        .table_valued(*(Column(column, kind) for column, _, kind in columns), name=name)
        .render_derived()
    )


def _sql_type(kind: type[int] | type[str]) -> TypeEngine[Any]:
    return BigInteger() if kind is int else Text()


def _encoder(column: Column[Any]) -> Callable[[Row], str]:
    if isinstance(column.type, LargeBinary):
        encode = _bytes
    elif isinstance(column.type, Integer):
        encode = _numbers
    else:
        encode = _texts
    return _with_nulls(encode) if column.nullable else encode


def _numbers(values: Row) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _texts(values: Row) -> str:
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * max(len(values) - 1, 0):
        joined = '","'.join(v.replace("\\", "\\\\").replace('"', '\\"') for v in values)
    return f'{{"{joined}"}}' if values else "{}"


def _bytes(values: Row) -> str:
    joined = '","\\\\x'.join([value.hex() for value in values])
    return f'{{"\\\\x{joined}"}}' if values else "{}"


def _with_nulls(encode: Callable[[Row], str]) -> Callable[[Row], str]:
    def nulls_too(values: Row) -> str:
        if None not in values:
            return encode(values)
        # each by itself: a text "NULL" stays a text, in its quotes
        return f"{{{','.join('NULL' if v is None else encode((v,))[1:-1] for v in values)}}}"

    return nulls_too
