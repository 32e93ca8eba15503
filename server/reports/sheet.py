"""The transactions' CSV: one select writes every cell, the same on both databases.

On PostgreSQL the database makes the lines itself (COPY), on SQLite Python's ``csv`` does; both
quote only where RFC 4180 has to, so the bytes are the same. Nothing but a chunk is in memory.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import psycopg
from sqlalchemy import BigInteger, Connection, Select, Text, case, func, literal, select, union_all

from server.db import DatabaseKind
from server.db.streams import stream_rows
from server.ledger import Operation
from server.reports.rows import Wanted, parts, with_names
from server.reports.searching import check

HEADER: Final = (
    "tranId",
    "serviceOperatorId",
    "serviceId",
    "serviceDisplayName",
    "serviceType",
    "operationType",
    "operationId",
    "operationName",
    "merchantDisplayName",
    "merchantId",
    "shopDisplayName",
    "shopId",
    "terminalDisplayName",
    "terminalId",
    "terminalType",
    "uid",
    "amount",
    "beforeValue",
    "afterValue",
    "note1",
    "note2",
    "note3",
    "targetAmount",
    "targetTranId",
    "from",
    "to",
    "closed",
    "status",
    "createdAt",
    "updatedAt",
)
_TYPES: Final = {
    Operation.USE: ("SUB", "OP1", "利用"),
    Operation.GRANT: ("ADD", "OP2", "付与"),
    Operation.CHARGE: ("ADD", "OP3", "チャージ"),
    Operation.CANCEL_USE: ("CANCEL", "OP4", "利用キャンセル"),
    Operation.CANCEL_GRANT: ("CANCEL", "OP5", "付与キャンセル"),
}
OPERATION_NAMES: Final = {operation: words[2] for operation, words in _TYPES.items()}
"""As people read them, on screens and in the CSV."""
_FORMULA: Final = ("=", "+", "-", "@")
_TOKYO_SECONDS: Final = 9 * 3600
"""Japan has kept UTC+9 without summer time since 1952."""
_CHUNK: Final = 1 << 16
_ROWS: Final = 500


def transactions_csv(
    connection: Connection, wanted: Wanted, service_operator: str
) -> Iterator[bytes]:
    """The whole file in chunks of some 64 KiB, oldest row first.

    UTF-8 with BOM, CRLF. ``service_operator``: the id of who runs the services, for its column.
    Run it in a transaction that is one snapshot (``long_snapshot``).
    Raises Refusal FIELD, PERIOD.
    """
    check(wanted)
    yield ("\ufeff" + ",".join(HEADER) + "\r\n").encode()
    statement = cells(connection, wanted, service_operator)
    if statement is None:
        return
    if connection.dialect.name == DatabaseKind.POSTGRESQL.value:
        yield from _copied(connection, statement)
    else:
        yield from _written(connection, statement)


def cells(connection: Connection, wanted: Wanted, service_operator: str) -> Select[Any] | None:
    """Every cell as it stands in the file; None where the search can find nothing."""
    found = parts(wanted)
    if not found:
        return None
    rows = with_names(union_all(*found).subquery("found")).subquery("named")
    c = rows.c
    words = {
        index: case(*((c.operation == int(o), w[index]) for o, w in _TYPES.items()))
        for index in range(3)
    }
    uses, backs = c.operation == int(Operation.USE), c.operation == int(Operation.CANCEL_USE)
    stamp = _postgresql_stamp if connection.dialect.name == "postgresql" else _sqlite_stamp
    made = (
        c.tran_id,
        _text(literal(service_operator, Text())),
        _text(c.service_id),
        _text(c.service_name),
        c.service_kind,
        words[0],
        words[1],
        words[2],
        _text(c.merchant_name),
        _text(c.merchant_id),
        _text(c.shop_name),
        _text(c.shop_id),
        _text(c.terminal_name),
        _text(c.terminal_id),
        literal(1, BigInteger()),
        c.user_id,
        c.amount,
        c.before_value,
        c.after_value,
        _text(c.note1),
        _text(c.note2),
        _text(c.note3),
        c.target_amount,
        c.target_id,
        case((uses, c.user_id), (backs, _text(c.terminal_id)), else_=None),
        case((uses, _text(c.terminal_id)), (backs, c.user_id), else_=None),
        c.closed,
        c.status,
        stamp(c.at),
        stamp(c.updated_at),
    )
    return (
        select(*(cell.label(f"c{n}") for n, cell in enumerate(made)))
        .select_from(rows)
        .order_by(c.at, c.tran_id)
    )


def _copied(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    if not connection.in_transaction():
        connection.begin()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    lines: list[bytes] = []
    size = 0
    # the statement's text is ours; its only foreign values are ids that ``check`` has let through
    with driver.cursor() as cursor, cursor.copy(_copy(sql)) as copy:
        for data in copy:
            line = bytes(data)
            lines.append(line[:-1])  # the server ends a line of CSV with LF, one message each
            size += len(line)
            if size >= _CHUNK:
                yield b"\r\n".join(lines) + b"\r\n"
                lines.clear()
                size = 0
    if lines:
        yield b"\r\n".join(lines) + b"\r\n"


def _copy(sql: str) -> Any:
    return f"COPY ({sql.replace('%%', '%')}) TO STDOUT (FORMAT csv)"


def _written(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for count, row in enumerate(stream_rows(connection, statement), start=1):
        writer.writerow(row)
        if count % _ROWS == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    if rest := out.getvalue():
        yield rest.encode()


def _text(value: Any) -> Any:
    """No formula for a spreadsheet; nothing at all where it is empty, so that neither database
    writes quotes around nothing."""
    first = func.substr(value, 1, 1)
    return case(
        (value == "", None), (first.in_(_FORMULA), literal("'", Text()) + value), else_=value
    )


def _sqlite_stamp(micros: Any) -> Any:
    """``2024/06/03 10:00:00`` in Japan."""
    return func.strftime("%Y/%m/%d %H:%M:%S", micros / 1_000_000 + _TOKYO_SECONDS, "unixepoch")


def _postgresql_stamp(micros: Any) -> Any:
    at = func.to_timestamp(micros / 1_000_000 + _TOKYO_SECONDS)
    return func.to_char(func.timezone("UTC", at), "YYYY/MM/DD HH24:MI:SS")
