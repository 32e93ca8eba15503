"""What the screen shows: the core's state as frozen view data. Pure; one view at a time.

``now`` may be later than ``state.now``: between two events the clock and the ages go on counting.
"""

from typing import assert_never

from device.core import limits, service
from device.core.configuration import Configuration, ServiceSchedule
from device.core.day_totals import (
    Entry,
    doubtful_sales,
    entries,
    page_count,
    totals_today,
)
from device.core.japan_time import SECOND, MonoMs, day_of
from device.core.language import Bilingual
from device.core.offline_check import is_complete, lock_left_us
from device.core.page_data import CheckResult, Page, Verdict
from device.core.payment import Leg, ServiceKind
from device.core.printing import IN_TROUBLE
from device.core.printing_data import PrinterState, SlipCopy
from device.core.sale_data import Attention, Sale, SalePhase
from device.core.state import Health, LinkState, Now, OutOfService, Part, State
from device.core.telling_data import KnownPayment, OnStage, Telling
from device.ui import views, wording
from device.ui.part_rows import part_rows
from protos.confirmation import seal
from protos.units import Micros, PaymentId, Yen

_KINDS = {
    ServiceKind.MONEY: views.LegKind.MONEY,
    ServiceKind.POINTS: views.LegKind.POINTS,
    ServiceKind.VOUCHER: views.LegKind.VOUCHER,
}
_ORDER = {ServiceKind.VOUCHER: 0, ServiceKind.POINTS: 1, ServiceKind.MONEY: 2}
_TROUBLES = {
    PrinterState.PAPER_OUT: views.PrinterTrouble.PAPER_OUT,
    PrinterState.COVER_OPEN: views.PrinterTrouble.COVER_OPEN,
    PrinterState.SILENT: views.PrinterTrouble.SILENT,
    PrinterState.FAULT: views.PrinterTrouble.FAULT,
}


def present(state: State, now: Now) -> views.View:
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
            return _code_check(state, now)
        case Page.TODAY:
            return _today(state, now)
        case Page.MENU:
            return _menu(state, now)
        case Page.NETWORK:
            return views.NetworkView(_bar(state, now), part_rows(state), state.probing)
        case Page.NOTICES:
            return _notice(state, now)
        case _:
            assert_never(page)


def _front(state: State) -> Sale | None:
    return next((sale for sale in state.sales if sale.number == state.current), None)


# --- what many views need -------------------------------------------------------------------


def _bar(state: State, now: Now) -> views.Bar:
    configuration = state.configuration
    weak = any(
        status.part in (Part.WIFI, Part.MOBILE) and status.health is Health.WARN
        for status in state.parts
    )
    link = views.Link.OFFLINE
    if state.links.server is LinkState.UP:
        link = views.Link.WEAK if weak else views.Link.ONLINE
    return views.Bar(
        shop=configuration.shop_name if configuration else "",
        terminal=configuration.terminal_name if configuration else "",
        clock=wording.hh_mm_ss(now.wall),
        link=link,
        language=state.navigation.language,
    )


def _legs(legs: tuple[Leg, ...]) -> tuple[views.Leg, ...]:
    shown = sorted((leg for leg in legs if leg.amount > 0), key=lambda leg: _ORDER[leg.kind])
    return tuple(views.Leg(_KINDS[leg.kind], leg.amount) for leg in shown)


def _dates(parts: tuple[Leg | ServiceSchedule, ...], now: Now) -> tuple[views.PayDates, ...]:
    today = day_of(now.wall)
    return tuple(
        views.PayDates(
            _KINDS[part.kind],
            wording.until(part.closes_at, today),
            wording.short_day(part.pay_day, today),
        )
        for part in sorted(parts, key=lambda part: _ORDER[part.kind])
    )


def _day_totals(state: State, now: Now) -> views.DayTotals:
    sums = totals_today(state, now.wall)
    return views.DayTotals(sums.count, sums.amount)


def _age_s(since: Micros, now: Now) -> int:
    return max(0, (now.wall - since) // SECOND)


def _countdown(ends: MonoMs, total_ms: int, now: Now) -> views.Countdown:
    return views.Countdown(min(max(0, ends - now.mono), total_ms), total_ms)


def _slip(state: State, key: str) -> views.SlipState:
    if any(job.job_id.startswith(f"{key}/") for job in state.printing.jobs):
        return views.SlipState.WAITING
    printed = dict(state.printing.sheets)
    if any(f"{key}/{copy}" in printed for copy in SlipCopy):
        return views.SlipState.PRINTED
    return views.SlipState.NONE


def _known(state: State, payment_id: PaymentId) -> KnownPayment | None:
    for known in reversed(state.payments):
        if known.payment.payment_id == payment_id:
            return known
    return None


# --- the sale -------------------------------------------------------------------------------


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
                _bar(state, now),
                _qr(state, now),
                _day_totals(state, now),
                _panel(state, now, state.configuration),
            )


def _qr(state: State, now: Now) -> views.Qr:
    qr = state.qr
    if qr is None:  # between two frames; the next event mints it
        return views.Qr("", views.Countdown(0, limits.QR_ROTATION_MS))
    return views.Qr(qr.text, _countdown(qr.replace_at, limits.QR_ROTATION_MS, now))


def _panel(
    state: State, now: Now, configuration: Configuration
) -> views.DatesPanel | views.PrinterPanel | views.LatePanel:
    late = [_known(state, card.payment_id) for card in reversed(state.announcing.late)]
    if late:
        return views.LatePanel(tuple(_late(state, now, known) for known in late if known))
    printing = state.printing
    shown = printing.banner is Attention.TOLD and configuration.slip_copies > 0
    if printing.printer in IN_TROUBLE and shown:
        return views.PrinterPanel(_TROUBLES[printing.printer], len(printing.jobs))
    return views.DatesPanel(_dates(configuration.schedules, now), _line(state, configuration))


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


def _late(state: State, now: Now, known: KnownPayment) -> views.LatePayment:
    payment = known.payment
    return views.LatePayment(
        time=wording.hh_mm(payment.paid_at),
        ago_s=_age_s(payment.paid_at, now),
        amount=payment.amount,
        legs=_legs(payment.legs),
        code=payment.confirmation_code,
        slip=_slip(state, str(payment.payment_id)),
    )


def _qr_fixed(state: State, now: Now, sale: Sale) -> views.QrFixedView:
    ends = sale.deadline if sale.deadline is not None else now.mono
    closes = _countdown(ends, limits.FIXED_AMOUNT_MS, now)
    return views.QrFixedView(_bar(state, now), _qr(state, now), sale.amount, closes)


def _claimed(state: State, now: Now, sale: Sale) -> views.ClaimedView:
    by_staff = sale.amount > 0
    since = sale.claimed_at if sale.claimed_at is not None else now.mono
    return views.ClaimedView(
        bar=_bar(state, now),
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
        bar=_bar(state, now),
        doubt=views.Doubt(sale.doubt.value),
        sale_time=wording.hh_mm(sale.minted_at),
        amount=sale.known_amount or None,
        attempt=max(1, asking.attempt) if asking is not None else 1,
        next_try_s=next_try,
    )


def _paid(state: State, now: Now, stage: OnStage) -> views.PaidView:
    known = _known(state, stage.payment_id)
    assert known is not None  # a payment on the paid screen stays in memory
    payment = known.payment
    return views.PaidView(
        bar=_bar(state, now),
        amount=payment.amount,
        legs=_legs(payment.legs),
        code=payment.confirmation_code,
        seal=seal(payment.confirmation_code),
        age_s=max(0, now.mono - stage.since) // 1_000,
        dates=wording.paid_dates(payment.legs, payment.cancel_until, day_of(now.wall)),
        closes=_countdown(stage.closes, limits.PAID_MS, now),
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
    return views.AmountView(_bar(state, now), amount, limit, can_show)


# --- the offline check ----------------------------------------------------------------------


def _code_check(state: State, now: Now) -> views.View:
    check, lockout = state.navigation.check, state.lockout
    if check.result is not None:
        return _check_result(state, now, check.result)
    left_us = lock_left_us(lockout, now.wall)
    if left_us > 0:
        whole_us = lockout.locked_until - lockout.locked_at
        unlocks = views.Countdown(left_us // 1_000, whole_us // 1_000)
        return views.LockedView(_bar(state, now), unlocks)
    about = next((sale for sale in state.sales if sale.number == check.about), None)
    return views.OfflineEntryView(
        bar=_bar(state, now),
        amount=check.amount,
        amount_fixed=about is not None and about.amount > 0,
        sale_time=wording.hh_mm(about.minted_at) if about is not None else "",
        code=check.code,
        focus=check.focus,
        tries_left=limits.CHECK_MISSES - lockout.misses,
        ready=is_complete(check),
    )


def _check_result(state: State, now: Now, result: CheckResult) -> views.View:
    bar = _bar(state, now)
    match result.verdict:
        case Verdict.GENUINE:
            sale = next((sale for sale in state.sales if sale.number == result.sale), None)
            return views.CodeTrueView(
                bar=bar,
                amount=result.amount,
                code=result.code,
                sale_time=wording.hh_mm(sale.minted_at) if sale is not None else "",
                slip=_slip(state, f"sale-{result.sale}"),
            )
        case Verdict.NO_MATCH:
            mismatch = views.Mismatch.NO_MATCH
        case Verdict.ALREADY_USED:
            mismatch = views.Mismatch.ALREADY_USED
    tries_left = limits.CHECK_MISSES - state.lockout.misses
    return views.CodeFalseView(bar, mismatch, result.amount, result.code, tries_left)


# --- pages ----------------------------------------------------------------------------------


def _today(state: State, now: Now) -> views.TodayView:
    navigation = state.navigation
    rows = entries(state, now.wall)
    pages = page_count(state, now.wall)
    page = min(navigation.list_page, pages - 1)
    shown = rows[page * state.rows : (page + 1) * state.rows]
    selected = navigation.selected
    if selected is not None and selected >= len(shown):
        selected = None
    return views.TodayView(
        bar=_bar(state, now),
        date=wording.long_day(day_of(now.wall)),
        today=_day_totals(state, now),
        rows=tuple(_row(entry) for entry in shown),
        page=page + 1,
        pages=pages,
        selected=selected,
        detail=_detail(state, now, shown[selected]) if selected is not None else None,
        note=_remark(state),
    )


def _row_state(entry: Entry) -> views.RowState:
    if isinstance(entry, Sale):
        by_code = entry.phase is SalePhase.ACCEPTED
        return views.RowState.CODE_GENUINE if by_code else views.RowState.CHECKING
    late = entry.telling in (Telling.LATE, Telling.SEEN)
    return views.RowState.LATE if late else views.RowState.PAID


def _row(entry: Entry) -> views.TodayRow:
    if isinstance(entry, Sale):
        time, amount = wording.hh_mm(entry.opened_at), entry.known_amount or None
        return views.TodayRow(time, amount, (), _row_state(entry))
    payment = entry.payment
    time = wording.hh_mm(payment.paid_at)
    return views.TodayRow(time, payment.amount, _legs(payment.legs), _row_state(entry))


def _detail(state: State, now: Now, entry: Entry) -> views.Detail:
    if isinstance(entry, Sale):
        return views.Detail(
            state=_row_state(entry),
            time=wording.hh_mm_ss(entry.opened_at),
            amount=entry.known_amount or None,
            legs=(),
            code=entry.code,
            dates=(),
            reprint=False,
        )
    payment = entry.payment
    has_printer = state.printing.printer is not PrinterState.ABSENT
    copies = state.configuration.slip_copies if state.configuration else 0
    return views.Detail(
        state=_row_state(entry),
        time=wording.hh_mm_ss(payment.paid_at),
        amount=payment.amount,
        legs=_legs(payment.legs),
        code=payment.confirmation_code,
        dates=_dates(payment.legs, now),
        reprint=has_printer and copies > 0,
    )


def _remark(state: State) -> Bilingual | None:
    said = state.navigation.remark
    return None if said is None else wording.REMARKS[said]


def _menu(state: State, now: Now) -> views.MenuView:
    notices = len(state.configuration.notices) if state.configuration else 0
    return views.MenuView(_bar(state, now), _day_totals(state, now), notices, _remark(state))


def _notice(state: State, now: Now) -> views.NoticeView:
    notices = state.configuration.notices if state.configuration else ()
    if not notices:
        nothing = Bilingual("お知らせはありません", "No notices")
        return views.NoticeView(_bar(state, now), nothing, Bilingual(""), Bilingual(""), 1, 1)
    index = min(state.navigation.list_page, len(notices) - 1)
    notice = notices[index]
    return views.NoticeView(
        bar=_bar(state, now),
        title=Bilingual(notice.title),
        body=Bilingual(notice.body),
        published=Bilingual(""),
        page=index + 1,
        pages=len(notices),
    )


def _out_of_service(state: State, now: Now, trouble: OutOfService) -> views.OutOfServiceView:
    phone = state.configuration.office_phone if state.configuration else ""
    sums = _day_totals(state, now)
    return views.OutOfServiceView(
        bar=_bar(state, now),
        reason=wording.OUT_OF_SERVICE[trouble],
        code=trouble.value,
        contact=wording.contact(phone),
        today=sums if sums.count else None,
    )
