"""A counter on a bench: the real core, driver and journal; a clock that tests move by hand."""

import datetime as dt
from pathlib import Path
from typing import TypeVar

from device.checkpoints import Checkpoint, no_checkpoint
from device.core import events as ev
from device.core.configuration import Configuration, Notice, ServiceSchedule
from device.core.counter import initial_state
from device.core.effects import AskResolve, Effect, PrintSlip, SpeakPayment
from device.core.intents import Digit, Intent, OpenAmount, ShowQr
from device.core.japan_time import SECOND, TOKYO, MonoMs
from device.core.payment import Leg, LotBalance, Payment, ServiceKind, Via
from device.core.printing_data import PaperState, PrinterState
from device.core.sale_data import Sale
from device.core.state import Clock, Identity, LinkState, Now, State
from device.driver import Driver, Kept
from device.journal.journal import Journal
from device.ui import views
from device.ui.presenter import present
from protos.confirmation import confirmation_code
from protos.keys import TerminalKeys, terminal_keys
from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalId,
    TerminalNumber,
    TransactionId,
    Yen,
)

EffectT = TypeVar("EffectT", bound=Effect)
ViewT = TypeVar("ViewT", bound=views.View)
TERMINAL = TerminalNumber(42)
KEYS: TerminalKeys = terminal_keys(bytes(range(32)))
IDENTITY = Identity(TerminalId("T-000412"), TERMINAL, "ledger-1", KEYS)


def micros(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> Micros:
    """An instant from local time of Japan."""
    at = dt.datetime(year, month, day, hour, minute, second, tzinfo=TOKYO)
    return Micros(int(at.timestamp()) * SECOND)


NOON = micros(2024, 6, 5, 14, 0, 0)
FRIDAY_CLOSE = micros(2024, 6, 8)
MONTH_CLOSE = micros(2024, 7, 1)

CONFIGURATION = Configuration(
    version="7",
    shop_id="S1",
    shop_name="まつや青果店",
    terminal_name="レジ1",
    wallet_host="pay.example.jp",
    wallet_scheme="https",
    amount_limit=Yen(50_000),
    schedules=(
        ServiceSchedule("p", "ポイント", ServiceKind.POINTS, MONTH_CLOSE, dt.date(2024, 7, 9)),
        ServiceSchedule("v", "商品券", ServiceKind.VOUCHER, FRIDAY_CLOSE, dt.date(2024, 6, 18)),
    ),
    notices=(Notice("n1", "6/10(月) 朝5時から点検で休止", "点検のため休止します。"),),
    office_name="みほん市デジタル商品券事務局",
    office_phone="0120-000-000",
    slip_copies=2,
)


def legs_of(amount: int, points: int) -> tuple[Leg, ...]:
    """A voucher leg and a point leg."""
    voucher = Leg(
        "v",
        "商品券",
        ServiceKind.VOUCHER,
        Yen(amount - points),
        TransactionId("49pvdaZclEbD9NcoAIQL"),
        FRIDAY_CLOSE,
        dt.date(2024, 6, 18),
        (LotBalance(Yen(11_000), dt.date(2024, 8, 31)),),
    )
    point = Leg(
        "p",
        "ポイント",
        ServiceKind.POINTS,
        Yen(points),
        TransactionId("diQLwZzLubmLzowpJADg"),
        MONTH_CLOSE,
        dt.date(2024, 7, 9),
    )
    return (voucher, point) if points else (voucher,)


def payment(
    sale: SaleNumber, amount: int, sequence: int, paid_at: Micros, points: int = 0
) -> Payment:
    """A payment as the ledger would have committed it."""
    return Payment(
        payment_id=PaymentId(f"Pay{sequence:017d}"),
        sale=sale,
        amount=Yen(amount),
        legs=legs_of(amount, points),
        paid_at=paid_at,
        sequence=Sequence(sequence),
        confirmation_code=confirmation_code(KEYS.confirmation, TERMINAL, sale, Yen(amount)),
        cancel_until=FRIDAY_CLOSE,
    )


def code_for(sale: SaleNumber, amount: int) -> str:
    """What the customer's phone shows for a paid sale."""
    return confirmation_code(KEYS.confirmation, TERMINAL, sale, Yen(amount))


def forgo_fsync(journal: Journal) -> None:
    """Where no kernel dies, fsync only makes tests wait; the journal's own tests keep it."""
    journal._connection.execute("PRAGMA synchronous = OFF")


class Bench:
    """One device. ``effects`` holds what the core asked for, in order, since ``clear``."""

    def __init__(self, folder: Path, rows: int = 5) -> None:
        self.path = folder / "journal.db"
        self.rows = rows
        self.wall = NOON
        self.mono = 1_000
        self.clock = Clock.PLAUSIBLE
        self.effects: list[Effect] = []
        self.shown: list[State] = []
        self.boots = 0
        self.journal: Journal
        self.driver: Driver
        self.sequence = 0
        self.checkpoint: Checkpoint = no_checkpoint
        self.boot()

    def boot(self, identity: Identity | None = IDENTITY) -> None:
        """Start, or start again after a power cut: only the journal is left."""
        if self.boots:
            self.journal.close()
        self.boots += 1
        self.mono += 5_000
        terminal = identity.terminal if identity is not None else TerminalNumber(0)
        self.journal = Journal(self.path, terminal, self.wall, self.checkpoint)
        forgo_fsync(self.journal)
        self.driver = Driver(
            initial_state(self.rows),
            self.journal,
            self._tick,
            self.effects.append,
            self.shown.append,
            self.checkpoint,
        )
        self.effects.clear()
        self.send(ev.Booted(self.journal.load(), identity, f"boot-{self.boots}"))

    def _tick(self) -> ev.Tick:
        return ev.Tick(self.wall, MonoMs(self.mono), self.clock)

    @property
    def state(self) -> State:
        return self.driver.state

    @property
    def view(self) -> views.View:
        return present(self.state, Now(self.wall, MonoMs(self.mono), self.clock))

    def see(self, kind: type[ViewT]) -> ViewT:
        """The view, which must be of this kind."""
        view = self.view
        assert isinstance(view, kind), view
        return view

    def start(self, link: LinkState = LinkState.UP) -> "Bench":
        """Configured, printer ready, and online unless said otherwise."""
        self.send(ev.ConfigurationArrived(CONFIGURATION))
        self.send(ev.PrinterReported(PrinterState.READY, PaperState.ENOUGH))
        if link is LinkState.UP:
            self.online()
        return self

    def online(self) -> None:
        self.send(ev.ServerLinkChanged(LinkState.UP, 48))
        self.send(ev.BrokerLinkChanged(LinkState.UP))

    def offline(self) -> None:
        self.send(ev.ServerLinkChanged(LinkState.DOWN))
        self.send(ev.BrokerLinkChanged(LinkState.DOWN))

    def send(self, event: ev.Event) -> Kept:
        return self.driver.send(event)

    def tap(self, *intents: Intent) -> None:
        for intent in intents:
            self.send(ev.Tapped(intent))

    def key_in(self, digits: str) -> None:
        for digit in digits:
            self.tap(Digit(digit))  # type: ignore[arg-type]

    def wait(self, seconds: float, step_ms: int = 250) -> None:
        """Time passes, tick by tick."""
        for _ in range(round(seconds * 1_000 / step_ms)):
            self.mono += step_ms
            self.wall = Micros(self.wall + step_ms * 1_000)
            self.driver.tick()

    def asked(self, kind: type[EffectT]) -> list[EffectT]:
        """The effects of one kind since the last ``clear``."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def clear(self) -> None:
        self.effects.clear()

    @property
    def front(self) -> Sale:
        """The sale in front; fails when there is none."""
        return next(sale for sale in self.state.sales if sale.number == self.state.current)

    def fixed_amount(self, amount: int) -> Sale:
        """Staff key in an amount and show its QR."""
        self.tap(OpenAmount())
        self.key_in(str(amount))
        self.tap(ShowQr())
        return self.front

    def claim(self, sale: SaleNumber, amount: int, revision: int = 1, seconds: int = 90) -> None:
        expires_at = Micros(self.wall + seconds * SECOND)
        claimed = ev.ClaimState.CLAIMED
        self.send(ev.ClaimChanged(sale, claimed, Yen(amount), expires_at, Sequence(revision)))

    def release(self, sale: SaleNumber, revision: int) -> None:
        released = ev.ClaimState.RELEASED
        self.send(ev.ClaimChanged(sale, released, Yen(0), self.wall, Sequence(revision)))

    def pay(
        self, sale: SaleNumber, amount: int, via: Via = Via.ANNOUNCED, points: int = 0
    ) -> Payment:
        """The ledger commits a payment now and the device learns of it."""
        self.sequence += 1
        paid = payment(sale, amount, self.sequence, self.wall, points)
        self.send(ev.PaymentArrived(paid, via))
        return paid

    def answer(self, outcome: ev.Outcome, paid: Payment | None = None) -> None:
        """The ledger answers the newest question."""
        question = self.asked(AskResolve)[-1]
        self.send(ev.Resolved(question.sale, question.mode, outcome, paid))

    def no_answer(self) -> None:
        question = self.asked(AskResolve)[-1]
        self.send(ev.ResolveFailed(question.sale, question.attempt, "deadline"))

    def finish_speech(self, outcome: ev.SoundOutcome = ev.SoundOutcome.PLAYED) -> None:
        self.send(ev.SpeechFinished(self.asked(SpeakPayment)[-1].payment_id, outcome))

    def finish_print(
        self,
        outcome: ev.PrintOutcome = ev.PrintOutcome.PRINTED,
        printer: PrinterState = PrinterState.READY,
    ) -> None:
        self.send(ev.PrintFinished(self.asked(PrintSlip)[-1].job.job_id, outcome, printer))
