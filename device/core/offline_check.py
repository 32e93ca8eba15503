"""オフライン確認: is the code on the customer's phone true? Computed here, without the network.

Staff key in the amount *they asked for*, then the code. Candidates are this device's open sales
of the last 10 minutes, at most 20: a random code passes with 2 in 100,000. Five misses lock the
check (not the sales) for 1, then 5, then 15 minutes; the lock survives a restart.
"""

import hmac
from dataclasses import replace

from device.core import limits
from device.core.draft import Draft
from device.core.effects import Sound
from device.core.outgoing import EventKind
from device.core.page_data import CheckResult, CodeCheck, Lockout, Verdict
from device.core.records import LockoutSaved
from device.core.sale_data import Sale, SalePhase
from device.core.sale_machine import SaleInput
from device.core.selling import set_aside
from device.core.state import State
from protos.confirmation import CODE_DIGITS, confirmation_code
from protos.units import Micros, SaleNumber, Yen

_OPEN = frozenset(
    {
        SalePhase.SHOWING,
        SalePhase.CLAIMED,
        SalePhase.CANCELLING,
        SalePhase.RESOLVING,
        SalePhase.UNRESOLVED,
        SalePhase.LAPSED,
    }
)
_BY_CODE = frozenset({SalePhase.ACCEPTED, SalePhase.DISPUTED})


def lock_left_us(lockout: Lockout, now: Micros) -> int:
    """Microseconds until the check may be used again; 0 when it may.

    A clock that was set back can't make a lock longer than it was.
    """
    whole = lockout.locked_until - lockout.locked_at
    return max(0, min(lockout.locked_until - now, whole))


def is_complete(check: CodeCheck) -> bool:
    """Amount and six digits are there."""
    return check.amount > 0 and len(check.code) == CODE_DIGITS


def candidates(state: State, amount: Yen) -> tuple[Sale, ...]:
    """The open sales that a code for this amount may belong to, newest first."""
    horizon = state.now.wall - limits.CHECK_WINDOW_US
    recent = [
        sale
        for sale in reversed(state.sales)
        if sale.phase in _OPEN and (sale.minted_at >= horizon or sale.number == state.current)
    ]
    return tuple(
        sale for sale in recent[: limits.CHECK_CANDIDATES] if sale.amount in (Yen(0), amount)
    )


def submit(draft: Draft) -> None:
    """確かめる. Ignored while locked or incomplete."""
    check = draft.state.navigation.check
    if not is_complete(check) or lock_left_us(draft.state.lockout, draft.now.wall) > 0:
        return
    if _used(draft.state, check):
        _show(draft, check, Verdict.ALREADY_USED, None)
        draft.sound(Sound.CODE_FALSE)
        return
    match = _matching(draft.state, check)
    if match is None:
        _missed(draft, check)
    else:
        _accepted(draft, check, match)


def _matching(state: State, check: CodeCheck) -> Sale | None:
    identity = state.identity
    if identity is None:
        return None
    for sale in candidates(state, check.amount):
        code = confirmation_code(
            identity.keys.confirmation, identity.terminal, sale.number, check.amount
        )
        if hmac.compare_digest(code, check.code):
            return sale
    return None


def _used(state: State, check: CodeCheck) -> bool:
    """This code was accepted before, or its payment has been told: an old screen, shown again."""
    told = any(
        known.payment.confirmation_code == check.code and known.payment.amount == check.amount
        for known in state.payments
    )
    accepted = any(
        sale.phase in _BY_CODE and sale.code == check.code and sale.claimed_amount == check.amount
        for sale in state.sales
    )
    return told or accepted


def _accepted(draft: Draft, check: CodeCheck, sale: Sale) -> None:
    genuine = replace(sale, claimed_amount=check.amount, code=check.code, asking=None)
    set_aside(draft, genuine, SaleInput.ACCEPT)
    _save_lockout(draft, replace(draft.state.lockout, misses=0))
    draft.tell(
        EventKind.CODE_ACCEPTED, str(sale.number), sale=sale.number, detail=str(check.amount)
    )
    _show(draft, check, Verdict.GENUINE, sale.number)
    draft.sound(Sound.CODE_TRUE)


def _missed(draft: Draft, check: CodeCheck) -> None:
    lockout, now = draft.state.lockout, draft.now.wall
    if now >= lockout.locked_until + limits.LOCK_MEMORY_US:
        lockout = replace(lockout, level=0)
    misses = lockout.misses + 1
    if misses < limits.CHECK_MISSES:
        _save_lockout(draft, replace(lockout, misses=misses))
        _show(draft, check, Verdict.NO_MATCH, None)
    else:
        lock = limits.LOCK_US[min(lockout.level, len(limits.LOCK_US) - 1)]
        _save_lockout(draft, Lockout(0, lockout.level + 1, now, Micros(now + lock)))
        _show(draft, replace(check, code=""), None, None)
    draft.sound(Sound.CODE_FALSE)


def _save_lockout(draft: Draft, lockout: Lockout) -> None:
    if lockout != draft.state.lockout:
        draft.state = replace(draft.state, lockout=lockout)
        draft.record(LockoutSaved(lockout))


def _show(draft: Draft, check: CodeCheck, verdict: Verdict | None, sale: SaleNumber | None) -> None:
    result = None if verdict is None else CheckResult(verdict, check.amount, check.code, sale)
    navigation = draft.state.navigation
    draft.navigate(replace(navigation, check=replace(check, result=result)))
