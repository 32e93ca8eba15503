"""What staff's taps do to the sale, and which tap goes where.

A tap that no longer fits (it lost a race against a payment or a change of the screen) does
nothing. Without a live link every tap that brings up the QR, or acts on it, takes a new sale
number: the customer before may have paid the old one.
"""

from dataclasses import replace
from typing import assert_never

from device.core import intents as tap
from device.core import pages
from device.core.announcing import acknowledge_late, leave_stage
from device.core.asking import begin_asking
from device.core.draft import Draft
from device.core.effects import ProbePrinter
from device.core.offline_check import submit
from device.core.page_data import Page, Verdict
from device.core.printing import hide_banner
from device.core.sale_data import Attention, Doubt, SalePhase, Sequel
from device.core.sale_machine import SaleInput
from device.core.selling import (
    front,
    give_way,
    open_sale,
    set_aside,
    step,
    take_new_number,
)
from device.core.service import is_live, out_of_service
from protos.units import Yen

_BRINGS_UP_QR = (
    tap.NextCustomer,
    tap.AcknowledgeLate,
    tap.Back,
    tap.StopCheck,
    tap.PaperLater,
    tap.PaperRefilled,
)


def tapped(draft: Draft, intent: tap.Intent) -> None:
    """One tap of staff."""
    number = draft.state.current
    navigation = replace(draft.state.navigation, touched_at=draft.now.mono)
    draft.navigate(navigation)
    _dispatch(draft, intent)
    same_qr = draft.state.current == number and number is not None
    on_counter = draft.state.navigation.page is Page.COUNTER
    in_service = out_of_service(draft.state) is None
    if same_qr and on_counter and in_service and isinstance(intent, _BRINGS_UP_QR):
        take_new_number(draft)


def _dispatch(draft: Draft, intent: tap.Intent) -> None:  # noqa: PLR0912 - a list of cases
    match intent:
        case tap.Digit() | tap.Backspace():
            pages.key(draft, intent)
        case tap.ClearEntry():
            pages.clear_amount(draft)
        case tap.OpenAmount():
            _open_amount(draft, Yen(0))
        case tap.ShowQr():
            _show_qr(draft)
        case tap.EditAmount():
            _edit_amount(draft)
        case tap.CancelSale():
            _cancel(draft, Sequel.STANDBY)
        case tap.StartOver():
            _cancel(draft, Sequel.SAME_AMOUNT)
        case tap.NextCustomer():
            _next_customer(draft)
        case tap.AcknowledgeLate():
            acknowledge_late(draft)
        case tap.CheckLater():
            _check_later(draft)
        case (
            tap.OpenCodeCheck()
            | tap.ChooseField()
            | tap.SubmitCheck()
            | tap.TryAgain()
            | tap.StopCheck()
            | tap.PrintProvisional()
        ):
            _check(draft, intent)
        case tap.PaperRefilled():
            draft.ask(ProbePrinter())
        case tap.PaperLater():
            hide_banner(draft)
        case _:
            _page(draft, intent)


_CheckIntent = (
    tap.OpenCodeCheck
    | tap.ChooseField
    | tap.SubmitCheck
    | tap.TryAgain
    | tap.StopCheck
    | tap.PrintProvisional
)


def _check(draft: Draft, intent: _CheckIntent) -> None:
    on_page = draft.state.navigation.page is Page.CODE_CHECK
    match intent:
        case tap.OpenCodeCheck():
            pages.open_check(draft)
        case tap.ChooseField(field):
            pages.choose_field(draft, field)
        case tap.SubmitCheck():
            if on_page and draft.state.navigation.check.result is None:
                submit(draft)
        case tap.TryAgain():
            pages.try_again(draft)
        case tap.StopCheck():
            if on_page:
                pages.go_home(draft)
        case tap.PrintProvisional():
            if on_page:
                pages.print_provisional(draft)
        case _:
            assert_never(intent)


_PageIntent = (
    tap.OpenToday
    | tap.OpenMenu
    | tap.OpenNetwork
    | tap.OpenNotice
    | tap.Back
    | tap.PageUp
    | tap.PageDown
    | tap.SelectRow
    | tap.CloseDetail
    | tap.Reprint
    | tap.PrintDayReport
    | tap.ToggleLanguage
    | tap.CheckParts
    | tap.RetryService
)


def _page(draft: Draft, intent: _PageIntent) -> None:  # noqa: PLR0912 - a list of cases
    match intent:
        case tap.OpenToday():
            pages.open_page(draft, Page.TODAY)
        case tap.OpenMenu():
            pages.open_page(draft, Page.MENU)
        case tap.OpenNetwork():
            pages.open_page(draft, Page.NETWORK)
        case tap.OpenNotice():
            pages.open_page(draft, Page.NOTICES)
        case tap.Back():
            pages.go_back(draft)
        case tap.PageUp():
            pages.turn(draft, -1)
        case tap.PageDown():
            pages.turn(draft, 1)
        case tap.SelectRow(index):
            pages.select(draft, index)
        case tap.CloseDetail():
            pages.select(draft, None)
        case tap.Reprint():
            pages.reprint(draft)
        case tap.PrintDayReport():
            pages.print_day_report(draft)
        case tap.ToggleLanguage():
            pages.toggle_language(draft)
        case tap.CheckParts():
            pages.check_parts(draft)
        case tap.RetryService():
            pages.retry_service(draft)
        case _:
            assert_never(intent)


def _open_amount(draft: Draft, amount: Yen) -> None:
    sale = front(draft)
    if draft.state.navigation.page is not Page.COUNTER or out_of_service(draft.state) is not None:
        return
    if sale is not None and sale.phase is not SalePhase.SHOWING:
        return
    pages.open_page(draft, Page.AMOUNT)
    draft.navigate(replace(draft.state.navigation, amount=amount))


def _show_qr(draft: Draft) -> None:
    """The amount is fixed: always a new number, so that no earlier token can pay another."""
    navigation, configuration = draft.state.navigation, draft.state.configuration
    if navigation.page is not Page.AMOUNT or configuration is None:
        return
    if not 0 < navigation.amount <= configuration.amount_limit:
        return
    if out_of_service(draft.state) is not None:
        return
    amount = navigation.amount
    give_way(draft)
    pages.go_home(draft)
    open_sale(draft, amount)


def _edit_amount(draft: Draft) -> None:
    sale = front(draft)
    if sale is None or sale.phase is not SalePhase.SHOWING or sale.amount == 0:
        return
    _open_amount(draft, sale.amount)
    if draft.state.navigation.page is Page.AMOUNT:
        give_way(draft)


def _cancel(draft: Draft, sequel: Sequel) -> None:
    """中止 and やり直し. A payment that won the race wins.

    A shown QR without a link just lapses; a claimed one is in doubt until the ledger answers.
    """
    sale = front(draft)
    if sale is None or draft.state.navigation.page is not Page.COUNTER:
        return
    if sale.phase is SalePhase.SHOWING and not is_live(draft.state):
        give_way(draft)
        if out_of_service(draft.state) is None:
            again = sequel is Sequel.SAME_AMOUNT
            open_sale(draft, sale.amount if again else Yen(0))
        return
    wanted = replace(
        sale,
        doubt=Doubt.CANCELLING,
        attention=Attention.TOLD,
        sequel=sequel,
        deadline=None,
        claim_ends=None,
    )
    cancelling = step(draft, wanted, SaleInput.CANCEL)
    if cancelling is not None:
        draft.state = replace(draft.state, qr=None)
        begin_asking(draft, cancelling)


def _check_later(draft: Draft) -> None:
    sale = front(draft)
    if sale is not None:
        set_aside(draft, sale, SaleInput.LATER)


def _next_customer(draft: Draft) -> None:
    """Leaves "paid" and "the code is genuine"."""
    result = draft.state.navigation.check.result
    if draft.state.announcing.on_stage is not None:
        leave_stage(draft)
    elif result is not None and result.verdict is Verdict.GENUINE:
        pages.go_home(draft)
