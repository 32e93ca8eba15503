"""Random orders of pay, cancel, refund, expire, leave and grant against a model of a few lines.

A cancel gives each lot back exactly, with its expiry; nothing is created or lost; who has left
holds nothing; every answer is the model's; the same on SQLite and on PostgreSQL.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.units import Micros, Yen
from server.clock import SECOND
from server.directory import ServiceId
from server.ledger import AccountKind, trial_balance
from server.payments import AcceptExpired, Paid, Payment, PaymentDesk, Refused
from server.refusal import Refusal
from tests.support.books import (
    END_OF_AUGUST,
    END_OF_JUNE,
    POINTS,
    VOUCHER,
    Town,
    legs,
    moment,
    new_key,
    ticket_of,
)
from tests.support.cancels import (
    CLERK,
    assert_all_holds,
    cancels_of,
    expire,
    leave,
    lots_of,
    refund_for,
    request_for,
)
from tests.support.copies import QUIET, postgres_copy, sqlite_copy
from tests.support.postgres import PostgresServer

USERS = ("花子", "太郎")
END_OF_PLAY = moment(2024, 8, 31)


@dataclass(frozen=True)
class Pay:
    user: str
    voucher: int
    points: int


@dataclass(frozen=True)
class Cancel:
    """``edge``: at the payment's close, or when one of its lots expires, and ``off`` microseconds,
    if that is still to come."""

    which: int
    accept: AcceptExpired
    edge: str = ""
    off: int = 0


@dataclass(frozen=True)
class Refund:
    which: int
    amount: int


@dataclass(frozen=True)
class Grant:
    user: str
    service: ServiceId
    amount: int
    lasts: int


@dataclass(frozen=True)
class Leave:
    user: str


@dataclass(frozen=True)
class Expire:
    pass


@dataclass(frozen=True)
class Wait:
    seconds: int


AMOUNTS = st.sampled_from([0, 1, 60, 200, 350, 1000, 2600])
WHICH = st.integers(0, 5)
STEPS = st.one_of(
    st.builds(Pay, st.sampled_from(USERS), AMOUNTS, AMOUNTS),
    st.builds(Pay, st.sampled_from(USERS), AMOUNTS, AMOUNTS),
    st.builds(Cancel, WHICH, st.sampled_from(AcceptExpired)),
    st.builds(
        Cancel,
        WHICH,
        st.sampled_from(AcceptExpired),
        st.sampled_from(["close", "expiry"]),
        st.sampled_from([-1, 0, 1]),
    ),
    st.builds(Refund, WHICH, st.sampled_from([1, 60, 1000])),
    st.builds(
        Grant,
        st.sampled_from(USERS),
        st.sampled_from([VOUCHER, POINTS]),
        st.sampled_from([50, 333]),
        st.sampled_from([2, 60, 3600, 90_000]),
    ),
    st.builds(Leave, st.sampled_from(USERS)),
    st.builds(Expire),
    st.builds(Wait, st.sampled_from([3, 61, 3600, 86_400])),
)
DAYS = st.lists(STEPS, min_size=3, max_size=22)


@dataclass
class Lot:
    service: ServiceId
    expires_at: int
    left: int


@dataclass
class Sale:
    payment: Payment
    user: str
    taken: list[tuple[Lot, int]]
    refunded: Counter[ServiceId] = field(default_factory=Counter)
    cancelled: bool = False


@dataclass
class Model:
    lots: dict[str, list[Lot]] = field(default_factory=lambda: {user: [] for user in USERS})
    sales: list[Sale] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    expired: Counter[ServiceId] = field(default_factory=Counter)
    forfeited: Counter[ServiceId] = field(default_factory=Counter)
    granted: Counter[ServiceId] = field(default_factory=Counter)

    def grant(self, user: str, service: ServiceId, amount: int, expires_at: int) -> None:
        """Who has left gets the lot, and loses it in the same entry."""
        self.granted[service] += amount
        left = user in self.left
        if left:
            self.forfeited[service] += amount
        self.lots[user].append(Lot(service, expires_at, 0 if left else amount))

    def take(self, pay: Pay, at: int) -> list[tuple[Lot, int]] | None:
        taken: list[tuple[Lot, int]] = []
        for service, amount in ((VOUCHER, pay.voucher), (POINTS, pay.points)):
            good = [x for x in self.lots[pay.user] if x.service == service and x.expires_at > at]
            wanted = amount
            for lot in sorted(good, key=lambda lot: lot.expires_at):
                part = min(lot.left, wanted)
                wanted -= part
                if part:
                    taken.append((lot, part))
            if wanted:
                return None
        for lot, part in taken:
            lot.left -= part
        return taken

    def cancel(self, sale: Sale, accept: AcceptExpired, at: int) -> str:
        gone = sale.user in self.left
        if sale.cancelled:
            return "ALREADY"
        if sale.refunded:
            return "REFUNDED"
        if at >= sale.payment.cancel_until:
            return "CLOSED"
        lost = [(lot, part) for lot, part in sale.taken if lot.expires_at <= at or gone]
        if lost and accept is AcceptExpired.NOT_SAID:
            return "WOULD_EXPIRE"
        sale.cancelled = True
        for lot, part in sale.taken:
            if lot.expires_at <= at:
                self.expired[lot.service] += part
            elif gone:
                self.forfeited[lot.service] += part
            else:
                lot.left += part
        return ""

    def refund(self, sale: Sale, amount: int) -> str:
        leg = sale.payment.legs[0]
        if sale.cancelled:
            return "ALREADY"
        if sale.refunded[leg.service_id] + amount > leg.amount:
            return "REFUND_TOO_MUCH"
        sale.refunded[leg.service_id] += amount
        return ""

    def expire(self, at: int) -> int:
        before = self.expired.total()
        for lot in (lot for lots in self.lots.values() for lot in lots):
            if lot.expires_at <= at:
                self.expired[lot.service] += lot.left
                lot.left = 0
        return self.expired.total() - before

    def leave(self, user: str, at: int) -> None:
        self.left.add(user)
        for lot in self.lots[user]:
            (self.forfeited if lot.expires_at > at else self.expired)[lot.service] += lot.left
            lot.left = 0


class Play:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.model = Model()
        self.model.grant("花子", VOUCHER, 5000, END_OF_AUGUST)
        self.model.grant("花子", POINTS, 300, END_OF_AUGUST)
        self.model.grant("花子", POINTS, 200, END_OF_JUNE)
        self.model.grant("太郎", VOUCHER, 3000, END_OF_AUGUST)
        self.number = 0

    async def day(self, steps: list[object]) -> None:
        async with self.town.desk() as desk:
            for step in steps:
                self.town.clock.forward(1)
                await self.step(desk, step)
                self.check_lots()
        self.check_books()

    async def step(self, desk: PaymentDesk, step: object) -> None:
        town, model, at = self.town, self.model, self.town.clock.now
        match step:
            case Pay():
                await self.pay(desk, step)
            case Cancel(which, accept, edge, off) if model.sales:
                sale = model.sales[which % len(model.sales)]
                self.go_to(sale, edge, off)
                request = request_for(sale.payment, accept_expired=accept)
                said = code(lambda: cancels_of(town).cancel(request, CLERK))
                assert said == model.cancel(sale, accept, town.clock.now)
                # whole seconds again: entries of one batch stand microseconds apart
                town.clock.now = Micros(-(-town.clock.now // SECOND) * SECOND)
            case Refund(which, amount) if model.sales:
                sale = model.sales[which % len(model.sales)]
                note = refund_for(sale.payment, amount)
                said = code(lambda: cancels_of(town).record_refund(note, CLERK))
                assert said == model.refund(sale, amount)
            case Grant(user, service, amount, lasts):
                self.grant(user, service, amount, Micros(at + lasts * SECOND))
            case Leave(user):
                first = user not in model.left
                left = leave(town, user)
                if first:
                    model.leave(user, at)
                    assert left.left_at == at
            case Expire():
                assert expire(town).amount == model.expire(at)
            case Wait(seconds):
                town.clock.forward(min(seconds, (END_OF_PLAY - at) // SECOND))

    def go_to(self, sale: Sale, edge: str, off: int) -> None:
        edges = {"": 0, "close": sale.payment.cancel_until, "expiry": sale.taken[0][0].expires_at}
        wanted = edges[edge] + off
        if self.town.clock.now < wanted < END_OF_PLAY:
            self.town.clock.now = Micros(wanted)

    async def pay(self, desk: PaymentDesk, pay: Pay) -> None:
        amount = pay.voucher + pay.points
        if not amount:
            return
        self.number += 1
        ticket = await ticket_of(desk, self.town.qr(self.number), self.town)
        user = self.town.users[pay.user].user_id
        answer = await desk.pay(user, new_key(), ticket, Yen(amount), legs(pay.voucher, pay.points))
        taken = self.model.take(pay, self.town.clock.now)
        assert (taken is None) == isinstance(answer, Refused), answer
        if isinstance(answer, Paid) and taken is not None:
            self.model.sales.append(Sale(answer.payment, pay.user, taken))

    def grant(self, user: str, service: ServiceId, amount: int, expires_at: Micros) -> None:
        self.town.grant(self.town.users[user], service, amount, expires_at)
        self.model.grant(user, service, amount, expires_at)

    def check_lots(self) -> None:
        for user, lots in self.model.lots.items():
            wanted = sorted((lot.expires_at, lot.left) for lot in lots)
            assert sorted(lots_of(self.town, user).values()) == wanted

    def check_books(self) -> None:
        model = self.model
        lines = self.town.database.read_now(trial_balance).lines
        net = Counter[tuple[AccountKind, str]]()
        for line in lines:
            net[line.kind, line.unit] += line.credit - line.debit
        for service in (VOUCHER, POINTS):
            assert net[AccountKind.EXPIRED, service] == model.expired[service]
            assert net[AccountKind.FORFEITED, service] == model.forfeited[service]
            earned = sum(
                leg.amount
                for sale in model.sales
                for leg in sale.payment.legs
                if leg.service_id == service and not sale.cancelled
            )
            assert net[AccountKind.SHOP, service] == earned
            held = sum(x.left for lots in model.lots.values() for x in lots if x.service == service)
            lost = model.expired[service] + model.forfeited[service]
            assert held + earned + lost == model.granted[service]
        assert_all_holds(self.town)


def code(call: object) -> str:
    """The refusal's code without its prefix; "" when it was done."""
    try:
        call()  # type: ignore[operator]
    except Refusal as refusal:
        return refusal.code.removeprefix("CHOBA_CANCEL_")
    return ""


@settings(QUIET, max_examples=60)
@given(steps=DAYS)
def test_any_order_on_sqlite(steps: list[object], sqlite_town_template: tuple[Path, Town]) -> None:
    with sqlite_copy(sqlite_town_template) as town:
        asyncio.run(Play(town).day(steps))


@pytest.mark.postgres
@settings(QUIET, max_examples=10)
@given(steps=DAYS)
def test_any_order_on_postgresql(
    steps: list[object], postgres: PostgresServer, postgres_town_template: Town
) -> None:
    with postgres_copy(postgres, postgres_town_template) as town:
        asyncio.run(Play(town).day(steps))
