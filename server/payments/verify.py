"""Proof that the payments' own rows are what the chain says of them.

``screen`` reads every payment with its legs and entry; here stands what it leaves: why one does not
hold, older versions, and all that the database can compare by itself.
"""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Table, func, select

from protos.units import Micros, PaymentId, TransactionId, Yen
from server.db.schema import payments as t
from server.db.streams import stream_rows
from server.directory import ServiceId
from server.ledger import (
    Operation,
    Progress,
    StreamId,
    entries_of,
    last_sequences,
    no_progress,
    skipped_until,
)
from server.payments.screen import Lots, PaymentScreen, Row, lots_of, ordinal_of
from server.payments.screen_sql import legs_of, payments_hold
from server.payments.subject import payment_subject, payment_subject_v1
from server.payments.types import SaleKind, SaleState
from server.payments.voids import verify_voids

_SHOWN: Final = 20
_LONGEST_BATCH: Final = 10_000_000
"""Microseconds: lanes have no common order, a batch's instants may run ahead of the clock."""


def verify_payments(connection: Connection, progress: Progress = no_progress) -> list[str]:
    """What does not hold between payments, legs, outcomes, voids, sequences and ledger.

    [] when all does. At most 20 findings of each kind are named.
    """
    return verify_payment_rows(connection, progress) + verify_outcomes(connection)


def verify_payment_rows(connection: Connection, progress: Progress = no_progress) -> list[str]:
    """Between payments, legs and ledger: the longest part of an audit."""
    return list(_first(_check_rows(connection, progress)))


def verify_outcomes(connection: Connection, _progress: Progress = no_progress) -> list[str]:
    """Between payments, outcomes, voids and sequences."""
    parts = (_check_outcomes(connection), verify_voids(connection), _check_sequences(connection))
    return [finding for part in parts for finding in _first(part)]


def _first(findings: Iterator[str]) -> Iterator[str]:
    yield from islice(findings, _SHOWN)
    rest = sum(1 for _ in findings)
    if rest:
        yield f"… and {rest:,} more of this kind"


def _check_rows(connection: Connection, progress: Progress) -> Iterator[str]:
    """Every payment has its entry and its legs, and the other way round."""
    suspects = payments_hold(connection)
    if suspects is None:
        yield from _check_each(connection, progress)
        return
    legs = legs_of(connection, [row[0] for row, _ in suspects])
    for row, entry in suspects:
        yield from _wrong(row, legs[row[0]], entry)


def _check_each(connection: Connection, progress: Progress) -> Iterator[str]:
    """Read all of them; name what has no counterpart, too."""
    total = _count(connection, t.payments)
    screen = PaymentScreen(connection, progress, total)
    for row, legs, entry in screen.suspects():
        if row is None:
            yield f"{_name(entry)}: its payment is missing"
        else:
            yield from _wrong(row, legs, entry)
    p, leg = t.payments.c, t.transactions.c
    if screen.payments != total:
        entries = entries_of(Operation.USE).c
        of = select(entries.entry_id).where(entries.entry_id == p.payment_id)
        for (payment_id,) in stream_rows(connection, select(p.payment_id).where(~of.exists())):
            yield f"payment {payment_id}: no entry in the ledger"
    if screen.legs != _count(connection, t.transactions):
        whole = select(p.payment_id).where(p.payment_id == leg.payment_id)
        for transaction_id, payment_id in stream_rows(
            connection, select(leg.transaction_id, leg.payment_id).where(~whole.exists())
        ):
            yield f"transaction {transaction_id}: its payment {payment_id} is missing"


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _wrong(row: Row, legs: list[Row], entry: Row) -> Iterator[str]:
    where = f"payment {_name(entry)}"
    try:
        left = [lots_of(leg[7]) for leg in legs]
        if row[9] != entry[2]:
            yield f"{where}: another instant than its entry"
        if not all(row[9] < leg[8] for leg in legs):
            yield f"{where}: not before the close that it names"
        if not _is_hashed(row, legs, left, entry[1]):
            yield f"{where}: differs from its entry"
        if not _adds_up(row, legs, left):
            yield f"{where}: its legs do not add up, or their lots to the balance after"
    except Exception as error:  # a value of another kind or form than any payment ever had
        yield f"{where}: cannot be read ({type(error).__name__})"


def _is_hashed(row: Row, legs: list[Row], left: list[Lots], digest: bytes) -> bool:
    """By either version. ``struct`` cuts what is too long, so lengths are looked at first."""
    if {len(row[0]), *(len(leg[2]) for leg in legs)} != {20}:
        return False
    if len(row[3]) == 32 and _subject(row, legs, left) == digest:
        return True
    return _subject_v1(row, legs) == digest


def _adds_up(row: Row, legs: list[Row], left: list[Lots]) -> bool:
    amount = 0
    for number, (leg, lots) in enumerate(zip(legs, left, strict=True), 1):
        amount += leg[4]
        after = 0
        for _, rest in lots:
            after += rest
        if leg[1] != number or leg[5] - leg[4] != leg[6] or after != leg[6]:
            return False
    return bool(amount == row[8])


def _subject(row: Row, legs: list[Row], left: list[Lots]) -> bytes:
    payment_id, user, key, request_hash, kind, terminal, sale, shop, amount, _, to, _ = row
    return payment_subject(
        payment_id,
        kind,
        terminal,
        sale,
        amount,
        to,
        request_hash,
        user,
        key,
        shop,
        [
            (leg[2], leg[3], leg[4], leg[8], ordinal_of(leg[9]), leg[5], leg[6], lots)
            for leg, lots in zip(legs, left, strict=True)
        ],
    )


def _subject_v1(row: Row, legs: list[Row]) -> bytes:
    return payment_subject_v1(
        PaymentId(row[0]),
        row[4],
        row[5],
        row[6],
        row[8],
        row[10],
        [
            (
                TransactionId(leg[2]),
                ServiceId(leg[3]),
                Yen(leg[4]),
                Micros(leg[8]),
                date.fromisoformat(leg[9]),
            )
            for leg in legs
        ],
    )


def _name(entry: Row) -> str:
    return f"{entry[0]} (lane {entry[3]} position {entry[4]})"


def _check_outcomes(connection: Connection) -> Iterator[str]:
    """A payment at a device has its outcome row, of its instant; each paid outcome its payment.

    No two payments have one outcome, so as many of these as of those are all of both.
    """
    p, o = t.payments.c, t.sale_outcomes.c
    on = (o.terminal_number == p.terminal_number) & (o.sale_number == p.sale_number)
    dynamic = p.kind == int(SaleKind.DYNAMIC)
    same = (o.payment_id == p.payment_id) & (o.decided_at == p.paid_at)
    same &= o.state == SaleState.PAID.value
    paired = select(func.count()).join_from(t.payments, t.sale_outcomes, on & same).where(dynamic)
    paid = select(func.count()).where(dynamic).select_from(t.payments)
    outcomes = select(func.count()).where(o.state != SaleState.VOID.value)
    pairs, payments, decided = (
        connection.execute(count).scalar_one() for count in (paired, paid, outcomes)
    )
    if pairs == payments == decided:
        return
    for (payment_id,) in stream_rows(
        connection,
        select(p.payment_id).where(
            dynamic, ~select(o.state).select_from(t.sale_outcomes).where(on & same).exists()
        ),
    ):
        yield f"payment {payment_id}: the outcome of its sale is missing or differs"
    for terminal, sale, state, payment_id in stream_rows(
        connection,
        select(o.terminal_number, o.sale_number, o.state, o.payment_id).where(
            o.state != SaleState.VOID.value,
            ~select(p.payment_id).select_from(t.payments).where(on & same & dynamic).exists(),
        ),
    ):
        yield (
            f"terminal number {terminal} sale {sale}: its outcome is {state} by payment "
            f"{payment_id}, which does not say so"
        )


def _check_sequences(connection: Connection) -> Iterator[str]:
    """Announcements are numbered from 1 without gaps per device, in the order of time.

    Lanes have no common order to the microsecond, so only a longer step back in time counts.
    """
    p = t.payments.c
    numbered = (
        select(
            p.payment_id,
            p.announced_to,
            p.sequence,
            p.paid_at,
            func.lag(p.sequence)
            .over(partition_by=p.announced_to, order_by=p.sequence)
            .label("before"),
            func.lag(p.paid_at)
            .over(partition_by=p.announced_to, order_by=p.sequence)
            .label("paid_before"),
        )
        .where(p.announced_to.is_not(None))
        .subquery()
    )
    n = numbered.c
    for payment_id, terminal, sequence, before, paid_at, paid_before in stream_rows(
        connection,
        select(n.payment_id, n.announced_to, n.sequence, n.before, n.paid_at, n.paid_before).where(
            (n.sequence != func.coalesce(n.before, 0) + 1)
            | (n.paid_at < n.paid_before - _LONGEST_BATCH)
        ),
    ):
        follows = _without_gaps(connection, terminal, sequence) == 1 + _without_gaps(
            connection, terminal, before or 0
        )
        if not follows or (paid_before is not None and paid_at < paid_before - _LONGEST_BATCH):
            yield (
                f"payment {payment_id}: announcement {sequence} of terminal number {terminal} "
                f"follows {before or 0}, or stands before it in time"
            )
    said = dict(
        connection.execute(
            select(p.announced_to, func.max(p.sequence))
            .where(p.announced_to.is_not(None))
            .group_by(p.announced_to)
        ).all()
    )
    for stream, last in sorted(last_sequences(connection).items()):
        announced = said.pop(stream, 0)
        if last != announced and _without_gaps(connection, stream, last) != _without_gaps(
            connection, stream, announced
        ):
            yield f"terminal number {stream}: its stream says {last}, its payments another number"
    for terminal in sorted(said):
        yield f"terminal number {terminal}: announced payments, but has no stream"


def _without_gaps(connection: Connection, stream: int, sequence: int) -> int:
    """Its number among the announcements there are: a restore has skipped some for good."""
    return sequence - skipped_until(connection, StreamId(stream), sequence)
