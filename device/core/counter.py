"""The counter: ``transition(state, event) -> (state, effects)``.

Each event changes a draft; then whatever has become due is settled, always in the same order;
then the effects come out in their one order (see ``effects``). Nothing here reads a clock.
"""

from dataclasses import replace
from typing import assert_never

from device.core import events as ev
from device.core import limits
from device.core.announcing import keep_stage, resume_announcing, speech_finished
from device.core.asking import ask_again_later, ask_all_now, lost_questions, questions_due
from device.core.configuration import ConfigurationError, require_valid
from device.core.draft import Draft
from device.core.effects import Complain, Effect, RetryJournal
from device.core.japan_time import MonoMs
from device.core.outbox import events_pushed, keep_pushing, push_failed
from device.core.outgoing import EventKind
from device.core.pages import keep_pages
from device.core.payment import Via
from device.core.printing import keep_printing, print_finished, printer_reported, resume_printing
from device.core.receiving import (
    connected,
    forget_old_payments,
    keep_pulling,
    payment_arrived,
    pull_failed,
    pull_finished,
    pull_now,
)
from device.core.records import ConfigurationKept, JournalOrigin
from device.core.restarting import resume_sales, take_snapshot
from device.core.sale_data import SalePhase
from device.core.sale_machine import SaleInput
from device.core.selling import (
    claim_changed,
    end_without_money,
    forget_lapsed,
    front,
    keep_front,
    set_aside,
    step,
)
from device.core.state import Clock, Links, LinkState, Now, State
from device.core.taps import tapped
from protos.units import SaleNumber


class EventOrderError(RuntimeError):
    """An event that can't come now: a second Booted, or money before the journal is open."""

    code = "CHOBA_COUNTER_EVENT_ORDER"

    def __init__(self, event: ev.Event) -> None:
        super().__init__(f"{self.code}: {type(event).__name__}")


_BEFORE_BOOT = (
    ev.Tick,
    ev.Booted,
    ev.ServerLinkChanged,
    ev.BrokerLinkChanged,
    ev.PrinterReported,
    ev.PartReported,
    ev.PartsProbed,
    ev.JournalFailed,
    ev.JournalRecovered,
    ev.Tapped,
)


def initial_state(rows: int) -> State:
    """Before anything happened. ``rows``: how many the list shows on one page (at least 1)."""
    return State(rows=rows)


def transition(state: State, event: ev.Event) -> tuple[State, tuple[Effect, ...]]:
    """What the counter is after an event, and what it asks of the world, in order.

    Raises EventOrderError and UnexpectedInputError for what only a defect can cause.
    """
    if not state.booted and not isinstance(event, _BEFORE_BOOT):
        raise EventOrderError(event)
    if state.booted and isinstance(event, ev.Booted):
        raise EventOrderError(event)
    draft = Draft(state)
    _apply(draft, event)
    _settle(draft)
    return draft.finish()


def _apply(draft: Draft, event: ev.Event) -> None:
    match event:
        case ev.Tick():
            _tick(draft, event)
        case ev.Tapped(intent):
            if draft.state.booted:
                tapped(draft, intent)
        case ev.Booted():
            _boot(draft, event)
        case (
            ev.PaymentArrived()
            | ev.ClaimChanged()
            | ev.Resolved()
            | ev.ResolveFailed()
            | ev.PullFinished()
            | ev.PullFailed()
            | ev.EventsPushed()
            | ev.PushFailed()
            | ev.Connected()
        ):
            _from_server(draft, event)
        case _:
            _from_parts(draft, event)


_ServerEvent = (
    ev.PaymentArrived
    | ev.ClaimChanged
    | ev.Resolved
    | ev.ResolveFailed
    | ev.PullFinished
    | ev.PullFailed
    | ev.EventsPushed
    | ev.PushFailed
    | ev.Connected
)


def _from_server(draft: Draft, event: _ServerEvent) -> None:
    match event:
        case ev.PaymentArrived():
            payment_arrived(draft, event)
            if event.payment.sequence > draft.state.received.contiguous:
                pull_now(draft)
        case ev.ClaimChanged():
            claim_changed(draft, event)
        case ev.Resolved():
            _resolved(draft, event)
        case ev.ResolveFailed(sale=sale):
            _no_answer(draft, sale, SaleInput.NO_ANSWER)
        case ev.PullFinished():
            pull_finished(draft, event)
        case ev.PullFailed():
            pull_failed(draft)
        case ev.EventsPushed():
            events_pushed(draft, event)
        case ev.PushFailed():
            push_failed(draft)
        case ev.Connected():
            connected(draft, event)
        case _:
            assert_never(event)


_PartEvent = (
    ev.ServerLinkChanged
    | ev.BrokerLinkChanged
    | ev.ConfigurationArrived
    | ev.PrinterReported
    | ev.PrintFinished
    | ev.SpeechFinished
    | ev.PartReported
    | ev.PartsProbed
    | ev.JournalFailed
    | ev.JournalRecovered
)


def _from_parts(draft: Draft, event: _PartEvent) -> None:
    match event:
        case ev.ServerLinkChanged():
            _server_link(draft, event)
        case ev.BrokerLinkChanged():
            _broker_link(draft, event)
        case ev.ConfigurationArrived():
            _configuration(draft, event)
        case ev.PrinterReported():
            printer_reported(draft, event)
        case ev.PrintFinished():
            print_finished(draft, event)
        case ev.SpeechFinished():
            speech_finished(draft, event)
        case ev.PartReported(status):
            others = tuple(each for each in draft.state.parts if each.part is not status.part)
            draft.state = replace(draft.state, parts=(*others, status))
        case ev.PartsProbed():
            draft.state = replace(draft.state, probing=False)
        case ev.JournalFailed():
            _journal_failed(draft, event)
        case ev.JournalRecovered():
            draft.state = replace(draft.state, journal_trouble=None)
        case _:
            assert_never(event)


def _tick(draft: Draft, event: ev.Tick) -> None:
    now = Now(event.wall, MonoMs(max(event.mono, draft.now.mono)), event.clock)
    draft.state = replace(draft.state, now=now)
    first_true_time = event.clock is Clock.PLAUSIBLE and draft.state.booted_at == 0
    if draft.state.booted and first_true_time:
        draft.state = replace(draft.state, booted_at=event.wall)


def _boot(draft: Draft, event: ev.Booted) -> None:
    take_snapshot(draft, event)
    resume_sales(draft)
    resume_announcing(draft)
    resume_printing(draft)
    draft.tell(EventKind.STARTED, event.boot_id, detail=event.snapshot.origin)
    if event.snapshot.origin is JournalOrigin.REPLACED:
        draft.alarm("CHOBA_JOURNAL_REPLACED", f"boot {event.boot_id}: the old one was damaged")


def _resolved(draft: Draft, event: ev.Resolved) -> None:
    sale = draft.sale(event.sale)
    match event.outcome:
        case ev.Outcome.PAID:
            if event.payment is not None:
                payment_arrived(draft, ev.PaymentArrived(event.payment, Via.RESOLVED))
        case ev.Outcome.VOID:
            if sale is not None:
                end_without_money(draft, sale)
        case ev.Outcome.OPEN:
            _no_answer(draft, event.sale, SaleInput.STILL_OPEN)
        case _:
            assert_never(event.outcome)


def _no_answer(draft: Draft, number: SaleNumber, sale_input: SaleInput) -> None:
    sale = draft.sale(number)
    if sale is None:
        return
    changed = step(draft, sale, sale_input)
    if changed is not None:
        ask_again_later(draft, changed)


def _server_link(draft: Draft, event: ev.ServerLinkChanged) -> None:
    before, mono = draft.state.links, draft.now.mono
    changed = event.link is not before.server
    came = event.link is LinkState.UP and changed
    if came:
        _report_outage(draft, "server", before.server_since, before.server_reason)
    links: Links = replace(
        before,
        server=event.link,
        server_since=mono if changed else before.server_since,
        server_reason=event.reason,
        round_trip_ms=event.round_trip_ms,
    )
    draft.state = replace(draft.state, links=links)
    if came:
        ask_all_now(draft)
        pull_now(draft)


def _broker_link(draft: Draft, event: ev.BrokerLinkChanged) -> None:
    before, mono = draft.state.links, draft.now.mono
    changed = event.link is not before.broker
    if changed and event.link is LinkState.UP:
        _report_outage(draft, "broker", before.broker_since, before.broker_reason)
    links: Links = replace(
        before,
        broker=event.link,
        broker_since=mono if changed else before.broker_since,
        broker_reason=event.reason,
    )
    draft.state = replace(draft.state, links=links)


def _report_outage(draft: Draft, link: str, since: MonoMs, reason: str) -> None:
    """An outage that staff may have noticed goes to the operator when it is over."""
    lasted_ms = draft.now.mono - since
    if since == 0 or lasted_ms < limits.OUTAGE_MS:
        return  # the first link of a run, or a blink
    seconds = lasted_ms // 1_000
    detail = f"{link} {seconds} s {reason}".strip()
    draft.tell(EventKind.OUTAGE, link, str(draft.now.wall), detail=detail)


def _configuration(draft: Draft, event: ev.ConfigurationArrived) -> None:
    """A bad one is refused with its reason, the last good one stays."""
    configuration = event.configuration
    if configuration == draft.state.configuration:
        return
    try:
        require_valid(configuration)
    except ConfigurationError as error:
        draft.alarm(error.code, f"version {configuration.version!r}: {error}")
        return
    draft.state = replace(draft.state, configuration=configuration, qr=None)
    draft.record(ConfigurationKept(configuration, draft.now.wall))


def _journal_failed(draft: Draft, event: ev.JournalFailed) -> None:
    """Without a journal nothing is sold: what can't be kept must not be promised."""
    retry_at = MonoMs(draft.now.mono + limits.JOURNAL_RETRY_MS)
    draft.state = replace(
        draft.state, journal_trouble=event.trouble, journal_retry_at=retry_at, qr=None
    )
    draft.ask(Complain(f"CHOBA_{event.trouble.name}", event.reason))


def _settle(draft: Draft) -> None:
    """What has become due, in one order."""
    if draft.state.journal_trouble is not None:
        if draft.now.mono >= draft.state.journal_retry_at:
            retry_at = MonoMs(draft.now.mono + limits.JOURNAL_RETRY_MS)
            draft.state = replace(draft.state, journal_retry_at=retry_at)
            draft.ask(RetryJournal())
        return
    if not draft.state.booted:
        return
    for sale in lost_questions(draft):
        _no_answer(draft, sale.number, SaleInput.NO_ANSWER)
    _end_long_doubt(draft)
    keep_pages(draft)
    keep_stage(draft)
    forget_lapsed(draft)
    keep_front(draft)
    keep_printing(draft)
    questions_due(draft)
    keep_pulling(draft)
    keep_pushing(draft)
    if draft.now.clock is Clock.PLAUSIBLE:
        forget_old_payments(draft)


def _end_long_doubt(draft: Draft) -> None:
    """60 s of 確認中 on the screen: the sale goes to the list, the QR comes back."""
    sale = front(draft)
    if sale is None or sale.asking is None:
        return
    if sale.phase not in (SalePhase.CANCELLING, SalePhase.RESOLVING):
        return
    if draft.now.mono >= sale.asking.since + limits.CHECKING_MS:
        set_aside(draft, sale, SaleInput.GIVE_UP)
