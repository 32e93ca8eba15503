"""Several statements in one round trip (PostgreSQL's pipeline mode), on the driver's connection.

A batch of payments reads seven things and writes two. One by one each answer is waited for, and
after each wait this thread has to get the interpreter's lock back from the threads that talk to
customers: the waits took four times as long as the work. psycopg's own pipeline waits once for
each statement all the same, so this speaks to libpq directly, through psycopg's documented wrapper.
"""

import select
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import errors, pq
from psycopg.pq.abc import PGconn, PGresult

Rows = list[tuple[Any, ...]]

_BIGINT: Final = 20
_UNKNOWN: Final = 0
"""Of this type a parameter is whatever its place in the statement asks for."""


def run_in_one_trip(
    driver: "psycopg.Connection[Any]",
    prepared: MutableMapping[str, bytes],
    statements: Sequence[tuple[str, Sequence[Any]]],
    *,
    in_transaction: bool = True,
) -> list[Rows]:
    """Each statement's rows; [] for one that returns none. Placeholders are ``$1``.

    In the transaction that runs, or in one that is begun as the driver begins it;
    ``in_transaction`` False: in one that ends with the trip. The server runs
    each statement only after the one before it has ended, so locks hold for what is read behind
    them. When one fails, those behind it are not run. ``prepared``: the connection's statements by
    their text, kept by the caller as long as the connection lives.
    Values are numbers, texts, bytes or None. Raises psycopg.Error, TypeError.
    """
    encoded = [(sql, [_encoded(value) for value in values], values) for sql, values in statements]
    connection = driver.pgconn
    new: dict[str, bytes] = {}
    sent: list[str | None] = []
    """Of each command: the statement that it prepares, or none."""
    asked: list[int] = []
    """Which commands are the statements themselves."""
    begins = in_transaction and connection.transaction_status == pq.TransactionStatus.IDLE
    connection.enter_pipeline_mode()
    try:
        if begins:
            connection.send_query_params(b"BEGIN", None)
            sent.append(None)
        for text, params, values in encoded:
            name = prepared.get(text) or new.get(text)
            if name is None:
                name = new[text] = b"choba_%d" % (len(prepared) + len(new))
                connection.send_prepare(name, text.encode(), [_type(value) for value in values])
                sent.append(text)
            connection.send_query_prepared(name, params)
            asked.append(len(sent))
            sent.append(None)
        connection.pipeline_sync()
        results = _results(connection, len(sent))
    finally:
        if connection.status != pq.ConnStatus.BAD:
            connection.exit_pipeline_mode()
    for sql, result in zip(sent, results, strict=True):
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)
        if sql is not None:  # it stays prepared whatever becomes of the transaction
            prepared[sql] = new[sql]
    return [_rows(results[i]) for i in asked]


def _results(connection: PGconn, commands: int) -> list[PGresult]:
    """The result of each command; waits without the interpreter's lock."""
    ready = select.poll()
    ready.register(connection.socket, select.POLLIN)
    sending = select.poll()
    sending.register(connection.socket, select.POLLIN | select.POLLOUT)
    while connection.flush():
        # what comes back is taken meanwhile: a server that cannot answer does not listen either
        if any(event & ~select.POLLOUT for _, event in sending.poll()):
            connection.consume_input()
    results: list[PGresult] = []
    while True:
        while connection.is_busy():
            ready.poll()
            connection.consume_input()
        result = connection.get_result()
        if result is None:  # between the results of two commands
            if connection.status == pq.ConnStatus.BAD:
                raise errors.OperationalError(connection.get_error_message())
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            break
        results.append(result)
    assert len(results) == commands, "libpq gives one result for each command"
    return results


def _rows(result: PGresult) -> Rows:
    decode = [_DECODERS.get(result.ftype(i), _text) for i in range(result.nfields)]
    value = result.get_value
    return [
        tuple(
            [
                None if (raw := value(row, column)) is None else decoded(raw)
                for column, decoded in enumerate(decode)
            ]
        )
        for row in range(result.ntuples)
    ]


def _encoded(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if value is None:
        return None
    raise TypeError(f"statement: no parameter may be a {type(value).__name__}")


def _type(value: Any) -> int:
    return _BIGINT if isinstance(value, int) else _UNKNOWN


def _text(raw: bytes) -> str:
    return raw.decode()


def _bytes(raw: bytes) -> bytes:
    return bytes.fromhex(raw[2:].decode())


def _bool(raw: bytes) -> bool:
    return raw == b"t"


_DECODERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    16: _bool,
    17: _bytes,
    20: int,
    21: int,
    23: int,
}
"""By the type's number in pg_type (boolean, bytea, bigint, smallint, integer); others are texts."""
