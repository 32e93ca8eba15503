"""Random orders of pay, cancel, close, crash, correction, payout and return against a model.

The model knows a Friday, the end of a month and sums. A cancel is refused from the boundary on,
whoever asks; every leg is in exactly one close; what shops were paid and are still owed is what
customers spent less what was cancelled, and corrections; the same on SQLite and on PostgreSQL.
"""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protos.units import Micros, TerminalNumber, Yen
from server.checkpoints import Checkpoint
from server.clock import SECOND
from server.directory import ServiceId, ShopId
from server.ledger import AccountKind
from server.payments import Paid, Payment, PaymentDesk, by_operator, by_shop, by_terminal
from server.refusal import Refusal
from server.settlement.closes import Close, CloseCode
from server.settlement.payouts import Outcome, Payee, PayoutCode
from tests.support.books import POINTS, VOUCHER, Town, legs, moment, new_key, ticket_of
from tests.support.cancels import cancels_of, request_for
from tests.support.closes import close_desk, closes, sums
from tests.support.copies import QUIET, postgres_copy, sqlite_copy
from tests.support.payouts import (
    HANAKO,
    JIRO,
    KODAMA,
    MATSUYA,
    WHY,
    assert_payouts_hold,
    correct,
    draft,
    give_details,
    lines_of,
    moved,
    payee_desk,
    payout_desk,
    send,
    settings_for,
    still_open,
)
from tests.support.postgres import PostgresServer

SERVICES = (VOUCHER, POINTS)
JAPAN = dt.timezone(dt.timedelta(hours=9))
LONG = moment(2025, 3, 1)
END_OF_PLAY = moment(2024, 7, 30)
DAY_OF_ALL = dt.date(2024, 8, 30)
"""A bank day by which every close of the play is due."""


class CrashedError(Exception):
    """The process ended at a step of a close."""


@dataclass(frozen=True)
class Pay:
    """``edge``: on the microsecond of the service's coming boundary, and ``off`` of them."""

    voucher: int
    points: int
    kissaten: bool
    edge: ServiceId | None = None
    off: int = 0


@dataclass(frozen=True)
class Cancel:
    which: int
    by: str
    edge: bool = False
    off: int = 0


@dataclass(frozen=True)
class MakeClose:
    """``again``: how often more; ``crash``: the first attempt ends there."""

    service: ServiceId
    again: int
    crash: Checkpoint | None


@dataclass(frozen=True)
class Correct:
    shop: ShopId
    amount: int


@dataclass(frozen=True)
class PayOut:
    """To its end, or discarded while it is a draft."""

    service: ServiceId
    discard: bool


@dataclass(frozen=True)
class Return:
    which: int


@dataclass(frozen=True)
class Wait:
    days: int


CRASHES = [point for point in Checkpoint if point.value.startswith("close.")]
AMOUNTS = st.sampled_from([0, 1, 60, 350, 1000])
OFF = st.sampled_from([-1, 0, 1])
PAYS = st.builds(
    Pay,
    AMOUNTS,
    AMOUNTS,
    st.booleans(),
    st.sampled_from([None, None, *SERVICES]),
    OFF,
)
CLOSES = st.builds(
    MakeClose,
    st.sampled_from(SERVICES),
    st.sampled_from([0, 1]),
    st.sampled_from([None, None, *CRASHES]),
)
STEPS = st.one_of(
    PAYS,
    PAYS,
    st.builds(
        Cancel,
        st.integers(0, 5),
        st.sampled_from(["operator", "shop", "terminal"]),
        st.booleans(),
        OFF,
    ),
    CLOSES,
    CLOSES,
    st.builds(Correct, st.sampled_from([MATSUYA, KODAMA]), st.sampled_from([-1500, -60, 1, 400])),
    st.builds(PayOut, st.sampled_from(SERVICES), st.booleans()),
    st.builds(Return, st.integers(0, 3)),
    st.builds(Wait, st.sampled_from([1, 7, 12])),
)
ORDERS = st.lists(STEPS, min_size=4, max_size=24)
AROUND_A_BOUNDARY = [
    *[Pay(60, 1, False, VOUCHER, off) for off in (-1, 0, 1)],
    *[MakeClose(VOUCHER, 0, crash) for crash in CRASHES[:2]],
    *[Pay(1, 60, False, POINTS, off) for off in (-1, 0, 1)],
    *[MakeClose(service, 1, crash) for service in SERVICES for crash in CRASHES],
]
COMBINED = [
    step
    for who in ("operator", "shop", "terminal")
    for off in (-1, 0)
    for step in (Pay(350, 60, False), Cancel(-1, who, True, off), Cancel(-1, who))
]
"""A payment on both services: until the earlier of its closes, and not a microsecond longer."""
OWED_AND_RETURNED = [
    Pay(0, 350, True),
    Wait(12),
    Wait(12),
    Wait(7),
    *[MakeClose(POINTS, 1, None)] * 3,
    PayOut(POINTS, discard=True),
    PayOut(POINTS, discard=False),
    Return(0),
    Correct(KODAMA, -1500),
    PayOut(POINTS, discard=False),
    Correct(KODAMA, 400),
    Correct(MATSUYA, 400),
    PayOut(POINTS, discard=False),
]


def boundary_of(service: ServiceId, instant: int) -> Micros:
    """The end of the Friday, or of the month, in which an instant lies: by the calendar alone."""
    day = dt.datetime.fromtimestamp(instant // SECOND, JAPAN).date()
    if service == VOUCHER:
        while day.isoweekday() != 5:
            day += dt.timedelta(days=1)
        day += dt.timedelta(days=1)
    else:
        day = dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return moment(day.year, day.month, day.day)


@dataclass
class Sale:
    payment: Payment
    terminal: TerminalNumber
    cancelled: bool = False

    def closes_at(self, service: ServiceId) -> Micros:
        return boundary_of(service, self.payment.paid_at)

    @property
    def cancel_until(self) -> Micros:
        return min(self.closes_at(leg.service_id) for leg in self.payment.legs)


@dataclass
class Model:
    sales: list[Sale] = field(default_factory=list)
    next_boundary: dict[ServiceId, Micros] = field(
        default_factory=lambda: {VOUCHER: moment(2024, 6, 8), POINTS: moment(2024, 5, 1)}
    )
    closed: dict[tuple[ServiceId, int], Close] = field(default_factory=dict)
    earned: Counter[tuple[ServiceId, ShopId]] = field(default_factory=Counter)
    """Net of the closes that were made."""
    corrected: Counter[ServiceId] = field(default_factory=Counter)
    transfers: dict[str, tuple[ServiceId, Payee, int]] = field(default_factory=dict)
    """Sent and not returned, by payout."""

    def sums_at(self, service: ServiceId, boundary: Micros) -> dict[ShopId, tuple[int, ...]]:
        """Used, how often, cancelled, how often: of each shop whose sales close then."""
        found: dict[ShopId, list[int]] = {}
        for sale in self.sales:
            for leg in sale.payment.legs:
                if leg.service_id == service and sale.closes_at(service) == boundary:
                    shop = found.setdefault(sale.payment.shop_id, [0, 0, 0, 0])
                    shop[0] += leg.amount
                    shop[1] += 1
                    shop[2] += leg.amount * sale.cancelled
                    shop[3] += sale.cancelled
        return {shop: tuple(facts) for shop, facts in found.items()}

    def spent(self, service: ServiceId) -> int:
        return sum(
            leg.amount
            for sale in self.sales
            for leg in sale.payment.legs
            if leg.service_id == service and not sale.cancelled
        )


class Play:
    """The clock goes on by a second before each step, so that each instant is known exactly."""

    def __init__(self, town: Town) -> None:
        self.town, self.model, self.number = town, Model(), 0
        for service in SERVICES:
            town.grant(town.users["花子"], service, 1_000_000, LONG)
            payee_desk(town).change_settings(settings_for(service), by=HANAKO, why="開始")
        for shop in (MATSUYA, KODAMA):
            give_details(town, Payee.shop(shop))

    async def run(self, steps: list[object]) -> None:
        async with self.town.desk() as desk:
            for step in steps:
                self.town.clock.forward(1)
                await self.step(desk, step)
                self.check_money()
        self.end()

    async def step(self, desk: PaymentDesk, step: object) -> None:
        model = self.model
        match step:
            case Pay():
                await self.pay(desk, step)
            case Cancel(which, by, edge, off) if model.sales:
                self.cancel(model.sales[which % len(model.sales)], by, edge, off)
            case MakeClose():
                self.close(step)
            case Correct(shop, amount):
                correct(self.town, amount, shop, POINTS)
                model.corrected[POINTS] += amount
            case PayOut(service, discard):
                self.pay_out(service, discard)
            case Return(which) if model.transfers:
                self.return_one(sorted(model.transfers)[which % len(model.transfers)])
            case Wait(days):
                self.go_to(self.town.clock.now + days * 86_400 * SECOND)

    def go_to(self, instant: int) -> None:
        if self.town.clock.now < instant < END_OF_PLAY:
            self.town.clock.now = Micros(instant)

    async def pay(self, desk: PaymentDesk, pay: Pay) -> None:
        town = self.town
        voucher = 0 if pay.kissaten else pay.voucher
        if not voucher + pay.points:
            return
        self.number += 1
        if pay.edge is not None:
            self.go_to(boundary_of(pay.edge, town.clock.now) + pay.off)
        terminal = town.kissaten if pay.kissaten else town.matsuya
        qr = town.qr(self.number, terminal=terminal)
        answer = await desk.pay(
            town.users["花子"].user_id,
            new_key(),
            await ticket_of(desk, qr, town),
            Yen(voucher + pay.points),
            legs(voucher, pay.points),
        )
        assert isinstance(answer, Paid), answer
        sale = Sale(answer.payment, terminal)
        assert answer.payment.paid_at == town.clock.now
        assert answer.payment.cancel_until == sale.cancel_until
        for leg in answer.payment.legs:
            assert leg.closes_at == sale.closes_at(leg.service_id)
        self.model.sales.append(sale)

    def cancel(self, sale: Sale, by: str, edge: bool, off: int) -> None:
        town, payment = self.town, sale.payment
        if edge:
            self.go_to(sale.cancel_until + off)
        name = "T-000412" if sale.terminal == town.matsuya else "T-000413"
        who = {
            "operator": by_operator("係"),
            "shop": by_shop(payment.shop_id),
            "terminal": by_terminal(name, sale.terminal),
        }[by]
        said = code(lambda: cancels_of(town).cancel(request_for(payment), who))
        if sale.cancelled:
            assert said == "CHOBA_CANCEL_ALREADY"
        elif town.clock.now >= sale.cancel_until:
            assert said == "CHOBA_CANCEL_CLOSED"
        else:
            assert said == ""
            sale.cancelled = True

    def close(self, step: MakeClose) -> None:
        town, model, service = self.town, self.model, step.service
        number = len(closes(town, service)) + 1
        boundary = model.next_boundary[service]
        if town.clock.now < boundary:
            said = code(lambda: self.make(service, number))
            assert said == CloseCode.NOT_YET
            return
        was_made = self.crash(step, number) if step.crash else False
        first = close_desk(town).close(service, number, by="係", why="締め")
        assert first.repeated is was_made
        made = first.close
        for _ in range(step.again):
            self.make(service, number, expected=made)
        assert made.boundary == boundary
        assert {
            one.shop_id: (one.used, one.used_count, one.cancelled, one.cancelled_count)
            for one in sums(town, made)
        } == model.sums_at(service, boundary)
        for one in sums(town, made):
            assert one.net >= 0
            model.earned[service, one.shop_id] += one.net
        model.closed[service, number] = made
        model.next_boundary[service] = boundary_of(service, boundary)

    def make(self, service: ServiceId, number: int, expected: Close | None = None) -> None:
        again = close_desk(self.town).close(service, number, by="別の係", why="再度")
        assert again.repeated
        assert again.close == expected

    def crash(self, step: MakeClose, number: int) -> bool:
        """Whether the close was committed before the process ended."""

        def end(point: Checkpoint) -> None:
            if point is step.crash:
                raise CrashedError

        with pytest.raises(CrashedError):
            close_desk(self.town, checkpoint=end).close(step.service, number, by="係", why="締め")
        return step.crash is Checkpoint.CLOSE_AFTER_COMMIT

    def pay_out(self, service: ServiceId, discard: bool) -> None:
        town = self.town
        try:
            bulk = draft(town, DAY_OF_ALL, service)
        except Refusal as refusal:
            assert refusal.code is PayoutCode.NOTHING_TO_PAY  # noqa: PT017 -- or it is drafted
            return
        payouts = lines_of(town, bulk)
        assert all(payout.amount >= 0 for payout in payouts)
        if discard:
            payout_desk(town).discard(bulk.bulk_id, by=JIRO, why=WHY)
            return
        send(town, bulk)
        desk = payout_desk(town)
        content = desk.make_file(bulk.bulk_id, by=HANAKO, why=WHY)
        assert desk.make_file(bulk.bulk_id, by=JIRO, why=WHY) == content
        for payout in payouts:
            if payout.outcome is Outcome.TRANSFER:
                transfer = (service, payout.payee, int(payout.amount))
                self.model.transfers[payout.payout_id] = transfer

    def return_one(self, payout_id: str) -> None:
        payout_desk(self.town).returned(payout_id, False, by=HANAKO, why="銀行の障害")
        del self.model.transfers[payout_id]

    def check_money(self) -> None:
        """What shops were paid and are owed is what was spent, cancelled and corrected."""
        town, model = self.town, self.model
        for service in SERVICES:
            paid = sum(amount for s, _, amount in model.transfers.values() if s == service)
            earned = sum(net for (s, _), net in model.earned.items() if s == service)
            corrected = model.corrected[service]
            assert moved(town, AccountKind.PAID_OUT, service) == paid
            spent = model.spent(service)
            assert moved(town, AccountKind.SHOP, service) == spent + corrected - paid
            assert still_open(town, service) == earned + corrected - paid

    def end(self) -> None:
        """Everything is closed and paid; nothing that was closed has changed since."""
        town, model = self.town, self.model
        ends = [sale.closes_at(service) for sale in model.sales for service in SERVICES]
        town.clock.now = Micros(max([*ends, town.clock.now + SECOND]))
        for service in SERVICES:
            while model.next_boundary[service] <= town.clock.now:
                self.close(MakeClose(service, 0, None))
            self.pay_out(service, discard=False)
            assert sum(n for (s, _), n in model.earned.items() if s == service) == (
                model.spent(service)
            )
            assert still_open(town, service) <= 0
            assert list(closes(town, service)) == [
                made for (s, _), made in model.closed.items() if s == service
            ]
        self.check_money()
        for sale in model.sales:
            self.cancel(sale, "shop", edge=False, off=0)
        assert_payouts_hold(town)


def code(call: Callable[[], Any]) -> str:
    """Of the refusal; "" when it was done."""
    try:
        call()
    except Refusal as refusal:
        return str(refusal.code)
    return ""


@settings(QUIET, max_examples=20)
@given(steps=ORDERS)
@example(steps=AROUND_A_BOUNDARY)
@example(steps=COMBINED)
@example(steps=OWED_AND_RETURNED)
def test_any_order_on_sqlite(steps: list[object], sqlite_town_template: tuple[Path, Town]) -> None:
    with sqlite_copy(sqlite_town_template) as town:
        asyncio.run(Play(town).run(steps))


@pytest.mark.postgres
@settings(QUIET, max_examples=5)
@given(steps=ORDERS)
@example(steps=AROUND_A_BOUNDARY)
@example(steps=COMBINED)
@example(steps=OWED_AND_RETURNED)
def test_any_order_on_postgresql(
    steps: list[object], postgres: PostgresServer, postgres_town_template: Town
) -> None:
    with postgres_copy(postgres, postgres_town_template) as town:
        asyncio.run(Play(town).run(steps))
