"""A payment as everybody is told of it, from a draft just committed or from the books."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from protos.confirmation import confirmation_code, stand_code
from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalId,
    TerminalNumber,
    TransactionId,
    UserId,
    Yen,
)
from server.clock import tokyo_day
from server.db import DatabaseKind
from server.db.schema import cancels
from server.db.schema import payments as t
from server.db.sets import RowSet
from server.directory import (
    Counter,
    CounterReader,
    Keyring,
    Service,
    ServiceId,
    ServiceKind,
    ShopId,
    services,
)
from server.ledger import Booking
from server.payments.rules import Committed, DraftPayment
from server.payments.types import Announcement, LotBalance, Payment, PaymentLeg, SaleKind


@dataclass(frozen=True, slots=True)
class Names:
    """What the directory says of the places and services that payments name."""

    counters: dict[TerminalNumber, Counter]
    services: dict[ServiceId, Service]


def lot_balances(lots: Iterable[tuple[int, int]]) -> tuple[LotBalance, ...]:
    """Rests by last usable day, earliest first; lots of one day are one line."""
    days: dict[date, int] = {}
    for expires_at, amount in lots:
        last = last_day(Micros(expires_at))
        days[last] = days.get(last, 0) + amount
    return tuple(LotBalance(Yen(amount), day) for day, amount in sorted(days.items()))


@lru_cache(maxsize=4096)
def last_day(expires_at: Micros) -> date:
    """The last day in Japan with an instant before ``expires_at`` (which is exclusive)."""
    return tokyo_day(Micros(expires_at - 1))


def announcement_of(committed: Committed, keyring: Keyring) -> Announcement | None:
    """What a device has to be told of a payment just booked, without a look into the books.

    None for a stand: its home device's id is not among what the payment knows.
    """
    known = committed.announcement_id
    counter = committed.draft.counter
    if known is None or known.terminal_number != counter.number:
        return None
    return Announcement(known, TerminalId(counter.terminal_id), payment_of(committed, keyring))


@lru_cache(maxsize=1024)
def payment_of(committed: Committed, keyring: Keyring) -> Payment:
    """A payment just booked; remembered for a moment, as the phone and the device are told."""
    return payment_of_draft(committed.draft, committed.booking, keyring)


def payment_of_draft(draft: DraftPayment, booking: Booking, keyring: Keyring) -> Payment:
    """The answer to a payment that was just booked."""
    command = draft.command
    legs = tuple(
        PaymentLeg(
            transaction_id=leg.transaction_id,
            service_id=leg.service.service_id,
            name_ja=leg.service.name_ja,
            name_en=leg.service.name_en,
            kind=leg.service.kind,
            amount=leg.amount,
            before=leg.before,
            after=leg.after,
            closes_at=leg.closing.closes_at,
            pay_day=leg.closing.pay_day,
            balance_after=lot_balances(leg.lots_after),
        )
        for leg in draft.legs
    )
    return _payment(
        keyring,
        draft.counter,
        legs,
        payment_id=command.payment_id,
        user_id=command.user_id,
        kind=command.kind,
        sale=command.sale,
        amount=command.amount,
        paid_at=booking.instant,
        announced_to=command.announced_to,
        sequence=Sequence(booking.sequence),
    )


class PaymentReader:
    """Reads payments with their legs and cancels: five statements for any number of them."""

    def __init__(self, kind: DatabaseKind, keyring: Keyring) -> None:
        self._keyring = keyring
        self._counters = CounterReader(kind)
        self._ids = RowSet(kind, "ids", payment_id=str)
        self._legs: Final = (
            select(t.transactions)
            .where(t.transactions.c.payment_id.in_(select(self._ids.source.c.payment_id)))
            .order_by(t.transactions.c.payment_id, t.transactions.c.leg)
        )
        self._cancelled: Final = select(
            cancels.cancellations.c.payment_id, cancels.cancellations.c.cancelled_at
        ).where(cancels.cancellations.c.payment_id.in_(select(self._ids.source.c.payment_id)))

    def read(self, connection: Connection, query: Select[Any]) -> tuple[Payment, ...]:
        """The payments that a query over ``payments`` (all its columns) finds, in its order."""
        rows = connection.execute(query).all()
        if not rows:
            return ()
        counters = self._counters.read(
            connection, {TerminalNumber(row.terminal_number) for row in rows}
        )
        known = {service.service_id: service for service in services(connection)}
        legs: dict[str, list[PaymentLeg]] = {}
        params = self._ids.params([(row.payment_id,) for row in rows])
        for row in connection.execute(self._legs, params):
            legs.setdefault(row.payment_id, []).append(_leg(row, known))
        cancelled = {
            payment_id: Micros(at) for payment_id, at in connection.execute(self._cancelled, params)
        }
        return tuple(
            replace(
                self._of_row(row, counters[TerminalNumber(row.terminal_number)], legs),
                cancelled_at=cancelled.get(row.payment_id),
            )
            for row in rows
        )

    def one(self, connection: Connection, query: Select[Any]) -> Payment | None:
        found = self.read(connection, query)
        return found[0] if found else None

    def _of_row(self, row: Any, counter: Counter, legs: dict[str, list[PaymentLeg]]) -> Payment:
        return _payment(
            self._keyring,
            counter,
            tuple(legs[row.payment_id]),
            payment_id=PaymentId(row.payment_id),
            user_id=UserId(row.user_id),
            kind=SaleKind(row.kind),
            sale=SaleNumber(row.sale_number),
            amount=Yen(row.amount),
            paid_at=Micros(row.paid_at),
            announced_to=(None if row.announced_to is None else TerminalNumber(row.announced_to)),
            sequence=Sequence(row.sequence),
        )


def code_of(
    keyring: Keyring,
    kind: SaleKind,
    payment_id: PaymentId,
    terminal: TerminalNumber,
    sale: SaleNumber,
    amount: Yen,
) -> str:
    """The six digits that phone, device and slip show. A stand has no sale number of its own."""
    key = keyring.terminal_keys(terminal).confirmation
    if kind is SaleKind.STAND:
        return stand_code(key, payment_id)
    return confirmation_code(key, terminal, sale, amount)


def _leg(row: Any, known: dict[ServiceId, Service]) -> PaymentLeg:
    service = known[ServiceId(row.service_id)]
    return PaymentLeg(
        transaction_id=TransactionId(row.transaction_id),
        service_id=service.service_id,
        name_ja=service.name_ja,
        name_en=service.name_en,
        kind=ServiceKind(service.kind),
        amount=Yen(row.amount),
        before=Yen(row.before_value),
        after=Yen(row.after_value),
        closes_at=Micros(row.closes_at),
        pay_day=date.fromisoformat(row.pay_day),
        balance_after=lot_balances(json.loads(row.lots_after)),
    )


def _as_shown(leg: PaymentLeg) -> tuple[int, str]:
    """Vouchers, then points, then money: one order on screens, slips, pages and in messages."""
    return -leg.kind, leg.service_id


def _payment(
    keyring: Keyring,
    counter: Counter,
    legs: tuple[PaymentLeg, ...],
    *,
    payment_id: PaymentId,
    user_id: UserId,
    kind: SaleKind,
    sale: SaleNumber,
    amount: Yen,
    paid_at: Micros,
    announced_to: TerminalNumber | None,
    sequence: Sequence,
) -> Payment:
    return Payment(
        payment_id=payment_id,
        user_id=user_id,
        kind=kind,
        terminal_number=counter.number,
        terminal_id=TerminalId(counter.terminal_id),
        terminal_name_ja=counter.terminal_name_ja,
        terminal_name_en=counter.terminal_name_en,
        shop_id=ShopId(counter.shop_id),
        shop_name_ja=counter.shop_name_ja,
        shop_name_en=counter.shop_name_en,
        sale_number=sale,
        amount=amount,
        legs=tuple(sorted(legs, key=_as_shown)),
        paid_at=paid_at,
        announced_to=announced_to,
        sequence=sequence,
        confirmation_code=code_of(keyring, kind, payment_id, counter.number, sale, amount),
        cancel_until=Micros(min(leg.closes_at for leg in legs)),
    )
