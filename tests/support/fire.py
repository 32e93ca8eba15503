"""One server process under fire: real desks, random clients, every question and answer in a file.

What is asked under a key follows from the key alone, so that processes ask the same under the same
key; who is killed leaves a question without an answer. Play time runs ``SPEED`` times as fast as
the machine's, from one epoch for all processes.
"""

import asyncio
import random
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from sqlalchemy import text

from protos.qr_token import Token, TokenKind, mint
from protos.units import Micros, PaymentId, SaleNumber, TerminalNumber, UnixSeconds, UserId, Yen
from server.campaigns import GrantDesk, GrantOrder, close_account, run_expiry
from server.campaigns.bulk import BulkDesk, BulkRunner
from server.campaigns.selling import order_vouchers, release_unpaid
from server.clock import DAY, SECOND
from server.db import Database, LedgerUnavailable, open_database
from server.directory import Keyring, ServiceId
from server.ledger import LedgerClock, Operation, process_clock
from server.payments import (
    AcceptExpired,
    CancelRequest,
    DeskSettings,
    LegRequest,
    ManyPayment,
    Paid,
    PaymentCancels,
    PaymentDesk,
    RefundRequest,
    RefusalCode,
    Refused,
    by_operator,
)
from server.payments.tickets import Ticket, seal_ticket
from server.payments.types import SaleKind
from server.refusal import Refusal
from server.settlement.closes import CloseDesk
from tests.support.books import HOST, MASTER, POINTS, VOUCHER, legs
from tests.support.bulk import csv
from tests.support.campaign import CAMPAIGN
from tests.support.closes import KEY
from tests.support.fire_orders import SPEED, Journal, Orders, Question

CLERK: Final = "係"
_CLIENTS: Final = 8
_KEYS_A_SECOND: Final = 12
_LAST_WORD: Final = 8
"""Seconds after the end in which what was asked is asked again."""
_OVERLOADED: Final = "refused:OVERLOADED"
_BUSY: Final = ("refused:BUSY",)


class Process:
    def __init__(self, orders: Orders, database: Database) -> None:
        self.orders = orders
        self.database = database
        self.random = random.Random(f"{orders.seed}/{orders.name}")
        self.journal = Journal(orders.journal)
        self.keyring = Keyring(MASTER)
        self.ledger_clock: LedgerClock = process_clock(self.clock)
        self.cancels = PaymentCancels(database, self.clock, self.ledger_clock)
        self.grants = GrantDesk(database, self.ledger_clock)
        self.bulk = BulkDesk(database, self.ledger_clock)
        self.desk: PaymentDesk

    def clock(self) -> Micros:
        passed = time.time() - self.orders.epoch
        return Micros(self.orders.start + int(passed * SPEED * SECOND))

    async def run(self) -> None:
        settings = DeskSettings(
            own_hosts=frozenset({HOST}),
            lane=self.orders.name.split(".")[0],
            fresh_for=90 * DAY,
            commit_within=90 * DAY,
        )
        self.desk = PaymentDesk(
            database=self.database,
            keyring=self.keyring,
            clock=self.clock,
            settings=settings,
            ledger_clock=self.ledger_clock,
        )
        async with self.desk:
            await asyncio.gather(*(self.client() for _ in range(_CLIENTS)))
            for service in (VOUCHER, POINTS):  # also where chance chose a close too seldom
                await self.ask(Question("close", service, []), self.do_close)

    async def client(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [
            *[self.pay] * 10,
            *[self.pay_many] * 4,
            *[self.cancel] * 5,
            *[self.take_back] * 3,
            *[self.refund] * 2,
            *[self.give] * 4,
            *[self.order] * 3,
            *[self.house] * 2,
            *[self.close] * 2,
            self.file,
        ]
        while time.time() < self.orders.ends:
            await self.random.choice(acts)()

    # Payments

    def question(self) -> Question:
        """One of the keys of this moment; now and then with another request under it."""
        passed = time.time() - self.orders.epoch
        number = int(passed * _KEYS_A_SECOND) + self.random.randint(0, 20)
        user = self.random.choice(list(self.orders.users))
        other = self.random.random() < 0.05
        key = f"key-of-a-payment-{number}"
        by_key = random.Random(f"{self.orders.seed}/{user}/{number}/{other}")
        place = by_key.choice([*self.orders.terminals])
        voucher = 0 if place == "kissaten" else by_key.choice([0, 1, 350, 900])
        amount = by_key.choice([1, 70, 400]) if voucher == 0 else by_key.choice([0, 1, 400])
        sale = 0 if place == "stand" else 2 * number + by_key.randint(1, 10)
        return Question("pay", f"{user}/{key}", [user, key, place, sale, voucher, amount])

    async def pay(self) -> None:
        question = self.question()
        twice = 2 if self.random.random() < 0.2 else 1
        await asyncio.gather(*[self.ask(question, self.send_payment) for _ in range(twice)])

    async def send_payment(self, question: Question) -> str:
        user, key, place, sale, voucher, points = question.ask
        kind = SaleKind.STAND if place == "stand" else SaleKind.DYNAMIC
        terminal = TerminalNumber(self.orders.terminals[place])
        ticket = Ticket(kind, terminal, SaleNumber(sale), Yen(0), self.clock())
        answer = await self.desk.pay(
            UserId(self.orders.users[user]),
            key,
            seal_ticket(ticket, self.keyring.ticket_key),
            Yen(voucher + points),
            legs(voucher, points),
        )
        return f"paid:{answer.payment.payment_id}" if isinstance(answer, Paid) else short(answer)

    async def pay_many(self) -> None:
        """Up to twenty in one call, some of them the same ones."""
        questions = [self.question() for _ in range(self.random.randint(1, 16))]
        questions += self.random.sample(questions, len(questions) // 4)
        for question in questions:
            self.journal.write("ask", question)
        while self.may_ask_again():
            try:
                answers = await self.desk.pay_many([self.of_many(q) for q in questions])
            except LedgerUnavailable:
                self.journal.write("again", questions[0])
                continue
            said = [short(a) if isinstance(a, Refused) else f"paid:{a.payment_id}" for a in answers]
            if _OVERLOADED in said:
                continue
            for question, answer in zip(questions, said, strict=True):
                self.journal.write("answer", question, answer)
            return

    def of_many(self, question: Question) -> ManyPayment:
        user, key, place, sale, voucher, points = question.ask
        stand = place == "stand"
        terminal = TerminalNumber(self.orders.terminals[place])
        minted = UnixSeconds(0 if stand else self.clock() // SECOND)
        kind = TokenKind.STAND if stand else TokenKind.DYNAMIC
        token = Token(kind, terminal, SaleNumber(sale), minted, Yen(0))
        qr = mint(token, self.keyring.terminal_keys(terminal).qr)
        wanted: tuple[LegRequest, ...] = legs(voucher, points)
        user_id = UserId(self.orders.users[user])
        return ManyPayment(user_id, key, qr, Yen(voucher + points), wanted)

    # What takes back

    async def cancel(self) -> None:
        """OP4 of a payment of the last ones, by one of two keys."""
        row = await self.any_row(
            "SELECT payment_id, shop_id, amount FROM payments ORDER BY paid_at DESC LIMIT 40"
        )
        if row is not None:
            number = self.random.randint(0, 1)
            ask = [row.payment_id, row.shop_id, row.amount, number]
            await self.ask(
                Question("cancel", f"cancel-{row.payment_id}-{number}", ask), self.send_cancel
            )

    async def send_cancel(self, question: Question) -> str:
        payment_id, shop_id, amount, accept = question.ask
        request = CancelRequest(
            question.key, PaymentId(payment_id), shop_id, Yen(amount), AcceptExpired(accept), "誤り"
        )
        done = await asyncio.to_thread(self.cancels.cancel, request, by_operator(CLERK))
        return f"done:{done.cancel_id}"

    async def refund(self) -> None:
        row = await self.any_row(
            "SELECT p.payment_id, l.transaction_id FROM payments p "
            "JOIN transactions l ON l.payment_id = p.payment_id "
            "ORDER BY p.paid_at DESC LIMIT 60"
        )
        if row is not None:
            number = self.random.randint(0, 2)
            key = f"refund-{row.transaction_id}-{number}"
            ask = [row.payment_id, row.transaction_id, 150]
            await self.ask(Question("refund", key, ask), self.send_refund)

    async def send_refund(self, question: Question) -> str:
        payment_id, transaction_id, amount = question.ask
        request = RefundRequest(question.key, payment_id, transaction_id, Yen(amount), "返品")
        done = await asyncio.to_thread(self.cancels.record_refund, request, by_operator(CLERK))
        return f"done:{done.refund_id}"

    async def take_back(self) -> None:
        """OP5."""
        row = await self.any_row("SELECT grant_id FROM grants ORDER BY granted_at DESC LIMIT 30")
        if row is not None:
            key = f"op5-{row.grant_id}-{self.random.randint(0, 1)}"
            await self.ask(Question("op5", key, [row.grant_id]), self.send_take_back)

    async def send_take_back(self, question: Question) -> str:
        cancel = partial(self.grants.cancel, question.key, question.ask[0], "誤り", CLERK)
        return f"done:{(await asyncio.to_thread(cancel)).cancel_id}"

    # What gives

    async def give(self) -> None:
        passed = time.time() - self.orders.epoch
        number = int(passed * 6) + self.random.randint(0, 5)
        by_key = random.Random(f"{self.orders.seed}/give/{number}")
        user, service = by_key.choice(list(self.orders.users)), by_key.choice([VOUCHER, POINTS])
        amount, price = by_key.choice([200, 700, 1500]), by_key.choice([0, 100])
        question = Question("give", f"give-{number}", [user, service, amount, price])
        await self.ask(question, self.send_give)

    async def send_give(self, question: Question) -> str:
        user, service, amount, price = question.ask
        order = GrantOrder(
            question.key,
            Operation.CHARGE if price else Operation.GRANT,
            self.orders.users[user],
            service,
            str(amount),
            "付与",
            str(price or ""),
        )
        return f"done:{(await asyncio.to_thread(self.grants.give, order, CLERK)).grant_id}"

    async def order(self) -> None:
        number = self.random.randint(0, 30)
        by_key = random.Random(f"{self.orders.seed}/order/{number}")
        user, units = by_key.choice(["市民0", "市民1"]), by_key.randint(1, 4)
        question = Question("order", f"{user}/order-of-a-buyer-{number}", [user, number, units])
        await self.ask(question, self.send_order)

    async def send_order(self, question: Question) -> str:
        user, number, units = question.ask
        work = partial(
            order_vouchers,
            user_id=UserId(self.orders.users[user]),
            campaign_id=CAMPAIGN,
            round_number=2,
            units=units,
            idempotency_key=f"order-of-a-buyer-{number}",
            clock=self.ledger_clock,
        )
        return f"done:{(await self.database.write(work)).order_id}"

    async def file(self) -> None:
        """A file of points: previewed, confirmed, booked; other processes may do the same one."""
        number = int((time.time() - self.orders.epoch) / 2)
        question = Question("file", f"file-{number}", [number])
        await self.ask(question, self.send_file)

    async def send_file(self, question: Question) -> str:
        return await asyncio.to_thread(self.book_file, question.ask[0])

    def book_file(self, number: int) -> str:
        users = list(self.orders.users.values())
        rows = [f"f{number}-{i},{users[i % len(users)]},{POINTS},OP2,{100 + i}" for i in range(12)]
        runner = BulkRunner(self.database, self.ledger_clock, lines_at_once=4)
        runner.run_unfinished()
        preview = self.bulk.preview(csv(rows), "points.csv", CLERK, lambda _found: None)
        key = f"confirm-{preview.batch_id}"
        self.bulk.confirm(key, preview.batch_id, preview.shown_digest, "付与", CLERK)
        runner.run(preview.batch_id)
        return f"done:{preview.batch_id}"

    async def house(self) -> None:
        """Jobs that may run anywhere, any number of times."""
        job = self.random.choice(["expiry", "expiry", "release", "prune", "leave"])
        if job == "leave" and self.random.random() > 0.1:
            return
        await self.ask(Question("house", job, []), self.do_house)

    async def do_house(self, question: Question) -> str:
        match question.key:
            case "expiry":
                run = partial(run_expiry, self.database, self.ledger_clock)
                return f"done:{(await asyncio.to_thread(run)).amount}"
            case "release":
                work = partial(release_unpaid, campaign_id=CAMPAIGN, now=self.clock())
                return f"done:{await self.database.write(work)}"
            case "prune":
                await self.desk.prune()
                return "done:"
            case _:
                user = UserId(self.orders.users[self.orders.leaves])
                close = partial(
                    close_account,
                    self.database,
                    user,
                    by=CLERK,
                    why="転出",
                    clock=self.ledger_clock,
                )
                return f"done:{(await asyncio.to_thread(close)).left_at}"

    async def close(self) -> None:
        """締め処理 of everything that is due, while everybody goes on paying and cancelling."""
        service = self.random.choice([VOUCHER, POINTS])
        await self.ask(Question("close", service, []), self.do_close)

    async def do_close(self, question: Question) -> str:
        desk = CloseDesk(self.database, self.ledger_clock, KEY)
        close = partial(desk.close_due, ServiceId(question.key), by=CLERK, why="締め")
        return f"done:{len(await asyncio.to_thread(close))}"

    # Asking

    async def ask(self, question: Question, send: Callable[[Question], Awaitable[str]]) -> str:
        """Ask again whatever is unknown; what is asked stands in the journal before."""
        self.journal.write("ask", question)
        while self.may_ask_again():
            try:
                answer = await send(question)
            except LedgerUnavailable:
                self.journal.write("again", question)
                await asyncio.sleep(0.02)
                continue
            except Refusal as refusal:
                answer = f"refused:{str(refusal.code).split('_', 2)[2]}"
            if answer == _OVERLOADED or answer in _BUSY:
                await asyncio.sleep(0.02)
                continue
            self.journal.write("answer", question, answer)
            return answer
        return ""

    def may_ask_again(self) -> bool:
        return time.time() < self.orders.ends + _LAST_WORD

    async def any_row(self, statement: str) -> Any:
        try:
            rows = await self.database.read(lambda c: c.execute(text(statement)).all())
        except LedgerUnavailable:
            return None
        return self.random.choice(rows) if rows else None


def short(refused: Refused) -> str:
    """A refusal without its room's name."""
    return f"refused:{RefusalCode(refused.code).removeprefix('CHOBA_PAYMENT_')}"


def live(orders: Orders) -> None:
    """The life of a process, from its start to the end of the fire or its own."""
    database = opened_patiently(orders.url)
    process = Process(orders, database)
    try:
        asyncio.run(process.run())
    except BaseException as error:
        process.journal.write("defect", Question("", "", []), f"{type(error).__name__}: {error}")
        traceback.print_exc()
        raise
    database.close_now()


def opened_patiently(url: str) -> Database:
    """A server that finds no database at its start ends; whoever runs it starts it again."""
    while True:
        try:
            return open_database(url)
        except LedgerUnavailable:
            time.sleep(0.05)
