"""The screens of the offline check. Pure."""

from device.core import limits
from device.core.offline_check import is_complete, lock_left_us
from device.core.page_data import CheckResult, Verdict
from device.core.state import Now, State
from device.ui import views, wording
from device.ui.view_parts import bar, slips


def code_check_view(state: State, now: Now) -> views.View:
    check, lockout = state.navigation.check, state.lockout
    if check.result is not None:
        return _check_result(state, now, check.result)
    left_us = lock_left_us(lockout, now.wall)
    if left_us > 0:
        whole_us = lockout.locked_until - lockout.locked_at
        unlocks = views.Countdown(left_us // 1_000, whole_us // 1_000)
        return views.LockedView(bar(state, now), unlocks)
    about = next((sale for sale in state.sales if sale.number == check.about), None)
    return views.OfflineEntryView(
        bar=bar(state, now),
        amount=check.amount,
        amount_fixed=about is not None and about.amount > 0,
        sale_time=wording.hh_mm(about.minted_at) if about is not None else "",
        code=check.code,
        focus=check.focus,
        tries_left=limits.CHECK_MISSES - lockout.misses,
        ready=is_complete(check),
    )


def _check_result(state: State, now: Now, result: CheckResult) -> views.View:
    top = bar(state, now)
    match result.verdict:
        case Verdict.GENUINE:
            sale = next((sale for sale in state.sales if sale.number == result.sale), None)
            return views.CodeTrueView(
                bar=top,
                amount=result.amount,
                code=result.code,
                sale_time=wording.hh_mm(sale.minted_at) if sale is not None else "",
                slip=slips(state).get(f"sale-{result.sale}", views.SlipState.NONE),
            )
        case Verdict.NO_MATCH:
            mismatch = views.Mismatch.NO_MATCH
        case Verdict.ALREADY_USED:
            mismatch = views.Mismatch.ALREADY_USED
    tries_left = limits.CHECK_MISSES - state.lockout.misses
    return views.CodeFalseView(top, mismatch, result.amount, result.code, tries_left)
