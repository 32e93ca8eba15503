"""The sale in front and the ones behind it: opening, rotating, claims, endings.

The table of one sale is ``sale_machine``; here stands which sale is in front and what its QR is.
"""

from dataclasses import replace

from device.core import limits
from device.core.asking import begin_asking
from device.core.draft import Draft
from device.core.effects import Sound
from device.core.events import ClaimChanged, ClaimState
from device.core.japan_time import MonoMs, unix_seconds
from device.core.page_data import CodeCheck, Page
from device.core.sale_data import (
    Attention,
    Doubt,
    Ending,
    EndingNote,
    Qr,
    Sale,
    SalePhase,
    Sequel,
)
from device.core.sale_machine import SaleInput, next_phase
from device.core.service import is_live, out_of_service
from protos.qr_token import Token, TokenKind, mint, next_sale_number, qr_url
from protos.units import SaleNumber, Yen

IN_DOUBT = frozenset({SalePhase.CANCELLING, SalePhase.RESOLVING, SalePhase.UNRESOLVED})
_BEHIND = frozenset(
    {SalePhase.LAPSED, SalePhase.UNRESOLVED, SalePhase.ACCEPTED, SalePhase.DISPUTED}
)


def step(draft: Draft, sale: Sale, sale_input: SaleInput) -> Sale | None:
    """Put a sale into its next phase; None where the input is ignored."""
    phase = next_phase(sale.phase, sale_input)
    if phase is None:
        return None
    changed = replace(sale, phase=phase)
    draft.put_sale(changed)
    return changed


def open_sale(draft: Draft, amount: Yen) -> None:
    """Take a new number, journal it, put it in front and mint its first token.

    ``amount`` 0: the customer enters it. The counter must be in service.
    """
    now = draft.now
    number = next_sale_number(draft.state.last_sale, unix_seconds(now.wall))
    sale = Sale(
        number=number,
        amount=amount,
        phase=SalePhase.SHOWING,
        opened_at=now.wall,
        minted_at=now.wall,
        deadline=MonoMs(now.mono + limits.FIXED_AMOUNT_MS) if amount else None,
    )
    draft.put_sale(sale)
    draft.state = replace(draft.state, current=number, last_sale=number)
    mint_token(draft, sale)


def mint_token(draft: Draft, sale: Sale) -> None:
    """A new token for the sale in front."""
    identity, configuration = draft.state.identity, draft.state.configuration
    assert identity is not None
    assert configuration is not None
    now = draft.now
    token = Token(
        TokenKind.DYNAMIC, identity.terminal, sale.number, unix_seconds(now.wall), sale.amount
    )
    text = qr_url(
        configuration.wallet_host, mint(token, identity.keys.qr), configuration.wallet_scheme
    )
    draft.put_sale(replace(sale, minted_at=now.wall))
    replace_at = MonoMs(now.mono + limits.QR_ROTATION_MS)
    draft.state = replace(draft.state, qr=Qr(sale.number, text, now.mono, replace_at))


def leave_front(draft: Draft) -> None:
    """Nothing is in front: the QR goes in the same frame."""
    draft.state = replace(draft.state, current=None, qr=None)


def front(draft: Draft) -> Sale | None:
    """The sale in front."""
    return draft.sale(draft.state.current)


def give_way(draft: Draft) -> None:
    """Another number takes the place of a shown one: void behind it, or lapsed without a link."""
    sale = front(draft)
    if sale is None or sale.phase is not SalePhase.SHOWING:
        return
    leave_front(draft)
    if is_live(draft.state):
        retired = step(draft, replace(sale, doubt=Doubt.CANCELLING), SaleInput.RETIRE)
        if retired is not None:
            begin_asking(draft, retired)
    else:
        step(draft, replace(sale, deadline=None), SaleInput.LAPSE)


def take_new_number(draft: Draft) -> None:
    """Without a live link: the shown number gives way to a new one with the same amount."""
    sale = front(draft)
    if sale is None or sale.phase is not SalePhase.SHOWING or is_live(draft.state):
        return
    give_way(draft)
    open_sale(draft, sale.amount)
    reopened = front(draft)
    if reopened is not None and sale.deadline is not None:
        draft.put_sale(replace(reopened, deadline=sale.deadline))


def to_doubt(draft: Draft, sale: Sale, sale_input: SaleInput, doubt: Doubt) -> None:
    """確認中 for the sale in front: QR away, ask the ledger."""
    changed = step(
        draft,
        replace(sale, doubt=doubt, attention=Attention.TOLD, deadline=None, claim_ends=None),
        sale_input,
    )
    if changed is None:
        return
    draft.state = replace(draft.state, qr=None)
    begin_asking(draft, changed)
    if changed.phase is SalePhase.RESOLVING:
        draft.sound(Sound.CHECKING)


def set_aside(draft: Draft, sale: Sale, sale_input: SaleInput) -> None:
    """The sale goes on behind the QR (後で, 60 s, a genuine code)."""
    changed = step(draft, replace(sale, attention=Attention.TOLD), sale_input)
    if changed is None:
        return
    if changed.asking is None:
        begin_asking(draft, changed)
    if draft.state.current == sale.number and changed.phase in _BEHIND:
        leave_front(draft)


def end_without_money(draft: Draft, sale: Sale) -> None:
    """The ledger holds a void row: staff are told if they had seen the sale in doubt."""
    was_front = draft.state.current == sale.number
    by_staff = sale.doubt is Doubt.CANCELLING
    ended = step(draft, sale, SaleInput.VOIDED_FOR_STAFF if by_staff else SaleInput.VOIDED)
    if ended is None:
        return
    if ended.phase is SalePhase.DISPUTED:
        draft.put_sale(replace(ended, asking=None))
        draft.alarm("CHOBA_COUNTER_CODE_DISPUTED", f"sale {sale.number} is void, its code genuine")
        return
    _leave_check_about(draft, sale.number)
    if was_front:
        leave_front(draft)
    if sale.attention is Attention.TOLD:
        ending = Ending.CANCELLED if by_staff else Ending.EXPIRED
        note = EndingNote(ending, MonoMs(draft.now.mono + limits.ENDING_MS))
        draft.state = replace(draft.state, ending=note)
    again = was_front and sale.sequel is Sequel.SAME_AMOUNT
    if again and out_of_service(draft.state) is None:
        open_sale(draft, sale.amount)


def _leave_check_about(draft: Draft, number: SaleNumber) -> None:
    navigation = draft.state.navigation
    if navigation.page is Page.CODE_CHECK and navigation.check.about == number:
        draft.navigate(replace(navigation, page=Page.COUNTER, trail=(), check=CodeCheck()))


def claim_changed(draft: Draft, event: ClaimChanged) -> None:
    """A phone took the sale in front, or let it go. An older revision is ignored."""
    sale = draft.sale(event.sale)
    if sale is None or event.revision <= sale.claim_revision:
        return
    seen = replace(sale, claim_revision=event.revision)
    if event.claim is ClaimState.CLAIMED:
        _claimed(draft, seen, event)
    else:
        _released(draft, seen)


def _claimed(draft: Draft, sale: Sale, event: ClaimChanged) -> None:
    now = draft.now
    left_ms = min(max((event.expires_at - now.wall) // 1_000, 0), limits.CLAIM_MAX_MS)
    taken = step(
        draft,
        replace(
            sale,
            claimed_amount=event.amount,
            claimed_at=sale.claimed_at if sale.phase is SalePhase.CLAIMED else now.mono,
            claim_ends=MonoMs(now.mono + left_ms + limits.CLAIM_GRACE_MS),
        ),
        SaleInput.CLAIM,
    )
    if taken is None:
        return
    if sale.phase is SalePhase.SHOWING:
        draft.sound(Sound.CLAIMED)
        draft.state = replace(draft.state, qr=None)
        navigation = draft.state.navigation
        if navigation.page is Page.AMOUNT:
            draft.navigate(replace(navigation, page=Page.COUNTER, trail=(), amount=Yen(0)))


def _released(draft: Draft, sale: Sale) -> None:
    before = sale.phase
    freed = step(
        draft,
        replace(sale, claimed_amount=Yen(0), claimed_at=None, claim_ends=None),
        SaleInput.RELEASE,
    )
    if freed is None or before is not SalePhase.CLAIMED:
        return
    if out_of_service(draft.state) is None:
        mint_token(draft, freed)


def keep_front(draft: Draft) -> None:
    """What is due for the sale in front: deadline, end of a claim, rotation, a first QR."""
    state, mono = draft.state, draft.now.mono
    if out_of_service(state) is not None:
        _close_counter(draft)
        return
    sale = front(draft)
    in_view = state.navigation.page is Page.COUNTER and state.announcing.on_stage is None
    if sale is None:
        if in_view:
            open_sale(draft, Yen(0))
        return
    if sale.phase is SalePhase.CLAIMED and sale.claim_ends is not None and mono >= sale.claim_ends:
        to_doubt(draft, sale, SaleInput.CLAIM_EXPIRED, Doubt.EXPIRED)
    elif sale.phase is SalePhase.SHOWING and in_view:
        _keep_showing(draft, sale)


def _keep_showing(draft: Draft, sale: Sale) -> None:
    state, mono = draft.state, draft.now.mono
    if sale.deadline is not None and mono >= sale.deadline:
        if is_live(state):
            to_doubt(draft, sale, SaleInput.DEADLINE, Doubt.EXPIRED)
        else:
            give_way(draft)
            open_sale(draft, Yen(0))
    elif state.qr is None:
        mint_token(draft, sale)
    elif mono >= state.qr.replace_at:
        if is_live(state):
            mint_token(draft, sale)
        else:
            take_new_number(draft)


def _close_counter(draft: Draft) -> None:
    """Out of service: a shown QR goes; a claimed or doubtful sale is seen through."""
    sale = front(draft)
    if sale is not None and sale.phase is SalePhase.SHOWING:
        leave_front(draft)
        step(draft, replace(sale, deadline=None), SaleInput.LAPSE)


def forget_lapsed(draft: Draft) -> None:
    """Lapsed numbers older than the check's window: no token of theirs can be accepted any more
    (2 minutes of freshness, 5 to the commit, 1 of drift); if one was paid, the pull brings it."""
    horizon = draft.now.wall - limits.CHECK_WINDOW_US
    lapsed = [sale for sale in draft.state.sales if sale.phase is SalePhase.LAPSED]
    for index, sale in enumerate(reversed(lapsed)):
        if sale.minted_at < horizon or index >= limits.CHECK_CANDIDATES:
            draft.forget_sale(sale.number)
