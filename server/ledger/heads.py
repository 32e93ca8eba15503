"""Signing where the lanes stand: hourly, on demand, and whoever closes calls it then."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, insert, select

from protos.units import Micros
from server.clock import HOUR
from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.accounts import allocate, lock_counter, register_head
from server.ledger.head_keys import HeadKey
from server.ledger.head_statement import NOTHING_BEFORE, LaneHead, SignedHead, Statement

SIGN_EVERY: Final = HOUR
_COUNTER: Final = "signed_head"


def sign_heads(connection: Connection, key: HeadKey, now: Micros) -> SignedHead:
    """Sign all lanes as this transaction sees them and add it to the books.

    One at a time: the counter's row is held until the transaction ends.
    """
    lock_counter(connection, _COUNTER)
    last = _last(connection)
    return _sign(connection, key, now, last)


def sign_heads_if_due(
    connection: Connection, key: HeadKey, now: Micros, every: int = SIGN_EVERY
) -> SignedHead | None:
    """``sign_heads`` when the last signature is ``every`` µs old; any number of servers may ask."""
    lock_counter(connection, _COUNTER)
    last = _last(connection)
    if last is not None and now - last[1] < every:
        return None
    return _sign(connection, key, now, last)


def signed_heads_after(connection: Connection, number: int, limit: int) -> list[SignedHead]:
    """Signed heads with a higher number, oldest first, at most ``limit``."""
    h = t.signed_heads
    rows = connection.execute(
        select(h.c.statement, h.c.signature)
        .where(h.c.number > number)
        .order_by(h.c.number)
        .limit(limit)
    )
    return [SignedHead(row.statement, bytes(row.signature)) for row in rows]


def all_signed_heads(connection: Connection) -> Iterator[SignedHead]:
    """All of them, oldest first."""
    h = t.signed_heads
    for statement, signature in stream_rows(
        connection, select(h.c.statement, h.c.signature).order_by(h.c.number)
    ):
        yield SignedHead(statement, signature)


def _last(connection: Connection) -> tuple[SignedHead, int] | None:
    h = t.signed_heads
    row = connection.execute(
        select(h.c.statement, h.c.signature, h.c.signed_at).order_by(h.c.number.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (SignedHead(row.statement, bytes(row.signature)), row.signed_at)


def _sign(
    connection: Connection, key: HeadKey, now: Micros, last: tuple[SignedHead, int] | None
) -> SignedHead:
    number = allocate(connection, _COUNTER)[0]
    identity = connection.execute(select(t.identity)).one()
    accounts, digest = register_head(connection)
    lanes = connection.execute(select(t.lanes).order_by(t.lanes.c.lane_id))
    statement = Statement(
        identity.ledger_id,
        identity.created_at,
        number,
        now,
        NOTHING_BEFORE if last is None else last[0].digest(),
        key.key_id,
        key.public,
        accounts,
        digest,
        tuple(
            LaneHead(row.lane_id, row.position, row.last_instant, bytes(row.head)) for row in lanes
        ),
    )
    text = statement.text()
    signed = SignedHead(text, key.sign(text.encode("ascii")))
    connection.execute(
        insert(t.signed_heads).values(
            number=number,
            signed_at=now,
            key_id=key.key_id,
            statement=text,
            signature=signed.signature,
        )
    )
    return signed
