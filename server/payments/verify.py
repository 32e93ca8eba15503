"""Proof that the payments' own rows are what the chain says of them."""

import json
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select

from protos.units import Micros, PaymentId, TransactionId, Yen
from server.db.schema import payments as t
from server.directory import ServiceId
from server.ledger import Operation, StreamId, count_entries, skipped_until, subjects_of
from server.payments.rules import payment_subject
from server.payments.types import SaleKind, SaleState

_CHUNK: Final = 1000
_SHOWN: Final = 20


def verify_payments(connection: Connection) -> list[str]:
    """What does not hold between payments, legs, outcomes, outbox and ledger; [] when all does.

    At most 20 findings are named.
    """
    findings: list[str] = []
    seen = 0
    for rows in _chunks(connection):
        seen += len(rows)
        findings += _check_chunk(connection, rows)
    entries = count_entries(connection, Operation.USE)
    if seen != entries:
        findings.append(f"{entries} entries of use in the ledger, {seen} payments")
    findings += _check_outcomes(connection)
    findings += _check_sequences(connection)
    return findings[:_SHOWN]


def _chunks(connection: Connection) -> Iterable[list[Any]]:
    last = ""
    while True:
        rows = list(
            connection.execute(
                select(t.payments)
                .where(t.payments.c.payment_id > last)
                .order_by(t.payments.c.payment_id)
                .limit(_CHUNK)
            )
        )
        if not rows:
            return
        last = rows[-1].payment_id
        yield rows


def _check_chunk(connection: Connection, rows: list[Any]) -> list[str]:
    ids = [row.payment_id for row in rows]
    found = connection.execute(
        select(t.transactions)
        .where(t.transactions.c.payment_id.in_(ids))
        .order_by(t.transactions.c.payment_id, t.transactions.c.leg)
    )
    legs = {key: list(group) for key, group in groupby(found, key=lambda leg: leg.payment_id)}
    entries = subjects_of(connection, ids)
    problems = []
    for row in rows:
        mine = legs.get(row.payment_id, [])
        entry = entries.get(row.payment_id)
        problems += [
            f"payment {row.payment_id}: {what}"
            for wrong, what in (
                (entry is None, "no entry in the ledger"),
                (entry is not None and entry[0] != _subject(row, mine), "differs from its entry"),
                (entry is not None and entry[1] != row.paid_at, "another instant than its entry"),
                (sum(leg.amount for leg in mine) != row.amount, "its legs are not its amount"),
                (
                    any(_rest(leg) != leg.after_value for leg in mine),
                    "the lots left are not the balance after",
                ),
            )
            if wrong
        ]
    return problems


def _rest(leg: Any) -> int:
    return sum(amount for _, amount in json.loads(leg.lots_after))


def _subject(row: Any, legs: list[Any]) -> bytes:
    return payment_subject(
        PaymentId(row.payment_id),
        row.kind,
        row.terminal_number,
        row.sale_number,
        row.amount,
        row.announced_to,
        [
            (
                TransactionId(leg.transaction_id),
                ServiceId(leg.service_id),
                Yen(leg.amount),
                Micros(leg.closes_at),
                date.fromisoformat(leg.pay_day),
            )
            for leg in legs
        ],
    )


def _check_outcomes(connection: Connection) -> list[str]:
    """A payment at a device has its outcome row, and each paid outcome its payment."""
    joined = (
        (t.sale_outcomes.c.terminal_number == t.payments.c.terminal_number)
        & (t.sale_outcomes.c.sale_number == t.payments.c.sale_number)
        & (t.sale_outcomes.c.payment_id == t.payments.c.payment_id)
    )
    without = connection.execute(
        select(func.count())
        .select_from(t.payments)
        .outerjoin(t.sale_outcomes, joined)
        .where(
            t.payments.c.kind == int(SaleKind.DYNAMIC),
            t.sale_outcomes.c.terminal_number.is_(None),
        )
    ).scalar_one()
    strays = connection.execute(
        select(func.count())
        .select_from(t.sale_outcomes)
        .outerjoin(t.payments, joined)
        .where(
            t.sale_outcomes.c.state == SaleState.PAID.value,
            t.payments.c.payment_id.is_(None),
        )
    ).scalar_one()
    return [
        f"{number} {what}"
        for number, what in (
            (without, "payments lack the outcome of their sale"),
            (strays, "sales are called paid without a payment"),
        )
        if number
    ]


def _check_sequences(connection: Connection) -> list[str]:
    """Sequences are gapless from 1 per announcing device, but for what a restore has skipped."""
    rows = connection.execute(
        select(t.payments.c.announced_to, func.count(), func.max(t.payments.c.sequence))
        .where(t.payments.c.announced_to.is_not(None))
        .group_by(t.payments.c.announced_to)
    )
    return [
        f"terminal number {terminal}: {count} announcements, the last is number {last}"
        for terminal, count, last in rows
        if count != last - skipped_until(connection, StreamId(terminal), last)
    ]
