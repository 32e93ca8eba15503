"""A small world around one counter: ledger, lossy network, printer, speaker, customers, staff.

One seed, simulated time. The device is the real core, driver and journal; power is cut at the
driver's and the journal's checkpoints. The ledger is the simplest model that keeps the contract:
the first outcome of a sale wins, sequences are gapless, a stale token is refused.
"""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from device.checkpoints import Point
from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.counter import initial_state
from device.core.intents import CheckField
from device.core.japan_time import MonoMs
from device.core.outgoing import OutgoingEvent
from device.core.payment import STAND_SALE, Payment, Via
from device.core.printing_data import (
    PaperState,
    PaymentSubject,
    PrinterState,
    PrintJob,
    SlipMark,
)
from device.core.state import Clock, LinkState, Now, State
from device.driver import Driver, Kept
from device.journal.journal import Journal
from device.ui import views
from device.ui.presenter import present
from protos.qr_token import parse, token_text_of
from protos.units import Micros, SaleNumber, Sequence, Yen
from tests.support.counter import (
    CONFIGURATION,
    IDENTITY,
    KEYS,
    NOON,
    TERMINAL,
    code_for,
    forgo_fsync,
    payment,
)


class PowerCut(BaseException):
    """The device is gone at this instant."""


@dataclass
class Ledger:
    """What the server decides."""

    paid: dict[SaleNumber, Payment] = field(default_factory=dict)
    void: set[SaleNumber] = field(default_factory=set)
    payments: list[Payment] = field(default_factory=list)
    highest: SaleNumber = SaleNumber(0)
    events: dict[str, str] = field(default_factory=dict)
    never_void: set[SaleNumber] = field(default_factory=set)

    def pay(self, sale: SaleNumber, amount: int, minted_at: int, now: Micros) -> Payment | None:
        """The first outcome wins; a token older than two minutes is refused."""
        stale = now // 1_000_000 - minted_at > 420
        if sale != STAND_SALE and (stale or sale in self.void or sale in self.paid):
            return None
        paid = payment(sale, amount, len(self.payments) + 1, now)
        self.payments.append(paid)
        if sale != STAND_SALE:
            self.paid[sale] = paid
            self.highest = max(self.highest, sale)
        return paid

    def resolve(self, sale: SaleNumber, mode: ef.ResolveMode) -> tuple[ev.Outcome, Payment | None]:
        if sale in self.paid:
            return ev.Outcome.PAID, self.paid[sale]
        if mode is ef.ResolveMode.VOID and sale not in self.void:
            assert sale not in self.never_void, "void was asked for a sale with a genuine code"
            self.void.add(sale)
        return (ev.Outcome.VOID if sale in self.void else ev.Outcome.OPEN), None


@dataclass
class Customer:
    """Somebody who has scanned a token."""

    sale: SaleNumber
    minted_at: int
    amount: int


class World:
    """One run. ``chaos`` 0 to 1: how often things go wrong."""

    def __init__(self, seed: int, folder: Path, chaos: float = 0.3) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.chaos = chaos
        self.wall = NOON
        self.mono = 1_000
        self.ledger = Ledger()
        self.link = LinkState.UP
        self.printer = PrinterState.READY
        self.spoken: Counter[str] = Counter()
        self.unmarked: Counter[str] = Counter()
        self.sheets: Counter[str] = Counter()
        self.came_out: set[str] = set()
        self.amounts: dict[SaleNumber, int] = {}
        self.customers: list[Customer] = []
        self.phones: list[Payment] = []
        self.revision = itertools.count(1)
        self.agenda: list[tuple[int, int, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.cut_in: int | None = None
        self.boots = 0
        self.cuts = 0
        self.points: Counter[Point] = Counter()
        self.driver: Driver | None = None
        self.journal: Journal | None = None
        self.quiet = False
        self.boot()

    # --- the device -------------------------------------------------------------------------

    def boot(self) -> None:
        if self.journal is not None:
            self.journal.close()
        self.boots += 1
        self.mono += 3_000
        self.wall = Micros(self.wall + 3_000_000)
        self.cut_in = None
        self.journal = Journal(self.folder / "journal.db", TERMINAL, self.wall, self.checkpoint)
        forgo_fsync(self.journal)
        self.driver = Driver(
            initial_state(5), self.journal, self.tick, self.carry_out, self.show, self.checkpoint
        )
        snapshot = self.journal.load()
        self.guarded(lambda: self.to_device(ev.Booted(snapshot, IDENTITY, f"b{self.boots}")))
        self.guarded(lambda: self.to_device(ev.ConfigurationArrived(CONFIGURATION)))
        self.guarded(lambda: self.to_device(ev.PrinterReported(self.printer, PaperState.UNKNOWN)))
        if self.link is LinkState.UP:
            self.set_link(LinkState.UP)

    def checkpoint(self, point: Point) -> None:
        self.points[point] += 1
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in <= 0:
                self.cut_in = None
                raise PowerCut

    def guarded(self, work: Callable[[], object]) -> None:
        """Do it on the device; if its power is cut, boot it."""
        try:
            work()
        except PowerCut:
            self.cuts += 1
            self.boot()

    def tick(self) -> ev.Tick:
        return ev.Tick(self.wall, MonoMs(self.mono), Clock.PLAUSIBLE)

    def to_device(self, event: ev.Event) -> Kept:
        assert self.driver is not None
        return self.driver.send(event)

    @property
    def state(self) -> State:
        assert self.driver is not None
        return self.driver.state

    @property
    def view(self) -> views.View:
        return present(self.state, Now(self.wall, MonoMs(self.mono), Clock.PLAUSIBLE))

    def show(self, state: State) -> None:
        view = present(state, Now(self.wall, MonoMs(self.mono), Clock.PLAUSIBLE))
        if isinstance(view, views.PaidView):
            known = [p for p in self.ledger.payments if p.confirmation_code == view.code]
            assert any(p.amount == view.amount for p in known), "paid was shown for nothing"
        if isinstance(view, views.StandbyView | views.QrFixedView) and view.qr.text:
            sealed = parse(token_text_of(view.qr.text))
            assert sealed.is_genuine(KEYS.qr)
            sale, amount = sealed.token.sale, sealed.token.amount
            assert self.amounts.setdefault(sale, amount) == amount, "a number with two amounts"
            assert sale not in self.ledger.void, "a void number was shown"

    # --- the network ------------------------------------------------------------------------

    def later(self, delay_ms: int, work: Callable[[], None], boot: int = 0) -> None:
        """``boot``: forgotten when the device boots meanwhile (0: never)."""
        heapq.heappush(self.agenda, (self.mono + delay_ms, next(self.order), boot, work))

    def goes_wrong(self) -> bool:
        return not self.quiet and self.random.random() < self.chaos

    def delay(self) -> int:
        slow = self.goes_wrong()
        return self.random.randint(20, 8_000) if slow else self.random.randint(20, 80)

    def announce(self, paid: Payment) -> None:
        """MQTT: lost, doubled, late, out of order."""
        if self.goes_wrong():
            return
        for _ in range(2 if self.goes_wrong() else 1):
            self.later(self.delay(), lambda: self.deliver(ev.PaymentArrived(paid, Via.ANNOUNCED)))

    def deliver(self, event: ev.Event) -> None:
        if self.link is LinkState.UP:
            self.to_device(event)

    def call(self, serve: Callable[[], list[ev.Event]], failed: ev.Event) -> None:
        """One RPC: the request or the answer may be lost, and both may be slow."""
        boot = self.boots
        if self.link is not LinkState.UP or self.goes_wrong():
            self.later(self.random.randint(1, 5_000), lambda: self.answer([failed]), boot)
            return

        def arrive() -> None:
            answers = serve()
            lost = self.goes_wrong() or self.link is not LinkState.UP
            self.later(self.delay(), lambda: self.answer([failed] if lost else answers), boot)

        self.later(self.delay(), arrive)

    def answer(self, events: list[ev.Event]) -> None:
        for event in events:
            self.to_device(event)

    def set_link(self, link: LinkState) -> None:
        self.link = link
        self.guarded(lambda: self.to_device(ev.ServerLinkChanged(link)))
        self.guarded(lambda: self.to_device(ev.BrokerLinkChanged(link)))
        if link is LinkState.UP:
            known = ev.Connected(self.ledger.highest, Sequence(len(self.ledger.payments)))
            self.guarded(lambda: self.to_device(known))

    # --- what the core asks for -------------------------------------------------------------

    def carry_out(self, effect: ef.Effect) -> None:
        match effect:
            case ef.SpeakPayment(payment_id=payment_id):
                self.spoken[payment_id] += 1
                if not self.goes_wrong():
                    done = ev.SpeechFinished(payment_id, ev.SoundOutcome.PLAYED)
                    self.later(2_500, lambda: self.answer([done]), self.boots)
            case ef.PrintSlip(job=job):
                self.print_slip(job)
            case ef.ProbeSlip(job=job):
                self.probe_slip(job)
            case ef.ProbePrinter():
                report = ev.PrinterReported(self.printer, PaperState.UNKNOWN)
                self.later(50, lambda: self.answer([report]), self.boots)
            case ef.AskResolve(sale=sale, mode=mode, attempt=attempt):
                self.call(
                    lambda: [ev.Resolved(sale, mode, *self.ledger.resolve(sale, mode))],
                    ev.ResolveFailed(sale, attempt, "lost"),
                )
            case ef.PullPayments(after=after):
                self.call(lambda: self.serve_pull(after), ev.PullFailed("lost"))
            case ef.PushEvents(events=events):
                self.call(lambda: self.serve_push(events), ev.PushFailed("lost"))
            case _:
                pass

    def serve_pull(self, after: Sequence) -> list[ev.Event]:
        batch = self.ledger.payments[after : after + 3]
        arrived: list[ev.Event] = [ev.PaymentArrived(paid, Via.PULLED) for paid in batch]
        return [*arrived, ev.PullFinished(Sequence(len(self.ledger.payments)))]

    def serve_push(self, events: tuple[OutgoingEvent, ...]) -> list[ev.Event]:
        for event in events:
            self.ledger.events[event.event_id] = event.detail
        return [ev.EventsPushed(tuple(event.event_id for event in events))]

    def print_slip(self, job: PrintJob) -> None:
        if self.printer is not PrinterState.READY:
            outcome = ev.PrintFinished(job.job_id, ev.PrintOutcome.NOT_PRINTED, self.printer)
            self.later(200, lambda: self.answer([outcome]), self.boots)
            return
        if self.goes_wrong():
            self.printer = PrinterState.PAPER_OUT  # torn off in the middle, and it says so
            torn = ev.PrintFinished(job.job_id, ev.PrintOutcome.NOT_PRINTED, self.printer)
            self.later(700, lambda: self.answer([torn]), self.boots)
            return
        self.came_out.add(job.job_id)
        if isinstance(job.subject, PaymentSubject):
            key = f"{job.subject.payment.payment_id}/{job.copy}"
            self.sheets[key] += 1
            if job.mark is SlipMark.ORIGINAL:
                self.unmarked[key] += 1
        if not self.goes_wrong():
            done = ev.PrintFinished(job.job_id, ev.PrintOutcome.PRINTED, PrinterState.READY)
            self.later(900, lambda: self.answer([done]), self.boots)

    def probe_slip(self, job: PrintJob) -> None:
        truth = ev.PrintOutcome.NOT_PRINTED
        if job.job_id in self.came_out:
            truth = ev.PrintOutcome.PRINTED
        outcome = ev.PrintOutcome.UNKNOWN if self.random.random() < 0.5 else truth
        report = ev.PrintFinished(job.job_id, outcome, self.printer)
        self.later(100, lambda: self.answer([report]), self.boots)

    # --- people -----------------------------------------------------------------------------

    def scan(self) -> None:
        view = self.view
        if isinstance(view, views.StandbyView | views.QrFixedView) and view.qr.text:
            token = parse(token_text_of(view.qr.text)).token
            amount = token.amount or self.random.randint(1, 5_000)
            customer = Customer(token.sale, token.minted_at, amount)
            self.customers.append(customer)
            if self.random.random() < 0.7 and token.sale not in self.ledger.void:
                self.claim(customer)

    def claim(self, customer: Customer) -> None:
        self.ledger.highest = max(self.ledger.highest, customer.sale)
        expires = Micros(self.wall + 90_000_000)
        claimed = ev.ClaimState.CLAIMED
        shown = Yen(customer.amount)
        revision = Sequence(next(self.revision))
        event = ev.ClaimChanged(customer.sale, claimed, shown, expires, revision)
        if not self.goes_wrong():
            self.later(self.delay(), lambda: self.deliver(event))

    def customer_acts(self) -> None:
        if not self.customers:
            return
        customer = self.random.choice(self.customers)
        what = self.random.random()
        if what < 0.7:
            paid = self.ledger.pay(customer.sale, customer.amount, customer.minted_at, self.wall)
            if paid is not None:
                self.phones.append(paid)
                self.announce(paid)
        elif what < 0.85:
            released = ev.ClaimState.RELEASED
            revision = Sequence(next(self.revision))
            event = ev.ClaimChanged(customer.sale, released, Yen(0), self.wall, revision)
            self.later(self.delay(), lambda: self.deliver(event))
        self.customers.remove(customer)

    def stand_payment(self) -> None:
        paid = self.ledger.pay(STAND_SALE, self.random.randint(1, 900), 0, self.wall)
        if paid is not None:
            self.announce(paid)

    TAPS: tuple[tap.Intent, ...] = (
        *(tap.OpenAmount(), tap.Digit("1"), tap.Digit("5"), tap.Digit("00"), tap.Backspace()),
        *(tap.ShowQr(), tap.ShowQr(), tap.EditAmount(), tap.CancelSale(), tap.StartOver()),
        *(tap.NextCustomer(), tap.NextCustomer(), tap.AcknowledgeLate(), tap.CheckLater()),
        *(tap.OpenCodeCheck(), tap.StopCheck(), tap.TryAgain(), tap.PrintProvisional()),
        *(tap.OpenToday(), tap.SelectRow(0), tap.Reprint(), tap.Back(), tap.Back()),
        *(tap.OpenMenu(), tap.ToggleLanguage(), tap.PaperRefilled(), tap.PaperLater()),
        *(tap.PageDown(), tap.PageUp(), tap.PrintDayReport(), tap.ClearEntry()),
    )

    def staff_tap(self) -> None:
        if self.random.random() < 0.25 and self.phones:
            self.check_code(self.random.choice(self.phones[-4:]))
            return
        self.to_device(ev.Tapped(self.random.choice(self.TAPS)))

    def check_code(self, paid: Payment) -> None:
        """Staff key in what a customer shows; now and then a made-up code."""
        honest = self.random.random() < 0.8
        code = paid.confirmation_code if honest else f"{self.random.randrange(10**6):06d}"
        self.to_device(ev.Tapped(tap.OpenCodeCheck()))
        for digit in str(paid.amount):
            self.to_device(ev.Tapped(tap.Digit(digit)))  # type: ignore[arg-type]
        self.to_device(ev.Tapped(tap.ChooseField(CheckField.CODE)))
        for digit in code:
            self.to_device(ev.Tapped(tap.Digit(digit)))  # type: ignore[arg-type]
        self.to_device(ev.Tapped(tap.SubmitCheck()))
        view = self.view
        if isinstance(view, views.CodeTrueView):
            genuine = [
                p
                for p in self.ledger.paid.values()
                if p.amount == view.amount and p.confirmation_code == view.code
            ]
            assert genuine, "a code was called genuine for a payment that is not there"
            self.ledger.never_void.update(p.sale for p in genuine)
            assert code_for(genuine[0].sale, view.amount) == view.code
        if self.random.random() < 0.8:
            self.to_device(ev.Tapped(self.random.choice((tap.NextCustomer(), tap.StopCheck()))))

    # --- time -------------------------------------------------------------------------------

    def pass_time(self, ms: int) -> None:
        self.mono += ms
        self.wall = Micros(self.wall + ms * 1_000)
        while self.agenda and self.agenda[0][0] <= self.mono:
            _, _, boot, work = heapq.heappop(self.agenda)
            if boot in (0, self.boots):
                self.guarded(work)
        assert self.driver is not None
        self.guarded(self.driver.tick)

    def step(self) -> None:
        """A quarter to two seconds, and perhaps somebody does something."""
        self.pass_time(self.random.choice((250, 500, 1_000, 2_000)))
        if self.random.random() < self.chaos / 8:
            self.cut_in = self.random.randint(1, 12)
        if self.random.random() < self.chaos / 20:
            self.set_link(LinkState.DOWN if self.link is LinkState.UP else LinkState.UP)
        if self.random.random() < 0.05 and self.printer is not PrinterState.READY:
            self.printer = PrinterState.READY
        doing = self.random.random()
        if doing < 0.12:
            self.guarded(self.scan)
        elif doing < 0.22:
            self.guarded(self.customer_acts)
        elif doing < 0.23:
            self.guarded(self.stand_payment)
        elif doing < 0.45:
            self.guarded(self.staff_tap)

    def settle(self) -> None:
        """Everything works again; wait until nothing moves."""
        self.quiet = True
        self.cut_in = None
        self.customers.clear()
        self.printer = PrinterState.READY
        self.guarded(lambda: self.to_device(ev.PrinterReported(self.printer, PaperState.UNKNOWN)))
        self.set_link(LinkState.UP)
        for _ in range(500):
            self.pass_time(1_000)
