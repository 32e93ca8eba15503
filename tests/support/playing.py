"""A random day (``tests.support.days``) played on the product and on ``tests.support.model``."""

import asyncio
from functools import partial
from typing import Any

from protos.units import Micros, SaleNumber, TerminalNumber, UserId, Yen
from server.campaigns import GrantDesk, GrantOrder
from server.campaigns.selling import release_unpaid
from server.clock import SECOND, tokyo_day
from server.directory import ServiceId
from server.ledger import Operation, process_clock
from server.payments import (
    AcceptExpired,
    ManyPayment,
    Paid,
    PaidOfMany,
    PaymentDesk,
    Refused,
    ResolveMode,
)
from server.payments.tickets import Ticket, seal_ticket
from server.payments.types import SaleKind
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town, legs, moment
from tests.support.bulk import bulk_desk, csv, points, runner
from tests.support.campaign import CAMPAIGN, Sale, terms_of
from tests.support.cancels import CLERK, cancels_of, expire, leave, refund_for, request_for
from tests.support.days import (
    BUY_UNTIL,
    END_OF_PLAY,
    LISTED,
    RELEASE_AT,
    START,
    Again,
    Buy,
    Cancel,
    Collect,
    Edge,
    Expire,
    File,
    Give,
    LastMoment,
    Leave,
    Many,
    Refund,
    Release,
    Restart,
    Shown,
    TakeBack,
    Together,
    Void,
    Wait,
    code,
    index_of,
    pay_key,
    said_again,
)
from tests.support.model import (
    KISSATEN,
    MATSUYA,
    SHOP_OF,
    STAND,
    UNITS_A_PERSON,
    UNITS_IN_ALL,
    Lot,
    Model,
    Order,
    Pay,
)
from tests.support.model import Sale as Sold
from tests.support.model_checks import assert_books_are_the_models, assert_same_money, rows_of


class Play:
    """One random day, played on the product and on the model."""

    def __init__(self, town: Town) -> None:
        self.town, self.model = town, Model()
        self.sale = the_sale(town)
        town.clock.now = START
        self.grant_ids: list[str] = []
        """Of the model's lots, in their order."""
        self.order_ids: list[Any] = []
        self.payments: list[Any] = []
        """Of the model's sales."""
        self.asked: list[Pay] = []
        self.edge = False
        for row in rows_of(town, "SELECT * FROM grants ORDER BY lot_id"):
            name = next(n for n, user in town.users.items() if user.user_id == row.user_id)
            lot = Lot(row.service_id, row.expires_at, row.amount, row.amount, row.price, user=name)
            self.model.issue(lot)
            self.grant_ids.append(row.grant_id)

    async def day(self, steps: list[Any]) -> None:
        while True:
            restart = next((i for i, s in enumerate(steps) if isinstance(s, Restart)), len(steps))
            async with self.town.desk() as desk:
                for user in self.town.users.values():
                    await desk.balances(user.user_id)  # so that nothing waits for a first look
                for step in steps[:restart]:
                    self.move_clock(step)
                    await self.step(desk, step)
                    assert_same_money(self.town, self.model)
            if restart >= len(steps):
                return assert_books_are_the_models(self.town, self.model)
            steps = steps[restart + 1 :]

    def move_clock(self, step: object) -> None:
        """Whole seconds, as entries of one batch stand microseconds apart; but for an edge, where
        only what books one entry or knows its instants may happen."""
        clock = self.town.clock
        if not self.edge or not isinstance(step, Pay | Many | Together | Cancel | TakeBack):
            clock.now = Micros((-(-clock.now // SECOND) + 1) * SECOND)
        self.edge = False

    async def step(self, desk: PaymentDesk, step: object) -> None:
        if isinstance(step, Pay | Together | Many | Again | Void | LastMoment):
            await self.at_the_counter(desk, step)
        elif isinstance(step, Cancel | Refund | TakeBack):
            self.take_back(step)
        elif isinstance(step, Give | File | Buy | Collect):
            self.bring(step)
        else:
            self.pass_time(step)

    async def at_the_counter(self, desk: PaymentDesk, step: object) -> None:
        match step:
            case Pay():
                await self.together(desk, (step,))
            case Together(asked):
                await self.together(desk, asked)
            case Many(asked):
                await self.many(desk, asked)
            case Again(which) if self.asked:
                await self.together(desk, (self.asked[which % len(self.asked)],))
            case LastMoment(off):
                await self.pay_at_last_moment(desk, off)
            case Void(sale):
                number = SaleNumber(sale)
                found = await desk.resolve(self.town.matsuya, number, ResolveMode.VOID)
                assert found.state.name.lower() == self.model.void(MATSUYA, sale)

    def take_back(self, step: object) -> None:
        match step:
            case Cancel() if self.model.sales:
                self.cancel(step)
            case Refund() if self.model.sales:
                self.refund(step)
            case TakeBack(which, key):
                self.take_back_grant(which % len(self.model.lots), f"k{key}")

    def bring(self, step: object) -> None:
        match step:
            case Give():
                self.give(step)
            case File(lines):
                self.file(lines)
            case Buy() if step.user not in self.model.left:  # who left has no session
                self.buy(step)
            case Collect(which):
                self.collect(which)

    def pass_time(self, step: object) -> None:
        town, model, now = self.town, self.model, self.town.clock.now
        match step:
            case Leave(user):
                left = leave(town, user)
                if user not in model.left:
                    model.leave(user, now)
                    assert left.left_at == now
            case Edge(off):
                self.go_to_edge(off)
            case Wait(seconds):
                town.clock.forward(min(seconds, (END_OF_PLAY - now) // SECOND))
            case Expire():
                assert expire(town).amount == model.expire(now)
            case Release():
                release = partial(release_unpaid, campaign_id=CAMPAIGN, now=now)
                assert town.database.write_now(release) == model.release(now)

    # Payments

    async def together(self, desk: PaymentDesk, asked: tuple[Pay, ...]) -> None:
        answers = await asyncio.gather(
            *(
                desk.pay(
                    self.user(pay.user),
                    pay_key(pay),
                    self.ticket(pay),
                    Yen(pay.amount),
                    legs(pay.voucher, pay.points),
                    said_again(pay),
                )
                for pay in asked
            )
        )
        self.compare(asked, answers)

    async def pay_at_last_moment(self, desk: PaymentDesk, off: int) -> None:
        now = self.town.clock.now
        ends = [x for x in self.model.lots if x.left and now + SECOND < x.expires_at < END_OF_PLAY]
        if not ends:
            return
        lot = min(ends, key=lambda lot: lot.expires_at)
        held = self.model.usable(lot.user, lot.service, lot.expires_at - 1)
        split = [sum(x.left for x in held) if lot.service == s else 0 for s in (VOUCHER, POINTS)]
        self.town.clock.now = Micros(lot.expires_at + off)
        number = 1000 + len(self.asked)
        await self.together(desk, (Pay(lot.user, number, MATSUYA, number, split[0], split[1]),))

    async def many(self, desk: PaymentDesk, asked: tuple[Pay, ...]) -> None:
        requests = [
            ManyPayment(
                self.user(pay.user),
                pay_key(pay),
                self.qr(pay),
                Yen(pay.amount),
                legs(pay.voucher, pay.points),
                said_again(pay),
            )
            for pay in asked
        ]
        self.compare(asked, await desk.pay_many(requests))

    def compare(self, asked: tuple[Pay, ...], answers: Any) -> None:
        """In the order of asking; one entry stands a microsecond after another."""
        now, booked = self.town.clock.now, len(self.model.sales)
        self.asked += asked
        for pay, answer in zip(asked, answers, strict=True):
            at = now + len(self.model.sales) - booked
            known = len(self.model.sales)
            wanted = self.model.pay(pay, at)
            if isinstance(wanted, str):
                assert isinstance(answer, Refused), (pay, wanted, answer)
                assert answer.code == f"CHOBA_PAYMENT_{wanted}", pay
                continue
            assert not isinstance(answer, Refused), (pay, answer)
            payment = answer.payment if isinstance(answer, Paid) else answer
            if len(self.model.sales) > known:
                assert payment.paid_at == at
                wanted.closes = payment.cancel_until
                self.payments.append(payment)
                continue
            first = self.payments[index_of(self.model.sales, wanted)]
            assert payment.payment_id == first.payment_id
            assert payment.paid_at == first.paid_at
            assert payment.confirmation_code == first.confirmation_code

    def terminal(self, pay: Pay) -> TerminalNumber:
        town = self.town
        return {MATSUYA: town.matsuya, KISSATEN: town.kissaten, STAND: town.stand}[pay.place]

    def ticket(self, pay: Pay) -> str:
        stand = pay.place == STAND
        kind, sale = (SaleKind.STAND, 0) if stand else (SaleKind.DYNAMIC, pay.sale)
        now = self.town.clock.now
        ticket = Ticket(kind, self.terminal(pay), SaleNumber(sale), Yen(0), now)
        return seal_ticket(ticket, self.town.keyring.ticket_key)

    def qr(self, pay: Pay) -> str:
        if pay.place == STAND:
            return self.town.stand_qr()
        return self.town.qr(pay.sale, terminal=self.terminal(pay))

    def user(self, name: str) -> UserId:
        return self.town.users[name].user_id

    def sold(self, which: int) -> tuple[Sold, Any]:
        """A sale and its payment as a customer's phone shows it."""
        place = which % len(self.model.sales)
        known = self.payments[place]
        if isinstance(known, PaidOfMany):
            pay = self.model.sales[place].pay
            shop = SHOP_OF[pay.place]
            known = Shown(known.payment_id, shop, pay.amount, known.transaction_ids)
        return self.model.sales[place], known

    def cancel(self, step: Cancel) -> None:
        sale, payment = self.sold(step.which)
        key = f"cancel-of-the-day-{step.key}"
        accept = AcceptExpired.RESTORE_AND_EXPIRE if step.accept else AcceptExpired.NOT_SAID
        request = request_for(payment, idempotency_key=key, accept_expired=accept)
        said = code(lambda: cancels_of(self.town).cancel(request, CLERK))
        assert said == self.model.cancel(sale, key, step.accept, self.town.clock.now)

    def refund(self, step: Refund) -> None:
        sale, payment = self.sold(step.which)
        parts = sale.pay.legs()
        leg, key = step.leg % len(parts), f"refund-of-the-day-{step.key}"
        note = refund_for(payment, step.amount, leg, idempotency_key=key)
        said = code(lambda: cancels_of(self.town).record_refund(note, CLERK))
        assert said == self.model.refund(sale, parts[leg][0], step.amount, key)

    # Grants

    def take_back_grant(self, place: int, key: str) -> None:
        desk = GrantDesk(self.town.database, process_clock(self.town.clock))
        said = code(lambda: desk.cancel(key, self.grant_ids[place], "誤り", "係"))
        wanted = self.model.take_back_grant(self.model.lots[place], key, self.town.clock.now)
        assert said == wanted.replace("new", "").replace("repeated", "")

    def give(self, step: Give) -> None:
        town, key = self.town, f"k{step.key}"
        operation = Operation.CHARGE if step.price else Operation.GRANT
        asked = (operation, step.user, step.service, step.amount, step.price)
        price = str(step.price or "")
        order = GrantOrder(
            key, operation, self.user(step.user), step.service, str(step.amount), "付与", price
        )
        receipts: list[Any] = []
        desk = GrantDesk(town.database, process_clock(town.clock))
        said = code(lambda: receipts.append(desk.give(order, "係")))
        lot = self.new_lot(step.user, step.service, step.amount, step.price)
        wanted = self.model.give(f"hand {key}", asked, lot, town.clock.now)
        if wanted not in {"new", "repeated"}:
            assert said == wanted
            return
        assert said == ""
        assert receipts[0].repeated == (wanted == "repeated")
        if wanted == "new":
            self.grant_ids.append(receipts[0].grant_id)

    def new_lot(self, user: str, service: ServiceId, amount: int, price: int) -> Lot:
        """Points last three days (town's rule), vouchers as long as their service."""
        day = tokyo_day(Micros(self.town.clock.now + 4 * 86_400 * SECOND))
        until = END_OF_AUGUST if service == VOUCHER else moment(day.year, day.month, day.day)
        return Lot(service, until, amount, amount, price, user=user)

    def file(self, lines: tuple[tuple[int, tuple[str, int]], ...]) -> None:
        town, model = self.town, self.model
        desk = bulk_desk(town)
        rows = [points(town, user, f"f{key}", amount) for key, (user, amount) in lines]
        preview = desk.preview(csv(rows), "points.csv", "係", lambda _found: None)
        trial = Model(left=set(model.left), give_keys=dict(model.give_keys))
        fates = [
            trial.give(f"file {key}", line, self.new_lot(*_points_of(line)), town.clock.now)
            for key, line in lines
        ]
        confirm = partial(desk.confirm, "k" * 20, preview.batch_id, preview.shown_digest)
        if set(fates) - {"new", "repeated"}:
            assert code(lambda: confirm("付与", "係")) == "WRONG_LINES"
            return
        if "new" not in fates:
            assert code(lambda: confirm("付与", "係")) == "NOTHING_NEW"
            return
        desk.confirm(
            f"batch-{preview.batch_id}", preview.batch_id, preview.shown_digest, "付与", "係"
        )
        runner(town).run(preview.batch_id)
        runner(town).run(preview.batch_id)
        for key, line in lines:
            if (
                model.give(f"file {key}", line, self.new_lot(*_points_of(line)), town.clock.now)
                == "new"
            ):
                self.learn_grant(f"csv/f{key}")

    def learn_grant(self, key: str) -> None:
        found = rows_of(
            self.town, "SELECT grant_id FROM grants WHERE idempotency_key = :key", key=key
        )
        self.grant_ids.append(found[0].grant_id)

    # Purchases

    def buy(self, step: Buy) -> None:
        model, now = self.model, self.town.clock.now
        order = Order(step.user, step.units, step.user == LISTED[0], RELEASE_AT)
        made: list[Any] = []
        key, user = f"order-of-the-day-{step.key}", self.user(step.user)
        said = code(lambda: made.append(self.sale.order(user, step.units, 2, key)))
        before = len(model.orders)
        wanted = model.order(order, key, listed=step.user in LISTED, window=now < BUY_UNTIL)
        if isinstance(wanted, str):
            assert said == wanted
            return
        assert said == ""
        if len(model.orders) > before:
            self.order_ids.append(made[0])
        assert made[0].order_id == self.order_ids[index_of(model.orders, wanted)].order_id

    def collect(self, which: int) -> None:
        """Paid at the agency, reported, booked; and the whole report again."""
        unpaid = [i for i, order in enumerate(self.model.orders) if order.state == "open"]
        if not unpaid or self.town.clock.now >= END_OF_AUGUST:
            return
        place = unpaid[which % len(unpaid)]
        self.sale.agency.pay(self.order_ids[place], tokyo_day(self.town.clock.now))
        self.sale.collect()
        self.sale.collect()
        before = len(self.model.lots)
        self.model.collect(self.model.orders[place])
        keys = ["purchase-", "purchase-bonus-"][: len(self.model.lots) - before]
        for key in keys:
            self.learn_grant(key + self.order_ids[place].order_id)

    # The clock and the comparison

    def go_to_edge(self, off: int) -> None:
        now, model = self.town.clock.now, self.model
        edges = [lot.expires_at for lot in model.lots if lot.left]
        edges += [sale.closes for sale in model.sales if not sale.cancelled]
        edges += [lot.expires_at for sale in model.sales for lot, _ in sale.taken]
        coming = [edge for edge in edges if now + SECOND < edge < END_OF_PLAY]
        if coming:
            self.town.clock.now, self.edge = Micros(min(coming) + off), True


def _points_of(line: tuple[str, int]) -> tuple[str, ServiceId, int, int]:
    return (line[0], POINTS, line[1], 0)


def the_sale(town: Town) -> Sale:
    """Few units; its terms again are nothing new."""
    return Sale(town, terms_of(UNITS_IN_ALL, units_per_person=str(UNITS_A_PERSON)))
