"""Claims: which phone holds a sale. They steer screens and are no part of the books."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from protos.units import Micros, SaleNumber, TerminalId, TerminalNumber, UserId, Yen
from server.clock import MINUTE
from server.db import DatabaseKind, new_public_id
from server.db.schema import payments as t
from server.directory import terminal_by_number
from server.payments.refusals import RefusalCode, Refused
from server.payments.settings import ClaimLimits
from server.payments.types import ClaimChange, ClaimEnd, ClaimState

_ABANDONED = (ClaimEnd.RELEASED.value, ClaimEnd.EXPIRED.value, ClaimEnd.SUPERSEDED.value)


class ClaimRaced(Exception):  # noqa: N818 -- what happened; the caller tries again
    """Another claim of the same sale or customer was written in between."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim as it stands, and what the counters have to be told."""

    amount: Yen
    expires_at: Micros
    changes: tuple[ClaimChange, ...]


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    user: UserId
    terminal: TerminalNumber
    terminal_id: TerminalId
    sale: SaleNumber
    amount: Yen
    at: Micros


def take_claim(
    connection: Connection, request: ClaimRequest, limits: ClaimLimits
) -> Claimed | Refused:
    """Take or renew a claim. The caller holds the terminal and knows that the sale is open.

    Raises ClaimRaced when another transaction was faster (PostgreSQL only).
    """
    held = _open_claim(connection, request.terminal, request.sale)
    if held is not None and held.expires_at > request.at:
        if held.user_id != request.user:
            return Refused(
                RefusalCode.SALE_CLAIMED, at=request.at, retry_at=Micros(held.expires_at)
            )
        return _renew(connection, request, held)
    refused = _too_often(connection, request, limits)
    if refused is not None:
        return refused
    if held is not None:
        _end(connection, held, ClaimEnd.EXPIRED, request.at, held.revision)
    changes = _let_go_others(connection, request)
    revision = _next_revision(connection, request.terminal, request.at)
    expires_at = Micros(request.at + limits.lasts)
    _insert(connection, request, revision, expires_at)
    taken = _change(request, ClaimState.CLAIMED, request.amount, expires_at, revision)
    return Claimed(request.amount, expires_at, (*changes, taken))


def release_claim(connection: Connection, request: ClaimRequest) -> tuple[ClaimChange, ...]:
    """Let the customer's claim of this sale go; nothing when they do not hold it."""
    held = _open_claim(connection, request.terminal, request.sale)
    if held is None or held.user_id != request.user:
        return ()
    over = held.expires_at <= request.at
    revision = _next_revision(connection, request.terminal, request.at)
    _end(
        connection,
        held,
        ClaimEnd.EXPIRED if over else ClaimEnd.RELEASED,
        request.at,
        revision,
    )
    return (_change(request, ClaimState.RELEASED, Yen(held.amount), request.at, revision),)


def void_claim(
    connection: Connection, terminal: TerminalNumber, sale: SaleNumber, at: Micros
) -> None:
    """Staff took the sale back: its claim is over and does not count as abandoned."""
    connection.execute(
        update(t.claims)
        .where(
            t.claims.c.terminal_number == terminal,
            t.claims.c.sale_number == sale,
            t.claims.c.ended_at.is_(None),
        )
        .values(ended_at=at, end_reason=ClaimEnd.VOIDED.value)
    )


def _open_claim(connection: Connection, terminal: TerminalNumber, sale: SaleNumber) -> Any:
    return connection.execute(
        select(t.claims).where(
            t.claims.c.terminal_number == terminal,
            t.claims.c.sale_number == sale,
            t.claims.c.ended_at.is_(None),
        )
    ).one_or_none()


def _renew(connection: Connection, request: ClaimRequest, held: Any) -> Claimed:
    """The same phone with a newer amount: the counter shows it, the end stays where it is."""
    amount = request.amount or Yen(held.amount)
    expires_at = Micros(held.expires_at)
    if amount == held.amount:
        return Claimed(amount, expires_at, ())
    revision = _next_revision(connection, request.terminal, request.at)
    connection.execute(
        update(t.claims)
        .where(t.claims.c.claim_id == held.claim_id)
        .values(amount=amount, revision=revision)
    )
    change = _change(request, ClaimState.CLAIMED, amount, expires_at, revision)
    return Claimed(amount, expires_at, (change,))


def _too_often(
    connection: Connection, request: ClaimRequest, limits: ClaimLimits
) -> Refused | None:
    """Two limits per customer: new claims a minute, and claims left without a payment."""
    since = request.at - max(MINUTE, limits.block_window)
    rows = connection.execute(
        select(t.claims.c.started_at, t.claims.c.expires_at, t.claims.c.end_reason)
        .where(t.claims.c.user_id == request.user, t.claims.c.started_at > since)
        .order_by(t.claims.c.started_at)
    ).all()
    abandoned = [
        row.started_at
        for row in rows
        if row.started_at > request.at - limits.block_window
        and (
            row.end_reason in _ABANDONED
            or (row.end_reason is None and row.expires_at <= request.at)
        )
    ]
    if len(abandoned) >= limits.abandoned_before_block:
        until = abandoned[-limits.abandoned_before_block] + limits.block_window
        return Refused(RefusalCode.CLAIM_BLOCKED, at=request.at, retry_at=Micros(until))
    recent = [row.started_at for row in rows if row.started_at > request.at - MINUTE]
    if len(recent) >= limits.new_per_minute:
        until = recent[-limits.new_per_minute] + MINUTE
        return Refused(RefusalCode.CLAIM_TOO_OFTEN, at=request.at, retry_at=Micros(until))
    return None


def _let_go_others(connection: Connection, request: ClaimRequest) -> tuple[ClaimChange, ...]:
    """A customer holds one sale: an earlier one is let go, and its counter told."""
    from_before = connection.execute(
        select(t.claims).where(t.claims.c.user_id == request.user, t.claims.c.ended_at.is_(None))
    ).all()
    changes = []
    for held in from_before:
        over = held.expires_at <= request.at
        number = TerminalNumber(held.terminal_number)
        revision = _next_revision(connection, number, request.at)
        _end(
            connection,
            held,
            ClaimEnd.EXPIRED if over else ClaimEnd.SUPERSEDED,
            request.at,
            revision,
        )
        terminal = None if over else terminal_by_number(connection, number)
        if terminal is not None:
            changes.append(
                ClaimChange(
                    number,
                    terminal.terminal_id,
                    SaleNumber(held.sale_number),
                    ClaimState.RELEASED,
                    Yen(held.amount),
                    request.at,
                    revision,
                )
            )
    return tuple(changes)


def _next_revision(connection: Connection, terminal: TerminalNumber, at: Micros) -> int:
    """Rises per terminal, over restarts too: the clock, or one more than the last."""
    last = connection.execute(
        select(func.max(t.claims.c.revision)).where(t.claims.c.terminal_number == terminal)
    ).scalar_one()
    return max(at, (last or 0) + 1)


def _end(connection: Connection, held: Any, reason: ClaimEnd, at: Micros, revision: int) -> None:
    connection.execute(
        update(t.claims)
        .where(t.claims.c.claim_id == held.claim_id)
        .values(ended_at=at, end_reason=reason.value, revision=revision)
    )


def _insert(
    connection: Connection, request: ClaimRequest, revision: int, expires_at: Micros
) -> None:
    """Raises ClaimRaced where a unique index says that somebody was faster."""
    postgres = connection.dialect.name == DatabaseKind.POSTGRESQL.value
    statement = (postgresql.insert if postgres else sqlite.insert)(t.claims).values(
        claim_id=new_public_id(),
        terminal_number=request.terminal,
        sale_number=request.sale,
        revision=revision,
        user_id=request.user,
        amount=request.amount,
        started_at=request.at,
        expires_at=expires_at,
    )
    made = connection.execute(
        statement.on_conflict_do_nothing().returning(t.claims.c.claim_id)
    ).scalar_one_or_none()
    if made is None:
        raise ClaimRaced


def _change(
    request: ClaimRequest, state: ClaimState, amount: Yen, expires_at: Micros, revision: int
) -> ClaimChange:
    return ClaimChange(
        request.terminal,
        request.terminal_id,
        request.sale,
        state,
        amount,
        expires_at,
        revision,
    )
