"""What the screen shows: the core's state as frozen view data. Pure; one view at a time.

``now`` may be later than ``state.now``: between two events the clock and the ages go on counting.
"""

from typing import assert_never

from device.core import limits, service
from device.core.configuration import Configuration
from device.core.day_totals import doubtful_sales
from device.core.japan_time import day_of
from device.core.language import Bilingual
from device.core.page_data import Page
from device.core.printing import IN_TROUBLE
from device.core.printing_data import PrinterState
from device.core.sale_data import Attention, Sale, SalePhase
from device.core.state import Now, OutOfService, State
from device.core.telling_data import OnStage
from device.ui import views, wording
from device.ui.check_views import code_check_view
from device.ui.page_views import menu_view, notice_view, today_view
from device.ui.part_rows import part_rows
from device.ui.view_parts import (
    age_s,
    bar,
    countdown,
    dates,
    day_totals,
    known_payment,
    legs,
    slips,
)
from protos.confirmation import seal
from protos.units import Yen

_TROUBLES = {
    PrinterState.PAPER_OUT: views.PrinterTrouble.PAPER_OUT,
    PrinterState.COVER_OPEN: views.PrinterTrouble.COVER_OPEN,
    PrinterState.SILENT: views.PrinterTrouble.SILENT,
    PrinterState.FAULT: views.PrinterTrouble.FAULT,
}


def present(state: State, now: Now) -> views.View:  # noqa: PLR0911 - one return per page
    """The view of a state at an instant. "Paid" comes before everything, trouble included."""
    stage = state.announcing.on_stage
    if stage is not None:
        return _paid(state, now, stage)
    page = state.navigation.page
    trouble = service.out_of_service(state)
    sale = _front(state)
    taken = sale is not None and sale.phase is not SalePhase.SHOWING
    if trouble is not None and not taken and page in (Page.COUNTER, Page.AMOUNT):
        return _out_of_service(state, now, trouble)
    match page:
        case Page.COUNTER:
            return _counter(state, now, sale)
        case Page.AMOUNT:
            return _amount(state, now)
        case Page.CODE_CHECK:
            return code_check_view(state, now)
        case Page.TODAY:
            return today_view(state, now)
        case Page.MENU:
            return menu_view(state, now)
        case Page.NETWORK:
            return views.NetworkView(bar(state, now), part_rows(state), state.probing)
        case Page.NOTICES:
            return notice_view(state, now)
        case _:
            assert_never(page)


def _front(state: State) -> Sale | None:
    return next((sale for sale in state.sales if sale.number == state.current), None)


def _counter(state: State, now: Now, sale: Sale | None) -> views.View:
    if sale is None or state.configuration is None:
        return _out_of_service(state, now, OutOfService.STARTING)
    match sale.phase:
        case SalePhase.CLAIMED:
            return _claimed(state, now, sale)
        case SalePhase.CANCELLING | SalePhase.RESOLVING:
            return _checking(state, now, sale)
        case _ if sale.amount > 0:
            return _qr_fixed(state, now, sale)
        case _:
            return views.StandbyView(
                bar(state, now),
                _qr(state, now),
                day_totals(state, now),
                _panel(state, now, state.configuration),
            )


def _qr(state: State, now: Now) -> views.Qr:
    qr = state.qr
    if qr is None:  # between two frames; the next event mints it
        return views.Qr("", views.Countdown(0, limits.QR_ROTATION_MS))
    return views.Qr(qr.text, countdown(qr.replace_at, limits.QR_ROTATION_MS, now))


def _panel(
    state: State, now: Now, configuration: Configuration
) -> views.DatesPanel | views.PrinterPanel | views.LatePanel:
    if state.announcing.late:
        return views.LatePanel(_late_payments(state, now))
    printing = state.printing
    shown = printing.banner is Attention.TOLD and configuration.slip_copies > 0
    if printing.printer in IN_TROUBLE and shown:
        return views.PrinterPanel(_TROUBLES[printing.printer], len(printing.jobs))
    return views.DatesPanel(dates(configuration.schedules, now), _line(state, configuration))


def _line(state: State, configuration: Configuration) -> views.Line | None:
    if state.ending is not None:
        return views.Line(views.LineKind.OUTCOME, wording.ENDINGS[state.ending.ending])
    doubtful = len(doubtful_sales(state))
    if doubtful:
        return views.Line(views.LineKind.UNRESOLVED, wording.unresolved(doubtful))
    if configuration.notices:
        title = configuration.notices[0].title
        return views.Line(views.LineKind.NOTICE, Bilingual(title))
    return None


def _late_payments(state: State, now: Now) -> tuple[views.LatePayment, ...]:
    payments = {known.payment.payment_id: known.payment for known in state.payments}
    found = slips(state)
    late = reversed(state.announcing.late)
    cards = [payments[card.payment_id] for card in late if card.payment_id in payments]
    return tuple(
        views.LatePayment(
            time=wording.hh_mm(payment.paid_at),
            ago_s=age_s(payment.paid_at, now),
            amount=payment.amount,
            legs=legs(payment.legs),
            code=payment.confirmation_code,
            slip=found.get(payment.payment_id, views.SlipState.NONE),
        )
        for payment in cards
    )


def _qr_fixed(state: State, now: Now, sale: Sale) -> views.QrFixedView:
    ends = sale.deadline if sale.deadline is not None else now.mono
    closes = countdown(ends, limits.FIXED_AMOUNT_MS, now)
    return views.QrFixedView(bar(state, now), _qr(state, now), sale.amount, closes)


def _claimed(state: State, now: Now, sale: Sale) -> views.ClaimedView:
    by_staff = sale.amount > 0
    since = sale.claimed_at if sale.claimed_at is not None else now.mono
    return views.ClaimedView(
        bar=bar(state, now),
        source=views.AmountSource.STAFF if by_staff else views.AmountSource.CUSTOMER,
        amount=sale.known_amount or None,
        elapsed_s=max(0, now.mono - since) // 1_000,
    )


def _checking(state: State, now: Now, sale: Sale) -> views.CheckingView:
    asking = sale.asking
    next_try = None
    if asking is not None and asking.next_at is not None:
        next_try = max(0, -(-(asking.next_at - now.mono) // 1_000))
    return views.CheckingView(
        bar=bar(state, now),
        doubt=views.Doubt(sale.doubt.value),
        sale_time=wording.hh_mm(sale.minted_at),
        amount=sale.known_amount or None,
        attempt=max(1, asking.attempt) if asking is not None else 1,
        next_try_s=next_try,
    )


def _paid(state: State, now: Now, stage: OnStage) -> views.PaidView:
    known = known_payment(state, stage.payment_id)
    assert known is not None  # a payment on the paid screen stays in memory
    payment = known.payment
    return views.PaidView(
        bar=bar(state, now),
        amount=payment.amount,
        legs=legs(payment.legs),
        code=payment.confirmation_code,
        seal=seal(payment.confirmation_code),
        age_s=max(0, now.mono - stage.since) // 1_000,
        dates=wording.paid_dates(payment.legs, payment.cancel_until, day_of(now.wall)),
        closes=countdown(stage.closes, limits.PAID_MS, now),
        waiting=len(state.announcing.waiting),
    )


def _amount(state: State, now: Now) -> views.AmountView:
    amount = state.navigation.amount
    limit = state.configuration.amount_limit if state.configuration else Yen(0)
    if amount == 0:
        can_show = views.AmountState.EMPTY
    elif amount > limit:
        can_show = views.AmountState.OVER_LIMIT
    else:
        can_show = views.AmountState.READY
    return views.AmountView(bar(state, now), amount, limit, can_show)


def _out_of_service(state: State, now: Now, trouble: OutOfService) -> views.OutOfServiceView:
    phone = state.configuration.office_phone if state.configuration else ""
    sums = day_totals(state, now)
    return views.OutOfServiceView(
        bar=bar(state, now),
        reason=wording.OUT_OF_SERVICE[trouble],
        code=trouble.value,
        contact=wording.contact(phone),
        today=sums if sums.count else None,
    )
