"""What a boot makes of the journal: every open sale is asked for, nothing is forgotten."""

from dataclasses import replace

from device.core.asking import begin_asking
from device.core.draft import Draft
from device.core.events import Booted
from device.core.sale_data import Attention, Doubt, Sale, SalePhase, Sequel
from device.core.sale_machine import SaleInput
from device.core.selling import step
from device.core.state import Clock
from protos.units import Micros

_WAS_IN_FRONT = frozenset({SalePhase.CLAIMED, SalePhase.CANCELLING, SalePhase.RESOLVING})
_TOKENS_UNKNOWN = SalePhase.SHOWING


def take_snapshot(draft: Draft, event: Booted) -> None:
    """The state as the journal has it."""
    snapshot, state = event.snapshot, draft.state
    plausible = state.now.clock is Clock.PLAUSIBLE
    draft.state = replace(
        state,
        booted=True,
        booted_at=state.now.wall if plausible else Micros(0),
        told_from=snapshot.began_at,
        identity=event.identity,
        configuration=snapshot.configuration,
        sales=snapshot.open_sales,
        last_sale=snapshot.last_sale,
        payments=snapshot.payments,
        received=snapshot.received,
        printing=replace(state.printing, jobs=snapshot.jobs, sheets=snapshot.sheets),
        lockout=snapshot.lockout,
        outbox=replace(state.outbox, pending=snapshot.outbox),
    )


def resume_sales(draft: Draft) -> None:
    """Every open sale is Resolving; the newest that staff had seen taken is in front again."""
    in_front = [sale for sale in draft.state.sales if _was_in_front(sale)]
    for sale in draft.state.sales:
        _resume(draft, sale)
    if in_front:
        draft.state = replace(draft.state, current=in_front[-1].number)


def _was_in_front(sale: Sale) -> bool:
    return sale.phase is SalePhase.CLAIMED or (
        sale.phase in _WAS_IN_FRONT and sale.attention is Attention.TOLD
    )


def _resume(draft: Draft, sale: Sale) -> None:
    told = Attention.TOLD if _was_in_front(sale) else sale.attention
    # its last token was minted before the crash, nobody knows when: it counts from now
    minted_at = draft.now.wall if sale.phase is _TOKENS_UNKNOWN else sale.minted_at
    resumed = step(
        draft,
        replace(
            sale,
            doubt=Doubt.RESTARTED,
            attention=told,
            sequel=Sequel.STANDBY,
            minted_at=max(minted_at, sale.minted_at),
        ),
        SaleInput.RESTART,
    )
    if resumed is not None and resumed.phase is not SalePhase.DISPUTED:
        begin_asking(draft, resumed)
