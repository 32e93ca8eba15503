"""The pages that staff open: today, menu, notices. Pure."""

from device.core.day_totals import Entry, entries, page_count
from device.core.japan_time import day_of
from device.core.language import Bilingual
from device.core.printing_data import PrinterState
from device.core.sale_data import Sale, SalePhase
from device.core.state import Now, State
from device.core.telling_data import Telling
from device.ui import views, wording
from device.ui.view_parts import bar, dates, day_totals, legs


def today_view(state: State, now: Now) -> views.TodayView:
    navigation = state.navigation
    rows = entries(state, now.wall)
    pages = page_count(state, now.wall)
    page = min(navigation.list_page, pages - 1)
    shown = rows[page * state.rows : (page + 1) * state.rows]
    selected = navigation.selected
    if selected is not None and selected >= len(shown):
        selected = None
    return views.TodayView(
        bar=bar(state, now),
        date=wording.long_day(day_of(now.wall)),
        today=day_totals(state, now),
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
    return views.TodayRow(time, payment.amount, legs(payment.legs), _row_state(entry))


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
        legs=legs(payment.legs),
        code=payment.confirmation_code,
        dates=dates(payment.legs, now),
        reprint=has_printer and copies > 0,
    )


def _remark(state: State) -> Bilingual | None:
    said = state.navigation.remark
    return None if said is None else wording.REMARKS[said]


def menu_view(state: State, now: Now) -> views.MenuView:
    notices = len(state.configuration.notices) if state.configuration else 0
    return views.MenuView(bar(state, now), day_totals(state, now), notices, _remark(state))


def notice_view(state: State, now: Now) -> views.NoticeView:
    notices = state.configuration.notices if state.configuration else ()
    if not notices:
        nothing = Bilingual("お知らせはありません", "No notices")
        return views.NoticeView(bar(state, now), nothing, Bilingual(""), Bilingual(""), 1, 1)
    index = min(state.navigation.list_page, len(notices) - 1)
    notice = notices[index]
    return views.NoticeView(
        bar=bar(state, now),
        title=Bilingual(notice.title),
        body=Bilingual(notice.body),
        published=Bilingual(""),
        page=index + 1,
        pages=len(notices),
    )
