"""Proof that cancels and cash refunds are what the chain and the payments say of them."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select

from protos.units import PaymentId, TransactionId, Yen
from server.db import DatabaseKind
from server.db.schema import cancels as t
from server.db.schema import payments as p
from server.ledger import AccountKind, LineReader, LotLine, Operation, count_entries, subjects_of
from server.payments.cancel_rules import asker_hash, cancel_subject, note_hash
from server.payments.cancel_store import slips_of
from server.payments.cancel_types import CancelSlip, RefundRequest

_CHUNK: Final = 1000
_SHOWN: Final = 20

_JOINED: Final = (
    select(
        t.cancellations,
        p.payments.c.amount.label("paid"),
        p.payments.c.paid_at,
        t.reversal_notes.c.salt,
        t.reversal_notes.c.why,
    )
    .join_from(
        t.cancellations,
        p.payments,
        p.payments.c.payment_id == t.cancellations.c.payment_id,
        isouter=True,
    )
    .join(
        t.reversal_notes,
        t.reversal_notes.c.reversal_id == t.cancellations.c.cancel_id,
        isouter=True,
    )
)


def verify_cancels(connection: Connection) -> list[str]:
    """What does not hold between cancels, slips, refunds, payments and ledger; [] when all does.

    At most 20 findings are named.
    """
    lines = LineReader(DatabaseKind(connection.dialect.name))
    findings: list[str] = []
    seen = 0
    for rows in _chunks(connection):
        seen += len(rows)
        findings += _check_chunk(connection, lines, rows)
    entries = count_entries(connection, Operation.CANCEL_USE)
    if seen != entries:
        findings.append(f"{entries} entries of cancel in the ledger, {seen} cancellations")
    findings += _check_refunds(connection)
    return findings[:_SHOWN]


def _chunks(connection: Connection) -> Iterator[list[Any]]:
    last = ""
    while True:
        query = _JOINED.where(t.cancellations.c.payment_id > last)
        rows = list(connection.execute(query.order_by(t.cancellations.c.payment_id).limit(_CHUNK)))
        if not rows:
            return
        last = rows[-1].payment_id
        yield rows


def _check_chunk(connection: Connection, reader: LineReader, rows: list[Any]) -> list[str]:
    cancels = [row.cancel_id for row in rows]
    payments = [row.payment_id for row in rows]
    found = connection.execute(
        select(t.cancel_slips)
        .where(t.cancel_slips.c.cancel_id.in_(cancels))
        .order_by(t.cancel_slips.c.cancel_id, t.cancel_slips.c.leg)
    )
    grouped = {key: list(group) for key, group in groupby(found, key=lambda row: row.cancel_id)}
    slips = {key: slips_of(group) for key, group in grouped.items()}
    numbers = {key: [row.leg for row in group] for key, group in grouped.items()}
    legs = _legs(connection, payments)
    entries = subjects_of(connection, cancels)
    back, taken = reader.read(connection, cancels), reader.read(connection, payments)
    misnumbered = [
        f"cancel {key}: its slips are numbered {legs_of}"
        for key, legs_of in numbers.items()
        if legs_of != list(range(1, len(legs_of) + 1))
    ]
    return misnumbered + [
        f"cancel {row.cancel_id}: {what}"
        for row in rows
        for what in (
            *_of_its_rows(row, slips.get(row.cancel_id, ()), legs.get(row.payment_id, {})),
            *_of_its_entry(row, slips.get(row.cancel_id, ()), entries.get(row.cancel_id)),
            *_of_its_postings(
                row,
                slips.get(row.cancel_id, ()),
                back.get(row.cancel_id, ()),
                taken.get(row.payment_id, ()),
            ),
        )
    ]


def _legs(connection: Connection, payments: list[str]) -> dict[str, dict[str, Any]]:
    legs: dict[str, dict[str, Any]] = {}
    for leg in connection.execute(
        select(p.transactions).where(p.transactions.c.payment_id.in_(payments))
    ):
        legs.setdefault(leg.payment_id, {})[leg.transaction_id] = leg
    return legs


def _of_its_rows(row: Any, slips: tuple[CancelSlip, ...], legs: dict[str, Any]) -> list[str]:
    """The whole payment, each leg once, after it was paid and before it closed."""
    same = {slip.target_transaction_id: (slip.service_id, slip.amount) for slip in slips}
    whole = {key: (leg.service_id, leg.amount) for key, leg in legs.items()}
    closes = min((leg.closes_at for leg in legs.values()), default=0)
    checks = (
        (row.paid != row.amount, "its payment is not there or has another amount"),
        (same != whole or len(slips) != len(legs), "its slips are not the payment's legs"),
        (
            row.paid is not None and not row.paid_at < row.cancelled_at < closes,
            "not between its payment and the close",
        ),
    )
    return [what for wrong, what in checks if wrong]


def _of_its_entry(
    row: Any, slips: tuple[CancelSlip, ...], entry: tuple[bytes, int] | None
) -> list[str]:
    if entry is None:
        return ["no entry in the ledger"]
    subject = cancel_subject(
        row.cancel_id,
        row.payment_id,
        row.by_kind,
        row.accept_expired,
        row.amount,
        asker_hash(row.by_name, row.idempotency_key),
        bytes(row.request_hash),
        bytes(row.note_hash),
        slips,
    )
    checks = (
        (entry[0] != subject, "differs from its entry"),
        (entry[1] != row.cancelled_at, "another instant than its entry"),
        (_note_differs(row), "its note is not the one that was written"),
    )
    return [what for wrong, what in checks if wrong]


def _of_its_postings(
    row: Any,
    slips: tuple[CancelSlip, ...],
    lines: tuple[LotLine, ...],
    taken: tuple[LotLine, ...],
) -> list[str]:
    """Every posting of the payment the other way round; what is lost at once is what it says."""
    back = [line for line in lines if line.credit_kind is AccountKind.CUSTOMER]
    gone = [line for line in lines if line.credit_kind is not AccountKind.CUSTOMER]
    given = Counter((x.debit, x.credit, x.amount, x.lot) for x in back)
    wanted = Counter((x.credit, x.debit, x.amount, x.lot) for x in taken)
    expired = Counter[str]()
    forfeited = Counter[str]()
    problems = [] if given == wanted else ["does not give back what the payment took"]
    for line in gone:
        late = line.expires_at <= row.cancelled_at
        if line.credit_kind is (AccountKind.EXPIRED if late else AccountKind.FORFEITED):
            (expired if late else forfeited)[line.unit] += line.amount
        else:
            problems.append("a posting is neither given back, nor expired, nor forfeited")
    if any(
        (slip.expired, slip.forfeited) != (expired[slip.service_id], forfeited[slip.service_id])
        for slip in slips
    ):
        problems.append("what was lost at once is not what its slips say")
    late_kept = sum(x.amount for x in back if x.expires_at <= row.cancelled_at)
    if late_kept != expired.total():
        problems.append("a lot that had expired was given back without expiring")
    return problems


def _note_differs(row: Any) -> bool:
    """A note may be deleted by its retention period; it can't be another."""
    return row.why is not None and note_hash(bytes(row.salt), row.why) != bytes(row.note_hash)


def _check_refunds(connection: Connection) -> list[str]:
    """Refunds name a leg, are no more than it, and no payment is both cancelled and refunded."""
    total = func.sum(t.cash_refunds.c.amount)
    over = connection.execute(
        select(t.cash_refunds.c.transaction_id)
        .join_from(
            t.cash_refunds,
            p.transactions,
            (p.transactions.c.transaction_id == t.cash_refunds.c.transaction_id)
            & (p.transactions.c.payment_id == t.cash_refunds.c.payment_id),
            isouter=True,
        )
        .group_by(t.cash_refunds.c.transaction_id, p.transactions.c.amount)
        .having(p.transactions.c.amount.is_(None) | (total > p.transactions.c.amount))
    ).scalars()
    both = connection.execute(
        select(t.cash_refunds.c.payment_id)
        .join_from(
            t.cash_refunds,
            t.cancellations,
            t.cancellations.c.payment_id == t.cash_refunds.c.payment_id,
        )
        .distinct()
    ).scalars()
    rows = connection.execute(
        select(
            t.cash_refunds,
            t.reversal_notes.c.salt,
            t.reversal_notes.c.why,
            p.payments.c.user_id.label("payer"),
        )
        .join_from(
            t.cash_refunds,
            t.reversal_notes,
            t.reversal_notes.c.reversal_id == t.cash_refunds.c.refund_id,
            isouter=True,
        )
        .join(p.payments, p.payments.c.payment_id == t.cash_refunds.c.payment_id, isouter=True)
    )
    return [
        *(f"cash refund of leg {leg}: more than the leg, or of none" for leg in over),
        *(f"payment {payment}: cancelled and refunded in cash" for payment in both),
        *(f"cash refund {row.refund_id}: {what}" for row in rows for what in _of_refund(row)),
    ]


def _of_refund(row: Any) -> list[str]:
    """No entry of the ledger holds it, as no money moved: its own hashes and its payment do."""
    leg = TransactionId(row.transaction_id)
    asked = {
        RefundRequest("", PaymentId(row.payment_id), named, Yen(row.amount), "").request_hash()
        for named in (leg, None)
    }
    checks = (
        (bytes(row.request_hash) not in asked, "is not what was asked for"),
        (row.payer != row.user_id, "names another customer than its payment"),
        (_note_differs(row), "its note is another"),
    )
    return [what for wrong, what in checks if wrong]
