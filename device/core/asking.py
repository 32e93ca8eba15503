"""Asking the ledger about sales in doubt: bounded retries in front, a slow round behind.

In front: at once, then after 1, 2, 4, 8, 16, 32 s, for 60 s in all; then the sale goes to the
list. Behind the QR: each 60 s while there is a link, at most 4 questions under way.
"""

from dataclasses import replace

from device.core import limits
from device.core.draft import Draft
from device.core.effects import AskResolve, ResolveMode
from device.core.japan_time import MonoMs
from device.core.sale_data import Asking, Sale, SalePhase
from device.core.service import is_live

_BY_CODE = frozenset({SalePhase.ACCEPTED, SalePhase.DISPUTED})


def begin_asking(draft: Draft, sale: Sale) -> None:
    """The first question is due now."""
    mono = draft.now.mono
    asking = Asking(attempt=0, since=mono, next_at=mono, give_up_at=mono)
    draft.put_sale(replace(sale, asking=asking))


def ask_again_later(draft: Draft, sale: Sale) -> None:
    """A question went unanswered, or the ledger holds neither row: when to ask again."""
    if sale.asking is None:
        return
    in_front = draft.state.current == sale.number
    step_ms = limits.RESOLVE_FIRST_DELAY_MS << min(max(sale.asking.attempt - 1, 0), 10)
    if in_front:
        delay = min(step_ms, limits.RESOLVE_MAX_DELAY_MS)
    elif sale.phase is SalePhase.RESOLVING:
        delay = min(step_ms, limits.BACKGROUND_MS)
    else:
        delay = limits.BACKGROUND_MS
    next_at = MonoMs(draft.now.mono + delay)
    draft.put_sale(replace(sale, asking=replace(sale.asking, next_at=next_at)))


def ask_all_now(draft: Draft) -> None:
    """The link came back: nobody waits for a delay that was counted without it."""
    mono = draft.now.mono
    for sale in draft.state.sales:
        if sale.asking is not None and sale.asking.next_at is not None:
            draft.put_sale(replace(sale, asking=replace(sale.asking, next_at=mono)))


def questions_due(draft: Draft) -> None:
    """Send the questions that are due: the one in front always, those behind with a link."""
    mono = draft.now.mono
    under_way = sum(
        1
        for sale in draft.state.sales
        if sale.asking is not None
        and sale.asking.next_at is None
        and sale.number != draft.state.current
    )
    for sale in draft.state.sales:
        asking = sale.asking
        if asking is None or asking.next_at is None or mono < asking.next_at:
            continue
        if sale.number != draft.state.current:
            if not is_live(draft.state) or under_way >= limits.BACKGROUND_AT_ONCE:
                continue
            under_way += 1
        _send(draft, sale, asking)


def _send(draft: Draft, sale: Sale, asking: Asking) -> None:
    attempt = asking.attempt + 1
    give_up_at = MonoMs(draft.now.mono + limits.RESOLVE_LOST_MS)
    asked = replace(asking, attempt=attempt, next_at=None, give_up_at=give_up_at)
    draft.put_sale(replace(sale, asking=asked))
    # a sale whose code was genuine is paid: the device must never write void for it
    mode = ResolveMode.ASK if sale.phase in _BY_CODE else ResolveMode.VOID
    draft.ask(AskResolve(sale.number, mode, attempt, limits.RESOLVE_DEADLINE_MS))


def lost_questions(draft: Draft) -> tuple[Sale, ...]:
    """Sales whose question got no answer at all, not even a failure."""
    mono = draft.now.mono
    return tuple(
        sale
        for sale in draft.state.sales
        if sale.asking is not None
        and sale.asking.next_at is None
        and mono >= sale.asking.give_up_at
    )
