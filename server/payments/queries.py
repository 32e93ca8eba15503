"""Reading the payments' books for customers, terminals and the relay."""

import base64
import binascii
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalId,
    TerminalNumber,
    UserId,
    Yen,
)
from server.clock import DAY, start_of_day
from server.db import DatabaseKind
from server.db.schema import cancels
from server.db.schema import payments as t
from server.directory import CounterReader, Keyring, ServiceId, services
from server.ledger import StreamId, gap_after, last_sequence
from server.payments.assembly import PaymentReader
from server.payments.refusals import Refused
from server.payments.stored_refusals import refusal_of
from server.payments.types import (
    Announcement,
    AnnouncementId,
    DayTotals,
    HistoryPage,
    NotKnown,
    Paid,
    Payment,
    PaymentsPage,
    SaleResolution,
    SaleState,
    ServiceTotal,
)

_KEEP_DECLINES = 30 * DAY
_KEEP_CLAIMS = DAY
_KEEP_OUTBOX = 7 * DAY
_CODES_LOOKED_AT = 5000
"""A code is no key: it is computed again for so many of the newest payments."""


class Queries:
    """Every method runs on the caller's connection."""

    def __init__(self, kind: DatabaseKind, keyring: Keyring) -> None:
        self._payments = PaymentReader(kind, keyring)
        self._counters = CounterReader(kind)

    def outcome(self, connection: Connection, user: UserId, key: str) -> Paid | Refused | NotKnown:
        payment = self._payments.one(
            connection,
            select(t.payments).where(
                t.payments.c.user_id == user, t.payments.c.idempotency_key == key
            ),
        )
        if payment is not None:
            return Paid(payment)
        refusal = connection.execute(
            select(t.declines.c.refusal).where(
                t.declines.c.user_id == user, t.declines.c.idempotency_key == key
            )
        ).scalar_one_or_none()
        return NotKnown() if refusal is None else refusal_of(refusal)

    def payment(self, connection: Connection, payment_id: PaymentId) -> Payment | None:
        return self._payments.one(
            connection, select(t.payments).where(t.payments.c.payment_id == payment_id)
        )

    def payments_by_id(
        self, connection: Connection, payment_ids: Collection[PaymentId]
    ) -> tuple[Payment, ...]:
        """Those that exist, in no order."""
        return self._payments.read(
            connection, select(t.payments).where(t.payments.c.payment_id.in_(payment_ids))
        )

    def history(self, connection: Connection, user: UserId, limit: int, cursor: str) -> HistoryPage:
        query = select(t.payments).where(t.payments.c.user_id == user)
        if cursor:
            paid_at, payment_id = cursor_of(cursor)
            query = query.where(
                (t.payments.c.paid_at < paid_at)
                | ((t.payments.c.paid_at == paid_at) & (t.payments.c.payment_id < payment_id))
            )
        query = query.order_by(t.payments.c.paid_at.desc(), t.payments.c.payment_id.desc())
        found = self._payments.read(connection, query.limit(limit + 1))
        page = found[:limit]
        more = len(found) > limit
        return HistoryPage(page, cursor_text(page[-1].paid_at, page[-1].payment_id) if more else "")

    def payments_after(
        self, connection: Connection, terminal: TerminalNumber, sequence: Sequence, limit: int
    ) -> PaymentsPage:
        # the payments first: one committed in between has a sequence above what is returned
        query = (
            select(t.payments)
            .where(t.payments.c.announced_to == terminal, t.payments.c.sequence > sequence)
            .order_by(t.payments.c.sequence)
            .limit(limit)
        )
        gap = gap_after(connection, StreamId(terminal), sequence)
        if gap is not None:  # a page never leaps over what a restore has skipped
            query = query.where(t.payments.c.sequence <= gap.above)
        found = self._payments.read(connection, query)
        resumes_after = gap.until if gap is not None and len(found) < limit else 0
        last = self.last_sequence(connection, terminal)
        return PaymentsPage(found, last, Sequence(resumes_after))

    def last_sequence(self, connection: Connection, terminal: TerminalNumber) -> Sequence:
        return Sequence(last_sequence(connection, StreamId(terminal)))

    def highest_sale(self, connection: Connection, terminal: TerminalNumber) -> SaleNumber:
        highest = [
            connection.execute(
                select(func.max(table.c.sale_number)).where(table.c.terminal_number == terminal)
            ).scalar_one()
            for table in (t.sale_outcomes, t.claims)
        ]
        return SaleNumber(max(number or 0 for number in highest))

    def state(
        self, connection: Connection, terminal: TerminalNumber, sale: SaleNumber
    ) -> SaleState:
        found = connection.execute(
            select(t.sale_outcomes.c.state).where(
                t.sale_outcomes.c.terminal_number == terminal,
                t.sale_outcomes.c.sale_number == sale,
            )
        ).scalar_one_or_none()
        return SaleState.OPEN if found is None else SaleState(found)

    def resolution(
        self, connection: Connection, terminal: TerminalNumber, sale: SaleNumber
    ) -> SaleResolution:
        row = connection.execute(
            select(t.sale_outcomes).where(
                t.sale_outcomes.c.terminal_number == terminal,
                t.sale_outcomes.c.sale_number == sale,
            )
        ).one_or_none()
        if row is None:
            return SaleResolution(SaleState.OPEN, None, None)
        state = SaleState(row.state)
        paid = state is SaleState.PAID
        payment = self.payment(connection, PaymentId(row.payment_id)) if paid else None
        return SaleResolution(state, payment, Micros(row.decided_at))

    def day_totals(self, connection: Connection, terminal: TerminalNumber, day: date) -> DayTotals:
        """A cancel counts on its own day, whenever its payment was."""
        day_of = {"terminal": terminal, "since": start_of_day(day)}
        day_of["until"] = start_of_day(day + timedelta(days=1))
        used = _sums(connection, _USED, day_of)
        taken_back = _sums(connection, _TAKEN_BACK, day_of)
        none = (0, 0)
        totals = tuple(
            ServiceTotal(
                s.service_id,
                s.name_ja,
                s.name_en,
                s.kind,
                use_amount=Yen(used.get(s.service_id, none)[0]),
                use_count=used.get(s.service_id, none)[1],
                cancel_amount=Yen(taken_back.get(s.service_id, none)[0]),
                cancel_count=taken_back.get(s.service_id, none)[1],
            )
            for s in services(connection)
            if s.service_id in used or s.service_id in taken_back
        )
        return DayTotals(day, totals, self.last_sequence(connection, terminal))

    def unsent(
        self, connection: Connection, limit: int, skip: frozenset[AnnouncementId] = frozenset()
    ) -> tuple[Announcement, ...]:
        rows = connection.execute(_UNSENT, {"most": limit})
        waiting = [
            payment_id
            for number, sequence, payment_id in rows
            if AnnouncementId(TerminalNumber(number), Sequence(sequence)) not in skip
        ]
        if not waiting:
            return ()
        query = (
            select(t.payments)
            .where(t.payments.c.payment_id.in_(waiting))
            .order_by(t.payments.c.announced_to, t.payments.c.sequence)
        )
        payments = self._payments.read(connection, query)
        homes = self._counters.read(
            connection, {p.announced_to for p in payments if p.announced_to is not None}
        )
        return tuple(
            Announcement(
                AnnouncementId(p.announced_to, p.sequence),
                TerminalId(homes[p.announced_to].terminal_id),
                p,
            )
            for p in payments
            if p.announced_to is not None
        )


def find_payment(
    connection: Connection, kind: DatabaseKind, keyring: Keyring, *, code: str, wanted: str
) -> Payment | None:
    """For the operator: by id of payment or leg, or the newest of the last with that code."""
    reader = PaymentReader(kind, keyring)
    if wanted:
        legs = select(t.transactions.c.payment_id).where(t.transactions.c.transaction_id == wanted)
        return reader.one(
            connection,
            select(t.payments).where(
                (t.payments.c.payment_id == wanted) | t.payments.c.payment_id.in_(legs)
            ),
        )
    newest = select(t.payments).order_by(t.payments.c.paid_at.desc()).limit(_CODES_LOOKED_AT)
    found = reader.read(connection, newest)
    return next((p for p in found if p.confirmation_code == code.replace(" ", "")), None)


def announcer_of(connection: Connection, payment_id: PaymentId) -> TerminalNumber | None:
    """The number of the device that announces a payment; None without one."""
    found = connection.execute(
        select(t.payments.c.announced_to).where(t.payments.c.payment_id == payment_id)
    ).scalar_one_or_none()
    return None if found is None else TerminalNumber(found)


def mark_sent(
    connection: Connection, announcements: tuple[AnnouncementId, ...], at: Micros
) -> None:
    """Rows that are marked already, or pruned, are left alone."""
    if announcements:
        connection.execute(
            _MARK,
            [{"n": a.terminal_number, "s": a.sequence, "at": at} for a in announcements],
        )


def prune(connection: Connection, at: Micros) -> None:
    """Delete what has served its time: declines 30 days, claims 1 day, sent rows 7 days."""
    connection.execute(delete(t.declines).where(t.declines.c.declined_at < at - _KEEP_DECLINES))
    connection.execute(delete(t.claims).where(t.claims.c.expires_at < at - _KEEP_CLAIMS))
    connection.execute(delete(t.outbox).where(t.outbox.c.announced_at < at - _KEEP_OUTBOX))


_USED = (
    select(t.transactions.c.service_id, func.sum(t.transactions.c.amount), func.count())
    .join_from(t.payments, t.transactions, t.transactions.c.payment_id == t.payments.c.payment_id)
    .where(
        t.payments.c.announced_to == bindparam("terminal"),
        t.payments.c.paid_at >= bindparam("since"),
        t.payments.c.paid_at < bindparam("until"),
    )
    .group_by(t.transactions.c.service_id)
)

_TAKEN_BACK = (
    select(cancels.cancel_slips.c.service_id, func.sum(cancels.cancel_slips.c.amount), func.count())
    .join_from(
        cancels.cancellations,
        t.payments,
        t.payments.c.payment_id == cancels.cancellations.c.payment_id,
    )
    .join(
        cancels.cancel_slips,
        cancels.cancel_slips.c.cancel_id == cancels.cancellations.c.cancel_id,
    )
    .where(
        t.payments.c.announced_to == bindparam("terminal"),
        cancels.cancellations.c.cancelled_at >= bindparam("since"),
        cancels.cancellations.c.cancelled_at < bindparam("until"),
    )
    .group_by(cancels.cancel_slips.c.service_id)
)


def _sums(
    connection: Connection, query: Select[Any], day: dict[str, int]
) -> dict[ServiceId, tuple[int, int]]:
    rows = connection.execute(query, day)
    return {ServiceId(service): (int(amount), count) for service, amount, count in rows}


_UNSENT = (
    select(t.outbox.c.terminal_number, t.outbox.c.sequence, t.outbox.c.payment_id)
    .where(t.outbox.c.announced_at.is_(None))
    .order_by(t.outbox.c.terminal_number, t.outbox.c.sequence)
    .limit(bindparam("most"))
)

_MARK = (
    update(t.outbox)
    .where(
        t.outbox.c.terminal_number == bindparam("n"),
        t.outbox.c.sequence == bindparam("s"),
        t.outbox.c.announced_at.is_(None),
    )
    .values(announced_at=bindparam("at"))
)


def cursor_text(at: Micros, public_id: str) -> str:
    """Where a page ended, for the next one: URL-safe ASCII."""
    text = f"{at}.{public_id}".encode("ascii")
    return base64.urlsafe_b64encode(text).decode("ascii").rstrip("=")


def cursor_of(text: str) -> tuple[int, str]:
    """Raises ValueError for a text that ``cursor_text`` did not make."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("cursor: take it from the last answer, or leave it empty") from error
    paid_at, _, payment_id = plain.partition(".")
    if not paid_at.isdigit() or not payment_id:
        raise ValueError("cursor: take it from the last answer, or leave it empty")
    return int(paid_at), payment_id
