"""Telling staff of a payment: once, aloud if it is new, as 先ほどの if it is late.

On time is a payment that (1) is for the sale in front, opened in this run, or on the shop's
static stand and committed since this boot, (2) was committed within the last 120 s, and (3) finds
room in the queue of 8. Every other one is late. A payment that waited or was being spoken when
the device died is late at the next boot: nobody knows what was heard.
"""

from dataclasses import replace

from device.core import limits
from device.core.draft import Draft
from device.core.effects import Sound, SpeakPayment
from device.core.events import SoundOutcome, SpeechFinished
from device.core.japan_time import MonoMs
from device.core.outgoing import EventKind
from device.core.page_data import CodeCheck, Page
from device.core.payment import STAND_SALE, Payment
from device.core.records import TellingChanged
from device.core.sale_data import Doubt, Sale, SalePhase
from device.core.telling_data import KnownPayment, LateCard, OnStage, Speaking, Telling
from protos.units import PaymentId, Yen

TO_BE_RETOLD = frozenset({Telling.WAITING, Telling.STARTED, Telling.LATE})


def telling_for(draft: Draft, payment: Payment, sale: Sale | None) -> Telling:
    """How staff are to be told of a payment that is new to the journal."""
    age_us = draft.now.wall - payment.paid_at
    if sale is not None and sale.phase in (SalePhase.ACCEPTED, SalePhase.DISPUTED):
        return Telling.BY_CODE
    if payment.paid_at < draft.state.told_from:
        return Telling.LATE if age_us <= limits.RELEARNT_US else Telling.LISTED
    if payment.sale == STAND_SALE:
        expected = payment.paid_at >= draft.state.booted_at
    else:
        expected = (
            sale is not None
            and sale.number == draft.state.current
            and sale.doubt is not Doubt.RESTARTED
        )
    room = len(draft.state.announcing.waiting) < limits.WAITING_MAX
    if expected and age_us <= limits.ON_TIME_US and room:
        return Telling.WAITING
    return Telling.LATE


def announce(draft: Draft, known: KnownPayment) -> None:
    """Queue a payment for the paid screen, or make its 先ほどの card."""
    payment_id, announcing = known.payment.payment_id, draft.state.announcing
    if known.telling is Telling.WAITING:
        waiting = (*announcing.waiting, payment_id)
        draft.state = replace(draft.state, announcing=replace(announcing, waiting=waiting))
        leave_pages(draft)
    elif known.telling is Telling.LATE:
        late = (*announcing.late, LateCard(payment_id, draft.now.mono))
        draft.state = replace(draft.state, announcing=replace(announcing, late=late))
        draft.sound(Sound.LATE)
    if known.telling in (Telling.LATE, Telling.BY_CODE):
        _tell_server(draft, payment_id, "late")


def leave_pages(draft: Draft) -> None:
    """Back to the counter: a payment comes before whatever was open."""
    navigation = draft.state.navigation
    if navigation.page is not Page.COUNTER:
        draft.navigate(
            replace(navigation, page=Page.COUNTER, trail=(), amount=Yen(0), check=CodeCheck())
        )


def keep_stage(draft: Draft) -> None:
    """Close the paid screen when its time is up; put the next payment on it."""
    mono = draft.now.mono
    for voice in draft.state.announcing.speaking:
        if mono >= voice.since + limits.SPEECH_LOST_MS:
            speech_finished(draft, SpeechFinished(voice.payment_id, SoundOutcome.FAILED))
    announcing = draft.state.announcing
    stage = announcing.on_stage
    if stage is not None:
        had_its_time = mono >= stage.since + limits.PAID_LEAST_MS
        next_may_come = bool(announcing.waiting) and not announcing.speaking
        if mono >= stage.closes or (had_its_time and next_may_come):
            leave_stage(draft)
    if draft.state.announcing.on_stage is None and draft.state.announcing.waiting:
        _enter_stage(draft)


def leave_stage(draft: Draft) -> None:
    """20 s, a tap, or the next payment."""
    draft.state = replace(
        draft.state, announcing=replace(draft.state.announcing, on_stage=None), qr=None
    )


def _enter_stage(draft: Draft) -> None:
    announcing, mono = draft.state.announcing, draft.now.mono
    payment_id, *rest = announcing.waiting
    known = draft.payment(payment_id)
    assert known is not None
    stage = OnStage(payment_id, mono, MonoMs(mono + limits.PAID_MS))
    speaking = (*announcing.speaking, Speaking(payment_id, mono))
    draft.state = replace(
        draft.state,
        announcing=replace(announcing, on_stage=stage, speaking=speaking, waiting=tuple(rest)),
        ending=None,
    )
    # "started" is durable before the first sound: after a crash it is never spoken again
    change_telling(draft, known, Telling.STARTED)
    language = draft.state.navigation.language
    draft.speak(SpeakPayment(payment_id, known.payment.amount, language))


def change_telling(draft: Draft, known: KnownPayment, telling: Telling) -> None:
    """Journal how staff stand to be told."""
    draft.put_payment(replace(known, telling=telling))
    draft.record(TellingChanged(known.payment.payment_id, telling, draft.now.wall))


def speech_finished(draft: Draft, event: SpeechFinished) -> None:
    """ "Done", after the sound. A second report of the same is ignored."""
    announcing = draft.state.announcing
    speaking = tuple(each for each in announcing.speaking if each.payment_id != event.payment_id)
    draft.state = replace(draft.state, announcing=replace(announcing, speaking=speaking))
    known = draft.payment(event.payment_id)
    if known is None or known.telling is not Telling.STARTED:
        return
    played = event.outcome is SoundOutcome.PLAYED
    change_telling(draft, known, Telling.SPOKEN if played else Telling.SILENT)
    _tell_server(draft, event.payment_id, "spoken" if played else "silent")


def acknowledge_late(draft: Draft) -> None:
    """見ました: the cards that were there when staff tapped."""
    announcing, mono = draft.state.announcing, draft.now.mono
    seen = [card for card in announcing.late if mono - card.since >= limits.LATE_TAP_MS]
    for card in seen:
        known = draft.payment(card.payment_id)
        if known is not None:
            change_telling(draft, known, Telling.SEEN)
    late = tuple(card for card in announcing.late if card not in seen)
    draft.state = replace(draft.state, announcing=replace(announcing, late=late))


def resume_announcing(draft: Draft) -> None:
    """At boot: what was not done is shown as 先ほどの, without voice."""
    for known in draft.state.payments:
        if known.telling not in TO_BE_RETOLD:
            continue
        if known.telling is not Telling.LATE:
            change_telling(draft, known, Telling.LATE)
        announce(draft, replace(known, telling=Telling.LATE))


def _tell_server(draft: Draft, payment_id: PaymentId, how: str) -> None:
    draft.tell(EventKind.ANNOUNCED, payment_id, payment_id=payment_id, detail=how)
