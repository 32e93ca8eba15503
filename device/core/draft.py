"""A transition in the making: the one mutable thing in the core, never seen outside of it.

The machines change the draft; ``finish`` puts the effects into their one order, so that no
machine can sound or print before the journal has it.
"""

from dataclasses import replace

from device.core.effects import (
    AskResolve,
    Complain,
    Effect,
    PlaySound,
    PrintSlip,
    ProbeParts,
    ProbePrinter,
    ProbeSlip,
    PullPayments,
    PushEvents,
    Reconnect,
    RetryJournal,
    Show,
    Sound,
    SpeakPayment,
    WriteJournal,
)
from device.core.outgoing import EventKind, OutgoingEvent, event_id
from device.core.page_data import Navigation
from device.core.records import EventQueued, JournalRecord, SaleSaved
from device.core.sale_data import FINAL_PHASES, Sale
from device.core.state import Now, State
from device.core.telling_data import KnownPayment
from protos.units import PaymentId, SaleNumber

MAX_OUTBOX = 5_000
"""Events kept for a server that doesn't come; the oldest go first (they are telemetry)."""
MAX_ALARMS = 20

LaterEffect = (
    PrintSlip
    | ProbeSlip
    | AskResolve
    | PullPayments
    | PushEvents
    | ProbePrinter
    | ProbeParts
    | Reconnect
    | RetryJournal
    | Complain
)


class Draft:
    """State and effects of one transition."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._before = state
        self._records: list[JournalRecord] = []
        self._sounds: list[Sound] = []
        self._speech: list[SpeakPayment] = []
        self._later: list[LaterEffect] = []

    @property
    def now(self) -> Now:
        """The instant of this transition."""
        return self.state.now

    def record(self, *records: JournalRecord) -> None:
        """To be journalled with the rest of this transition, in one transaction."""
        self._records.extend(records)

    def sound(self, sound: Sound) -> None:
        """To be played after the journal and the screen; the same one once."""
        if sound not in self._sounds:
            self._sounds.append(sound)

    def speak(self, speech: SpeakPayment) -> None:
        """To be spoken after the other sounds."""
        self._speech.append(speech)

    def ask(self, effect: LaterEffect) -> None:
        """Printing, questions, probes: after screen and sound, in the order of asking."""
        self._later.append(effect)

    def alarm(self, code: str, detail: str) -> None:
        """What must not happen and did: to the log, and to the operator as an event."""
        self.ask(Complain(code, detail))
        self.state = replace(self.state, alarms=(*self.state.alarms, code)[-MAX_ALARMS:])
        self.tell(EventKind.OUTAGE, code, detail, detail=f"{code}: {detail}")

    def tell(
        self,
        kind: EventKind,
        *facts: str,
        payment_id: PaymentId | None = None,
        sale: SaleNumber | None = None,
        detail: str = "",
    ) -> None:
        """Queue an event for the server; its id follows from ``facts``."""
        identity = self.state.identity
        if identity is None:
            return
        event = OutgoingEvent(
            event_id=event_id(identity.terminal, kind, *facts),
            kind=kind,
            at=self.now.wall,
            payment_id=payment_id,
            sale=sale,
            detail=detail,
        )
        outbox = self.state.outbox
        if any(event.event_id == other.event_id for other in outbox.pending):
            return
        pending = (*outbox.pending, event)[-MAX_OUTBOX:]
        self.state = replace(self.state, outbox=replace(outbox, pending=pending))
        self.record(EventQueued(event))

    def sale(self, number: SaleNumber | None) -> Sale | None:
        """A sale that is not final, by its number."""
        if number is None:
            return None
        return next((sale for sale in self.state.sales if sale.number == number), None)

    def put_sale(self, sale: Sale) -> None:
        """Keep a sale as it is now; journalled if what must survive has changed."""
        before = self.sale(sale.number)
        others = tuple(other for other in self.state.sales if other.number != sale.number)
        if sale.phase in FINAL_PHASES:
            sales = others
        else:
            sales = tuple(sorted((*others, sale), key=lambda each: each.number))
        self.state = replace(self.state, sales=sales)
        if before is None or _lasting(before) != _lasting(sale):
            self.record(SaleSaved(sale, self.now.wall))

    def forget_sale(self, number: SaleNumber) -> None:
        """Drop a sale from memory; the journal keeps its row."""
        sales = tuple(sale for sale in self.state.sales if sale.number != number)
        self.state = replace(self.state, sales=sales)

    def payment(self, payment_id: PaymentId) -> KnownPayment | None:
        """A payment in memory."""
        for known in reversed(self.state.payments):
            if known.payment.payment_id == payment_id:
                return known
        return None

    def put_payment(self, changed: KnownPayment) -> None:
        """Replace a payment in memory by its id."""
        payments = tuple(
            changed if known.payment.payment_id == changed.payment.payment_id else known
            for known in self.state.payments
        )
        self.state = replace(self.state, payments=payments)

    def navigate(self, navigation: Navigation) -> None:
        """Another page, or something keyed in on this one."""
        self.state = replace(self.state, navigation=navigation)

    def finish(self) -> tuple[State, tuple[Effect, ...]]:
        """The new state and the effects: journal, draw, sound, speak, then the rest."""
        language = self.state.navigation.language
        effects: list[Effect] = []
        if self._records:
            effects.append(WriteJournal(tuple(self._records)))
        if replace(self.state, now=self._before.now) != self._before:
            effects.append(Show())
        effects.extend(PlaySound(sound, language) for sound in self._sounds)
        effects.extend(self._speech)
        effects.extend(self._later)
        return self.state, tuple(effects)


def _lasting(sale: Sale) -> tuple[object, ...]:
    return (
        sale.amount,
        sale.phase,
        sale.claimed_amount,
        sale.doubt,
        sale.attention,
        sale.sequel,
        sale.code,
    )
