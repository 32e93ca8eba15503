"""Writes at the counter that move no money: claim, release, void. Each is one transaction.

All of them hold the terminal first, as payments do, so that none slips between a payment's look
at the sale and its commit.
"""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from protos.units import Micros, SaleNumber, TerminalNumber, UserId, Yen
from server.checkpoints import Checkpoint, CheckpointPort
from server.db import DatabaseKind
from server.db.schema import payments as t
from server.directory import terminal_by_number
from server.ledger import StreamId, lock_stream
from server.payments.claims import (
    Claimed,
    ClaimRequest,
    release_claim,
    take_claim,
    void_claim,
)
from server.payments.refusals import RefusalCode, Refused
from server.payments.rules import sale_taken
from server.payments.settings import ClaimLimits
from server.payments.tickets import Ticket
from server.payments.types import ClaimChange, SaleState
from server.payments.voids import chain_void

__all__ = ["Claimed", "claim", "release", "void"]


def claim(
    connection: Connection,
    *,
    user: UserId,
    ticket: Ticket,
    amount: Yen,
    at: Micros,
    limits: ClaimLimits,
    checkpoint: CheckpointPort,
) -> Claimed | Refused:
    """Take or renew a claim of an open sale. Raises ClaimRaced: try again."""
    lock_stream(connection, StreamId(ticket.terminal))
    terminal = terminal_by_number(connection, ticket.terminal)
    if terminal is None or terminal.number != ticket.terminal:
        return Refused(RefusalCode.TERMINAL_RETIRED, at=at)
    taken = sale_taken(_state(connection, ticket.terminal, ticket.sale), at)
    if taken is not None:
        return taken
    request = ClaimRequest(user, ticket.terminal, terminal.terminal_id, ticket.sale, amount, at)
    claimed = take_claim(connection, request, limits)
    checkpoint(Checkpoint.CLAIM_BEFORE_COMMIT)
    return claimed


def release(
    connection: Connection, *, user: UserId, ticket: Ticket, at: Micros
) -> tuple[ClaimChange, ...]:
    """Let a claim go; nothing when this customer does not hold it."""
    lock_stream(connection, StreamId(ticket.terminal))
    terminal = terminal_by_number(connection, ticket.terminal)
    if terminal is None:
        return ()
    request = ClaimRequest(
        user, ticket.terminal, terminal.terminal_id, ticket.sale, ticket.amount, at
    )
    return release_claim(connection, request)


def void(
    connection: Connection,
    *,
    terminal: TerminalNumber,
    sale: SaleNumber,
    at: Micros,
    checkpoint: CheckpointPort,
) -> None:
    """Write "void" where nothing is; a payment that was faster stays."""
    lock_stream(connection, StreamId(terminal))
    postgres = connection.dialect.name == DatabaseKind.POSTGRESQL.value
    statement = (postgresql.insert if postgres else sqlite.insert)(t.sale_outcomes).values(
        terminal_number=terminal,
        sale_number=sale,
        state=SaleState.VOID.value,
        payment_id=None,
        decided_at=at,
    )
    first = statement.on_conflict_do_nothing().returning(t.sale_outcomes.c.sale_number)
    if connection.execute(first).one_or_none() is not None:
        chain_void(connection, terminal, sale, at)
    if _state(connection, terminal, sale) is SaleState.VOID:
        void_claim(connection, terminal, sale, at)
    checkpoint(Checkpoint.VOID_BEFORE_COMMIT)


def _state(connection: Connection, terminal: TerminalNumber, sale: SaleNumber) -> SaleState:
    found = connection.execute(
        select(t.sale_outcomes.c.state).where(
            t.sale_outcomes.c.terminal_number == terminal,
            t.sale_outcomes.c.sale_number == sale,
        )
    ).scalar_one_or_none()
    return SaleState.OPEN if found is None else SaleState(found)
