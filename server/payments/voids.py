"""Voids in a chain per terminal: no entry covers them, and a changed one must show all the same.

void:    ``choba-void-v1`` ‖ digest of the terminal's void before 32 ‖ terminal 8 ‖ number 8 ‖
         sale 8 ‖ decided at 8
genesis: ``choba-voids-v1`` ‖ terminal 8
"""

import hashlib
import struct
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, insert, select

from protos.units import Micros, SaleNumber, TerminalNumber
from server.db.schema import payments as t
from server.db.streams import stream_rows
from server.payments.types import SaleState

_VOID: Final = struct.Struct(">qqqq")


def void_genesis(terminal: int) -> bytes:
    """The digest before a terminal's first void."""
    return hashlib.sha256(b"choba-voids-v1" + struct.pack(">q", terminal)).digest()


def void_digest(previous: bytes, terminal: int, number: int, sale: int, at: int) -> bytes:
    """32 bytes over a void and every one before it at its terminal."""
    facts = _VOID.pack(terminal, number, sale, at)
    return hashlib.sha256(b"choba-void-v1" + previous + facts).digest()


def chain_void(
    connection: Connection, terminal: TerminalNumber, sale: SaleNumber, at: Micros
) -> None:
    """Continue the terminal's chain. The caller holds its stream and has written the outcome."""
    v = t.sale_voids.c
    last = connection.execute(
        select(v.number, v.digest)
        .where(v.terminal_number == terminal)
        .order_by(v.number.desc())
        .limit(1)
    ).one_or_none()
    number, before = (1, void_genesis(terminal)) if last is None else (last[0] + 1, bytes(last[1]))
    connection.execute(
        insert(t.sale_voids).values(
            terminal_number=terminal,
            number=number,
            sale_number=sale,
            digest=void_digest(before, terminal, number, sale, at),
        )
    )


def verify_voids(connection: Connection) -> Iterator[str]:
    """What does not hold between void outcomes and their chains."""
    v, o = t.sale_voids.c, t.sale_outcomes.c
    on = (v.terminal_number == o.terminal_number) & (v.sale_number == o.sale_number)
    terminal, expected, digest = 0, 1, b""
    for at_terminal, number, sale, written, state, decided_at, paid in stream_rows(
        connection,
        select(
            v.terminal_number,
            v.number,
            v.sale_number,
            v.digest,
            o.state,
            o.decided_at,
            o.payment_id,
        )
        .join_from(t.sale_voids, t.sale_outcomes, on, isouter=True)
        .order_by(v.terminal_number, v.number),
    ):
        if at_terminal != terminal:
            terminal, expected, digest = at_terminal, 1, void_genesis(at_terminal)
        where = f"terminal number {terminal} sale {sale} (void {number})"
        if state != SaleState.VOID.value or paid is not None:
            yield f"{where}: its outcome says something else, or is gone"
        elif number != expected:
            yield f"{where}: follows void {expected - 1}"
        elif void_digest(digest, terminal, number, sale, decided_at) != written:
            yield f"{where}: differs from its chain"
        expected, digest = number + 1, written
    for at_terminal, sale in stream_rows(
        connection,
        select(o.terminal_number, o.sale_number).where(
            o.state == SaleState.VOID.value, ~select(v.number).where(on).exists()
        ),
    ):
        yield f"terminal number {at_terminal} sale {sale}: is void, but not in the chain of voids"
