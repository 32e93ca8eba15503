"""A payment reaches the device: by announcement, by pull, by the answer to a question.

All ways meet here. Each payment is one row, by its id and by its sequence; what comes again is
silent, but still ends a sale that was waiting for it.
"""

from dataclasses import replace

from device.core import limits
from device.core.announcing import announce, leave_pages, telling_for
from device.core.draft import Draft
from device.core.effects import PullPayments
from device.core.events import Connected, PaymentArrived, PullFinished
from device.core.japan_time import MonoMs, day_of, start_of
from device.core.page_data import Page
from device.core.payment import STAND_SALE, Payment
from device.core.printing import queue_original
from device.core.records import (
    PaymentReceived,
    SaleNumberRaised,
    SaleSaved,
    SequencesSkipped,
)
from device.core.sale_data import Sale, SalePhase
from device.core.sale_machine import SaleInput
from device.core.selling import front, give_way, leave_front, step
from device.core.service import is_live
from device.core.state import LinkState, Received
from device.core.telling_data import KnownPayment, Telling
from protos.units import SaleNumber, Sequence


def payment_arrived(draft: Draft, event: PaymentArrived) -> None:
    """Journal a payment that is new, end its sale, tell staff, queue its slip."""
    payment = event.payment
    sale = draft.sale(payment.sale) if payment.sale != STAND_SALE else None
    if _is_known(draft, payment):
        if sale is not None:
            _end_as_paid(draft, sale, payment)
        return
    telling = telling_for(draft, payment, sale)
    known = KnownPayment(payment, telling)
    draft.record(PaymentReceived(payment, telling, draft.now.wall))
    _remember(draft, known)
    if sale is not None:
        _end_as_paid(draft, sale, payment)
    elif payment.sale != STAND_SALE:
        _save_unseen_sale(draft, payment)
    announce(draft, known)
    if telling is not Telling.LISTED:
        queue_original(draft, payment)


def _is_known(draft: Draft, payment: Payment) -> bool:
    received = draft.state.received
    if payment.sequence <= received.contiguous or payment.sequence in received.above:
        return True
    return draft.payment(payment.payment_id) is not None


def _remember(draft: Draft, known: KnownPayment) -> None:
    state = draft.state
    payments = sorted((*state.payments, known), key=lambda each: each.payment.paid_at)
    draft.state = replace(
        state,
        payments=tuple(payments),
        received=with_sequence(state.received, known.payment.sequence),
    )


def with_sequence(received: Received, sequence: Sequence) -> Received:
    """The set of sequences with one more in it."""
    return _closed_up(received.contiguous, set(received.above) | {sequence})


def _closed_up(contiguous: Sequence, above: set[Sequence]) -> Received:
    while contiguous + 1 in above:
        contiguous = Sequence(contiguous + 1)
        above.discard(contiguous)
    # beyond the bound the highest are forgotten; the journal still refuses their second row
    kept = sorted(above)[: limits.MAX_ABOVE_GAP]
    return Received(contiguous, frozenset(kept))


def _end_as_paid(draft: Draft, sale: Sale, payment: Payment) -> None:
    was_front = draft.state.current == sale.number
    by_code = sale.phase is SalePhase.ACCEPTED
    if by_code and payment.amount != sale.claimed_amount:
        draft.alarm("CHOBA_COUNTER_CODE_AMOUNT", f"sale {sale.number}: another amount was paid")
    step(draft, sale, SaleInput.PAY)
    if was_front:
        leave_front(draft)
    navigation = draft.state.navigation
    checking_it = navigation.page is Page.CODE_CHECK and navigation.check.about == sale.number
    if checking_it and navigation.check.result is None:
        leave_pages(draft)


def _save_unseen_sale(draft: Draft, payment: Payment) -> None:
    """A sale that left memory (lapsed long ago, or from before a lost journal) is paid."""
    sale = Sale(
        number=payment.sale,
        amount=payment.amount,
        phase=SalePhase.PAID,
        opened_at=payment.paid_at,
        minted_at=payment.paid_at,
    )
    draft.record(SaleSaved(sale, draft.now.wall))


def connected(draft: Draft, event: Connected) -> None:
    """Jump ahead of the server's numbers, and learn whether payments are missing."""
    if event.highest_sale > draft.state.last_sale:
        raise_sale_number(draft, event.highest_sale)
    if event.last_sequence > draft.state.received.contiguous:
        pull_now(draft)


def raise_sale_number(draft: Draft, highest: SaleNumber) -> None:
    """The server saw a higher number than this journal: ours was lost, or a card was cloned."""
    draft.state = replace(draft.state, last_sale=highest)
    draft.record(SaleNumberRaised(highest))
    shown = front(draft)
    if shown is not None and shown.phase is SalePhase.SHOWING:
        give_way(draft)


def pull_now(draft: Draft) -> None:
    """A gap, or a link that came back: don't wait for the round."""
    draft.state = replace(draft.state, pulling=replace(draft.state.pulling, next_at=draft.now.mono))


def keep_pulling(draft: Draft) -> None:
    """Ask for what came after the last sequence: each 30 s, or each 2 s without a broker."""
    state, mono = draft.state, draft.now.mono
    pulling = state.pulling
    since = pulling.under_way_since
    if since is not None:
        if mono < since + limits.PULL_LOST_MS:
            return
        pulling = replace(pulling, under_way_since=None)
    if not is_live(state) or mono < pulling.next_at:
        draft.state = replace(state, pulling=pulling)
        return
    after = state.received.contiguous
    draft.state = replace(state, pulling=replace(pulling, under_way_since=mono, after=after))
    draft.ask(PullPayments(after))


def _skip(draft: Draft, until: Sequence) -> None:
    """The ledger was restored from a copy: what it lost had these numbers, nobody gets them."""
    received = draft.state.received
    if until <= received.contiguous:
        return
    draft.alarm("CHOBA_COUNTER_LEDGER_RESTORED", f"no payments up to sequence {until}")
    draft.record(SequencesSkipped(until))
    above = {sequence for sequence in received.above if sequence > until}
    draft.state = replace(draft.state, received=_closed_up(until, above))


def pull_finished(draft: Draft, event: PullFinished) -> None:
    """Go on at once while the server has more and each pull gets further."""
    _skip(draft, event.resumes_after)
    state, mono = draft.state, draft.now.mono
    contiguous = state.received.contiguous
    if event.last_sequence > contiguous:
        further = contiguous > state.pulling.after
        delay = 0 if further else limits.PULL_RETRY_MS
    elif state.links.broker is LinkState.UP:
        delay = limits.PULL_MS
    else:
        delay = limits.PULL_WITHOUT_BROKER_MS
    _next_pull(draft, MonoMs(mono + delay))


def pull_failed(draft: Draft) -> None:
    """Try again in a while."""
    _next_pull(draft, MonoMs(draft.now.mono + limits.PULL_RETRY_MS))


def _next_pull(draft: Draft, at: MonoMs) -> None:
    pulling = replace(draft.state.pulling, under_way_since=None, next_at=at)
    draft.state = replace(draft.state, pulling=pulling)


def forget_old_payments(draft: Draft) -> None:
    """Memory keeps today, and what still needs staff or the printer; the journal keeps all."""
    state = draft.state
    if not state.payments:
        return
    today = start_of(day_of(draft.now.wall))
    too_many = len(state.payments) > limits.MAX_PAYMENTS
    if not too_many and state.payments[0].payment.paid_at >= today:
        return
    needed = {card.payment_id for card in state.announcing.late} | set(state.announcing.waiting)
    if state.announcing.on_stage is not None:
        needed.add(state.announcing.on_stage.payment_id)
    kept = tuple(
        known
        for known in state.payments
        if known.payment.payment_id in needed
        or known.telling is Telling.STARTED
        or known.payment.paid_at >= today
    )
    draft.state = replace(state, payments=kept[-limits.MAX_PAYMENTS :])
