"""Where staff go and what they key in: pages, keypad, list, language, banners."""

from dataclasses import replace

from device.core import limits
from device.core.day_totals import Entry, doubtful_sales, entries, page_count, payments_of
from device.core.draft import Draft
from device.core.effects import ProbeParts, ProbePrinter, Reconnect, RetryJournal, Sound
from device.core.intents import Backspace, CheckField, Digit
from device.core.japan_time import MonoMs, day_of
from device.core.language import Language
from device.core.offline_check import lock_left_us
from device.core.page_data import CodeCheck, Navigation, Page, Remark, Verdict
from device.core.printing import copies_wanted, queue_sheet
from device.core.printing_data import (
    DaySubject,
    JobPhase,
    PaymentSubject,
    PrinterState,
    ProvisionalSubject,
    SlipCopy,
)
from device.core.sale_data import SalePhase
from device.core.selling import front
from device.core.telling_data import KnownPayment
from protos.confirmation import CODE_DIGITS
from protos.units import Yen

MAX_TRAIL = 4


def open_page(draft: Draft, page: Page) -> None:
    """One page further; 戻る comes back to this one."""
    navigation = draft.state.navigation
    if navigation.page is page:
        return
    trail = (*navigation.trail, navigation.page)[-MAX_TRAIL:]
    draft.navigate(
        replace(
            navigation,
            page=page,
            trail=trail,
            list_page=0,
            selected=None,
            amount=Yen(0),
            remark=None,
        )
    )


def go_back(draft: Draft) -> None:
    """One page back, the counter at last; what was keyed in here is dropped."""
    navigation = draft.state.navigation
    *trail, page = navigation.trail or (Page.COUNTER,)
    draft.navigate(
        replace(
            navigation,
            page=page,
            trail=tuple(trail),
            list_page=0,
            selected=None,
            amount=Yen(0),
            check=CodeCheck(),
            remark=None,
        )
    )


def go_home(draft: Draft) -> None:
    """To the counter at once."""
    navigation = draft.state.navigation
    draft.navigate(replace(navigation, trail=()))
    go_back(draft)


# --- keypad ---------------------------------------------------------------------------------


def key(draft: Draft, intent: Digit | Backspace) -> None:
    """A key of the pad, for the field that has the focus."""
    navigation = draft.state.navigation
    if navigation.page is Page.AMOUNT:
        draft.navigate(replace(navigation, amount=_typed(navigation.amount, intent)))
    elif navigation.page is Page.CODE_CHECK and _entering(draft):
        draft.navigate(replace(navigation, check=_typed_check(navigation.check, intent)))
    else:
        return
    draft.sound(Sound.TICK)


def _entering(draft: Draft) -> bool:
    locked = lock_left_us(draft.state.lockout, draft.now.wall) > 0
    return draft.state.navigation.check.result is None and not locked


def _typed(amount: Yen, intent: Digit | Backspace) -> Yen:
    match intent:
        case Backspace():
            return Yen(amount // 10)
        case Digit(key="00"):
            longer = amount * 100
        case Digit(key=digit):
            longer = amount * 10 + int(digit)
    return Yen(longer) if longer <= limits.MAX_KEYED else amount


def _typed_check(check: CodeCheck, intent: Digit | Backspace) -> CodeCheck:
    if check.focus is CheckField.AMOUNT:
        return replace(check, amount=_typed(check.amount, intent))
    match intent:
        case Backspace():
            return replace(check, code=check.code[:-1])
        case Digit(key=digits):
            return replace(check, code=(check.code + digits)[:CODE_DIGITS])


def clear_amount(draft: Draft) -> None:
    """全部消す."""
    navigation = draft.state.navigation
    if navigation.page is Page.AMOUNT:
        draft.navigate(replace(navigation, amount=Yen(0)))
        draft.sound(Sound.TICK)


# --- offline check --------------------------------------------------------------------------


def open_check(draft: Draft) -> None:
    """番号で確かめる: from 確認中 with that sale's amount, else empty."""
    sale = front(draft)
    in_doubt = sale is not None and sale.phase in (SalePhase.CANCELLING, SalePhase.RESOLVING)
    check = CodeCheck()
    if sale is not None and in_doubt:
        known = sale.known_amount
        focus = CheckField.CODE if known else CheckField.AMOUNT
        check = CodeCheck(amount=known, focus=focus, about=sale.number)
    open_page(draft, Page.CODE_CHECK)
    draft.navigate(replace(draft.state.navigation, check=check))


def choose_field(draft: Draft, field: CheckField) -> None:
    """The amount that staff had fixed for the sale in doubt can't be chosen."""
    navigation = draft.state.navigation
    if navigation.page is not Page.CODE_CHECK or not _entering(draft):
        return
    if field is CheckField.AMOUNT and amount_fixed(draft, navigation.check):
        return
    draft.navigate(replace(navigation, check=replace(navigation.check, focus=field)))


def amount_fixed(draft: Draft, check: CodeCheck) -> bool:
    """Staff had keyed in the amount of the sale that is checked."""
    sale = draft.sale(check.about)
    return sale is not None and sale.amount > 0


def try_again(draft: Draft) -> None:
    """もう一度入れる: the amount is kept, the code empty."""
    navigation = draft.state.navigation
    result = navigation.check.result
    if navigation.page is Page.CODE_CHECK and result and result.verdict is not Verdict.GENUINE:
        again = replace(navigation.check, code="", result=None, focus=CheckField.CODE)
        draft.navigate(replace(navigation, check=again))


def print_provisional(draft: Draft) -> None:
    """控えを印刷: 【仮控え】, for a sale whose code is genuine; once by this button."""
    result = draft.state.navigation.check.result
    if result is None or result.verdict is not Verdict.GENUINE or result.sale is None:
        return
    sale = draft.sale(result.sale)
    sheets = dict(draft.state.printing.sheets)
    if sale is None or any(f"sale-{sale.number}/{copy}" in sheets for copy in SlipCopy):
        return
    subject = ProvisionalSubject(
        sale.number, result.amount, result.code, sale.opened_at, draft.now.wall
    )
    for copy in copies_wanted(draft):
        queue_sheet(draft, subject, copy)


# --- list -----------------------------------------------------------------------------------


def selected_entry(draft: Draft) -> Entry | None:
    """The row of the list that is selected."""
    state = draft.state
    if state.navigation.page is not Page.TODAY or state.navigation.selected is None:
        return None
    index = state.navigation.list_page * state.rows + state.navigation.selected
    rows = entries(state, draft.now.wall)
    return rows[index] if index < len(rows) else None


def turn(draft: Draft, by: int) -> None:
    """▲ ▼ on the list and on the notices."""
    state, navigation = draft.state, draft.state.navigation
    if navigation.page is Page.TODAY:
        pages = page_count(state, draft.now.wall)
    elif navigation.page is Page.NOTICES and state.configuration is not None:
        pages = max(1, len(state.configuration.notices))
    else:
        return
    page = min(max(navigation.list_page + by, 0), pages - 1)
    draft.navigate(replace(navigation, list_page=page, selected=None))


def select(draft: Draft, index: int | None) -> None:
    """A row of the page shown, or none."""
    navigation = draft.state.navigation
    if navigation.page is Page.TODAY and (index is None or 0 <= index < draft.state.rows):
        draft.navigate(replace(navigation, selected=index))
        if index is not None and selected_entry(draft) is None:
            draft.navigate(navigation)


def reprint(draft: Draft) -> None:
    """もう一度印刷【再発行】. A sheet that still waits is not doubled: the printer is asked."""
    entry = selected_entry(draft)
    if not isinstance(entry, KnownPayment):
        return
    payment = entry.payment
    waiting = any(
        isinstance(job.subject, PaymentSubject)
        and job.subject.payment.payment_id == payment.payment_id
        for job in draft.state.printing.jobs
    )
    if waiting:
        draft.ask(ProbePrinter())
    elif not copies_wanted(draft):
        remark(draft, Remark.NO_PRINTER)
        return
    else:
        for copy in copies_wanted(draft):
            queue_sheet(draft, PaymentSubject(payment), copy)
    remark(draft, Remark.REPRINTING)


def print_day_report(draft: Draft) -> None:
    """日計を印刷: the day as the device knows it now."""
    if draft.state.printing.printer is PrinterState.ABSENT:
        remark(draft, Remark.NO_PRINTER)
        return
    if any(isinstance(job.subject, DaySubject) for job in draft.state.printing.jobs):
        return
    day = day_of(draft.now.wall)
    doubtful = doubtful_sales(draft.state)
    accepted = sum(sale.phase is SalePhase.ACCEPTED for sale in doubtful)
    subject = DaySubject(
        day=day,
        asked_at=draft.now.wall,
        payments=tuple(known.payment for known in payments_of(draft.state, day)),
        checking=len(doubtful) - accepted,
        accepted=accepted,
    )
    job = queue_sheet(draft, subject, SlipCopy.SHOP)
    if job.phase is not JobPhase.DROPPED:
        remark(draft, Remark.DAY_REPORT_PRINTING)


def remark(draft: Draft, what: Remark) -> None:
    """Say for some seconds what the tap did."""
    until = MonoMs(draft.now.mono + limits.REMARK_MS)
    draft.navigate(replace(draft.state.navigation, remark=what, remark_until=until))


# --- the rest -------------------------------------------------------------------------------


def toggle_language(draft: Draft) -> None:
    """EN; back to Japanese by itself after 60 s without a tap."""
    navigation = draft.state.navigation
    language = Language.JA if navigation.language is Language.EN else Language.EN
    draft.navigate(replace(navigation, language=language))


def check_parts(draft: Draft) -> None:
    """もう一度調べる."""
    draft.state = replace(draft.state, probing=True)
    draft.ask(ProbeParts())
    draft.ask(ProbePrinter())


def retry_service(draft: Draft) -> None:
    """もう一度 on the out-of-service screen."""
    draft.ask(RetryJournal() if draft.state.journal_trouble is not None else Reconnect())


def keep_pages(draft: Draft) -> None:
    """After a while without a tap: Japanese again, then the QR again; notes run out."""
    state, mono = draft.state, draft.now.mono
    navigation: Navigation = state.navigation
    idle = mono - navigation.touched_at
    if navigation.language is not Language.JA and idle >= limits.ENGLISH_IDLE_MS:
        navigation = replace(navigation, language=Language.JA)
    if navigation.remark is not None and mono >= navigation.remark_until:
        navigation = replace(navigation, remark=None)
    if navigation is not state.navigation:
        draft.navigate(navigation)
    if navigation.page is not Page.COUNTER and idle >= limits.PAGE_IDLE_MS:
        go_home(draft)
    if state.ending is not None and mono >= state.ending.until:
        draft.state = replace(draft.state, ending=None)
