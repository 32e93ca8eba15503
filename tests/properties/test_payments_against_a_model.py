"""Random days at the counter against a model of a few lines: every answer must be the model's.

Money is never created, lost or negative; keys are honoured under retries, duplicates and
concurrency; a sale is paid once; the same on SQLite and on PostgreSQL.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from protos.units import SaleNumber, Sequence, Yen
from server.clock import SECOND
from server.db import Database, open_database
from server.directory import ServiceId
from server.payments import (
    ClaimLimits,
    NotKnown,
    Paid,
    PaymentDesk,
    RefusalCode,
    Refused,
    ResolveMode,
    SaleState,
    verify_payments,
)
from server.payments.tickets import Ticket, seal_ticket
from server.payments.types import SaleKind
from tests.support.books import (
    END_OF_AUGUST,
    END_OF_JUNE,
    POINTS,
    VOUCHER,
    Town,
    legs,
)
from tests.support.postgres import APPLICATION, PostgresServer

USERS = ("花子", "太郎", "空")
NAMES = count(1)


@dataclass(frozen=True)
class Pay:
    user: str
    key: int
    sale: int
    voucher: int
    points: int
    surplus: int
    """Added to the amount, so that the split is wrong."""


@dataclass(frozen=True)
class Together:
    """Sent at the same time."""

    pays: tuple[Pay, ...]


@dataclass(frozen=True)
class Void:
    sale: int


@dataclass(frozen=True)
class Claim:
    user: str
    sale: int


@dataclass(frozen=True)
class Grant:
    user: str
    points: bool
    amount: int


@dataclass(frozen=True)
class Wait:
    seconds: int


@dataclass(frozen=True)
class Restart:
    pass


AMOUNTS = st.sampled_from([0, 1, 50, 200, 499, 500, 501, 1000, 3000, 5000])
PAYS = st.builds(
    Pay,
    user=st.sampled_from(USERS),
    key=st.integers(1, 6),
    sale=st.integers(1, 6),
    voucher=AMOUNTS,
    points=AMOUNTS,
    surplus=st.sampled_from([0, 0, 0, 0, 0, 1, -1]),
)
STEPS = st.one_of(
    PAYS,
    PAYS,
    st.builds(Together, st.lists(PAYS, min_size=2, max_size=8).map(tuple)),
    st.builds(Void, st.integers(1, 6)),
    st.builds(Claim, st.sampled_from(USERS), st.integers(1, 6)),
    st.builds(Grant, st.sampled_from(USERS), st.booleans(), st.sampled_from([1, 250, 4000])),
    st.builds(Wait, st.sampled_from([1, 60, 91, 400, 30 * 86400])),
    st.builds(Restart),
)
DAYS = st.lists(STEPS, min_size=1, max_size=25)


@dataclass
class Model:
    """The rules, as simply as they can be said."""

    lots: dict[tuple[str, ServiceId], list[list[int]]] = field(default_factory=dict)
    """[expires at, what is left], by expiry and age."""
    sales: dict[int, str] = field(default_factory=dict)
    claims: dict[int, tuple[str, int]] = field(default_factory=dict)
    keys: dict[tuple[str, int], tuple[Pay, str]] = field(default_factory=dict)
    paid: int = 0

    def grant(self, user: str, service: ServiceId, amount: int, expires_at: int) -> None:
        lots = self.lots.setdefault((user, service), [])
        lots.append([expires_at, amount])
        lots.sort(key=lambda lot: lot[0])

    def left(self, user: str, service: ServiceId, at: int) -> int:
        return sum(rest for until, rest in self.lots.get((user, service), []) if until > at)

    def held_by_other(self, pay: Pay, at: int) -> bool:
        user, until = self.claims.get(pay.sale, (pay.user, 0))
        return user != pay.user and until > at

    def pay(self, pay: Pay, at: int) -> str:
        amount = pay.voucher + pay.points + pay.surplus
        if amount <= 0:
            return "AMOUNT_ZERO" if amount == 0 else "AMOUNT_NEGATIVE"
        if pay.voucher + pay.points == 0:
            return "SPLIT_EMPTY"
        if pay.surplus:
            return "SPLIT_SUM"
        known = self.keys.get((pay.user, pay.key))
        if known is not None:
            return known[1] if known[0] == pay else "KEY_REUSED"
        outcome = self.decide(pay, at)
        self.keys[pay.user, pay.key] = (pay, outcome)
        return outcome

    def decide(self, pay: Pay, at: int) -> str:
        if pay.sale in self.sales:
            return "SALE_PAID" if self.sales[pay.sale] == "paid" else "SALE_VOID"
        if self.held_by_other(pay, at):
            return "SALE_CLAIMED"
        wanted = {VOUCHER: pay.voucher, POINTS: pay.points}
        if any(self.left(pay.user, s, at) < amount for s, amount in wanted.items()):
            return "BALANCE_SHORT"
        for service, amount in wanted.items():
            for lot in self.lots.get((pay.user, service), []):
                part = min(amount, lot[1]) if lot[0] > at else 0
                lot[1] -= part
                amount -= part  # noqa: PLW2901 -- what is still to be taken
        self.sales[pay.sale] = "paid"
        self.claims.pop(pay.sale, None)
        self.paid += 1
        return f"paid {self.paid}"


class Play:
    """One random day, played on the desk and on the model."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.town.add_user("空")
        self.model = Model()
        self.model.grant("花子", VOUCHER, 5000, END_OF_AUGUST)
        self.model.grant("花子", POINTS, 300, END_OF_AUGUST)
        self.model.grant("花子", POINTS, 200, END_OF_JUNE)
        self.model.grant("太郎", VOUCHER, 3000, END_OF_AUGUST)
        self.granted = 8500
        self.answers: dict[tuple[str, int], Paid | Refused] = {}

    async def day(self, steps: list[object]) -> None:
        while steps is not None:
            async with self.town.desk(
                claims=ClaimLimits(new_per_minute=999, abandoned_before_block=999)
            ) as desk:
                for user in self.town.users.values():
                    await desk.balances(user.user_id)  # so that nothing waits for a first look
                restart = next((i for i, s in enumerate(steps) if isinstance(s, Restart)), None)
                for step in steps[:restart]:
                    await self.step(desk, step)
                if restart is None:
                    await self.check(desk)
                    return
                steps = steps[restart + 1 :]

    async def step(self, desk: PaymentDesk, step: object) -> None:
        clock = self.town.clock
        match step:
            case Pay():
                await self.together(desk, (step,))
            case Together(pays):
                await self.together(desk, pays)
            case Void(sale):
                found = await desk.resolve(self.town.matsuya, SaleNumber(sale), ResolveMode.VOID)
                self.model.sales.setdefault(sale, "void")
                wanted = SaleState.PAID if self.model.sales[sale] == "paid" else SaleState.VOID
                assert found.state is wanted
            case Claim(user, sale):
                await self.claim(desk, user, sale)
            case Grant(user, points, amount):
                service = POINTS if points else VOUCHER
                self.town.grant(self.town.users[user], service, amount, END_OF_AUGUST)
                self.model.grant(user, service, amount, END_OF_AUGUST)
                self.granted += amount
            case Wait(seconds):
                # the books' instants may run some microseconds ahead of a clock that stands still
                clock.forward(min(seconds, (END_OF_AUGUST - clock.now) // SECOND - 3600))
            case _:
                raise AssertionError(step)

    async def together(self, desk: PaymentDesk, pays: tuple[Pay, ...]) -> None:
        tickets = [self.ticket(desk, pay) for pay in pays]
        answers = await asyncio.gather(
            *(
                desk.pay(
                    self.town.users[pay.user].user_id,
                    f"key-of-this-day-{pay.key}",
                    ticket,
                    Yen(pay.voucher + pay.points + pay.surplus),
                    legs(pay.voucher, pay.points),
                )
                for pay, ticket in zip(pays, tickets, strict=True)
            )
        )
        for pay, answer in zip(pays, answers, strict=True):
            self.compare(pay, self.model.pay(pay, self.town.clock.now), answer)

    def compare(self, pay: Pay, expected: str, answer: Paid | Refused) -> None:
        if isinstance(answer, Refused):
            assert answer.code is RefusalCode(f"CHOBA_PAYMENT_{expected}"), pay
        else:
            assert expected == f"paid {answer.payment.sequence}", pay
            assert answer.payment.amount == pay.voucher + pay.points
        if expected not in {"KEY_REUSED"} and (pay.user, pay.key) in self.model.keys:
            known = self.answers.setdefault((pay.user, pay.key), answer)
            if self.model.keys[pay.user, pay.key][0] == pay:
                assert answer == known

    def ticket(self, desk: PaymentDesk, pay: Pay) -> str:
        """As the phone got it before anybody paid: a ticket of an open sale."""

        ticket = Ticket(
            SaleKind.DYNAMIC,
            self.town.matsuya,
            SaleNumber(pay.sale),
            Yen(0),
            self.town.clock.now,
        )
        return seal_ticket(ticket, self.town.keyring.ticket_key)

    async def claim(self, desk: PaymentDesk, user: str, sale: int) -> None:
        at = self.town.clock.now
        ticket = self.ticket(desk, Pay(user, 0, sale, 0, 0, 0))
        answer = await desk.claim(self.town.users[user].user_id, ticket, Yen(0))
        holder, until = self.model.claims.get(sale, ("", 0))
        if sale in self.model.sales:
            wanted = "SALE_PAID" if self.model.sales[sale] == "paid" else "SALE_VOID"
        elif until > at and holder != user:
            wanted = "SALE_CLAIMED"
        else:
            wanted = ""
            if holder != user or until <= at:
                others = [s for s, (u, _) in self.model.claims.items() if u == user]
                for other in others:
                    del self.model.claims[other]
                self.model.claims[sale] = (user, at + 90 * SECOND)
        got = answer.code.removeprefix("CHOBA_PAYMENT_") if isinstance(answer, Refused) else ""
        assert got == wanted

    async def check(self, desk: PaymentDesk) -> None:
        """Everything at the end of the day."""
        town, at = self.town, self.town.clock.now
        for name, user in town.users.items():
            for balance in await desk.balances(user.user_id):
                assert balance.amount == self.model.left(name, balance.service_id, at)
        for (user_name, key), (_, outcome) in self.model.keys.items():
            stored = await desk.outcome(town.users[user_name].user_id, f"key-of-this-day-{key}")
            assert not isinstance(stored, NotKnown)
            assert isinstance(stored, Paid) == outcome.startswith("paid")
        page = await desk.payments_after(town.matsuya, Sequence(0), 500)
        assert [p.sequence for p in page.payments] == list(range(1, self.model.paid + 1))
        spent = sum(p.amount for p in page.payments)
        assert sum(town.holdings().values()) + spent == self.granted
        town.assert_books_hold()
        assert town.database.read_now(verify_payments) == []


@contextmanager
def copied(template: tuple[Path, Town]) -> Iterator[Town]:
    path = template[0].with_name(f"day-{next(NAMES)}.db")
    shutil.copy(template[0], path)
    with closing(open_database(f"sqlite:///{path}")) as database:
        yield template[1].moved_to(database)
    path.unlink()


@contextmanager
def closing(database: Database) -> Iterator[Database]:
    try:
        yield database
    finally:
        database.close_now()


QUIET = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@settings(QUIET, max_examples=60)
@given(steps=DAYS)
def test_any_day_on_sqlite(steps: list[object], sqlite_town_template: tuple[Path, Town]) -> None:
    with copied(sqlite_town_template) as town:
        asyncio.run(Play(town).day(steps))


@pytest.mark.postgres
@settings(QUIET, max_examples=8)
@given(steps=DAYS)
def test_any_day_on_postgresql(
    steps: list[object], postgres: PostgresServer, postgres_town_template: Town
) -> None:
    name = f"day_{next(NAMES)}"
    postgres.create(name, template="choba_town")
    with closing(open_database(postgres.url(name, APPLICATION))) as database:
        asyncio.run(Play(postgres_town_template.moved_to(database)).day(steps))
    postgres.drop(name)
