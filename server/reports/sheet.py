"""The transactions' CSV: one select writes every line, the same on both databases.

The database puts the lines together: a million rows of thirty cells are too many for Python, and
names are quoted where they stand once, among shops and terminals. Nothing but a chunk is in memory.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

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
_QUOTED: Final = (",", '"', "\r", "\n")
_ROWS: Final = 200
"""Some 64 KiB at once."""
_BINARY_HEAD, _BINARY_FIELD = 19, 6
"""Bytes of the head of a file in COPY's binary format, of a row's before its text."""


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
    statement = sheet_lines(connection, wanted, service_operator)
    if statement is None:
        return
    if connection.dialect.name == DatabaseKind.POSTGRESQL.value:
        yield from _chunks(_copied(connection, statement))
    else:
        yield from _chunks(_written(connection, statement))


def sheet_lines(
    connection: Connection, wanted: Wanted, service_operator: str
) -> Select[Any] | None:
    """Every line as it stands in the file; None where the search can find nothing."""
    found = parts(wanted)
    if not found:
        return None
    kind = DatabaseKind(connection.dialect.name)
    rows = with_names(union_all(*found).subquery("found"), _cell).subquery("named")
    c = rows.c
    operation = case(*((c.operation == int(o), ",".join(words)) for o, words in _TYPES.items()))
    use = c.operation == int(Operation.USE)
    back = c.operation == int(Operation.CANCEL_USE)
    made = (
        c.tran_id,
        _cell(literal(service_operator, Text())),
        c.service_cell,
        c.service_name,
        c.service_kind,
        operation,
        c.merchant_name,
        c.merchant_id,
        c.shop_name,
        c.shop_cell,
        c.terminal_name,
        c.terminal_id,
        literal("1", Text()),
        c.user_id,
        c.amount,
        c.before_value,
        c.after_value,
        _cell(c.note1),
        _cell(c.note2),
        _cell(c.note3),
        c.target_amount,
        c.target_id,
        case((use, c.user_id), (back, c.terminal_id), else_=None),
        case((use, c.terminal_id), (back, c.user_id), else_=None),
        c.closed,
        c.status,
        _stamp(kind, c.at),
        _stamp(kind, c.updated_at),
    )
    line = _joined(kind, made).label("line")
    return select(line).select_from(rows).order_by(c.at, c.tran_id)


def _copied(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    """PostgreSQL's binary COPY: whatever is in a name, the bytes come as they are."""
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.driver_connection
    sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    # the statement's text is ours; its only foreign values are ids that ``check`` has let through
    sql = sql.replace("%%", "%")
    with driver.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as copy:
        skipped = _BINARY_HEAD + _BINARY_FIELD
        for data in copy:  # one message a row; the first one has the file's head in front
            if len(data) > skipped:  # the end is shorter, also where it follows the head at once
                yield bytes(data[skipped:])
                skipped = _BINARY_FIELD


def _written(connection: Connection, statement: Select[Any]) -> Iterator[bytes]:
    for (line,) in stream_rows(connection, statement):
        yield line.encode()


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    while some := list(islice(lines, _ROWS)):
        yield b"\r\n".join(some) + b"\r\n"


def _joined(kind: DatabaseKind, cells: Sequence[Any]) -> Any:
    """With commas between; a cell that is not there is empty."""
    if kind is DatabaseKind.POSTGRESQL:
        between = [part for cell in cells for part in (cell, literal(",", Text()))]
        return func.concat(*between[:-1])
    texts: list[Any] = [func.coalesce(cast(cell, Text()), "") for cell in cells]
    return reduce(lambda line, cell: line + literal(",", Text()) + cell, texts)


def _cell(value: Any) -> Any:
    """A text as RFC 4180 has it, quoted where it has to be; none that a spreadsheet takes for a
    formula."""
    safe = case((func.substr(value, 1, 1).in_(_FORMULA), literal("'", Text()) + value), else_=value)
    odd = or_(*(value.contains(sign, autoescape=True) for sign in _QUOTED))
    quoted = literal('"', Text()) + func.replace(safe, '"', '""') + literal('"', Text())
    return case((odd, quoted), else_=safe)


def _stamp(kind: DatabaseKind, micros: Any) -> Any:
    """``2024/06/03 10:00:00`` in Japan."""
    seconds = micros // 1_000_000 + _TOKYO_SECONDS
    if kind is DatabaseKind.SQLITE:
        return func.strftime("%Y/%m/%d %H:%M:%S", seconds, "unixepoch")
    at = func.timezone("UTC", func.to_timestamp(seconds))
    return func.translate(cast(at, Text()), "-", "/")  # to_char takes three times as long
