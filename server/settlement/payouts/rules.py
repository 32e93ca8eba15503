"""What is paid to whom in a bulk, and what may happen to it: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from protos.units import Yen
from server.directory import ShopId
from server.settlement.payouts.types import (
    BulkEvent,
    BulkState,
    FeeBearer,
    HoldCode,
    Item,
    ItemKind,
    Outcome,
    Payee,
    PayoutSettings,
    ShopShare,
)

NEXT: Final[Mapping[BulkState, frozenset[BulkEvent]]] = {
    BulkState.DRAFT: frozenset({BulkEvent.APPROVED, BulkEvent.DISCARDED}),
    BulkState.APPROVED: frozenset({BulkEvent.FILE_MADE, BulkEvent.DISCARDED}),
    BulkState.FILE_MADE: frozenset({BulkEvent.SENT, BulkEvent.DISCARDED}),
    BulkState.SENT: frozenset({BulkEvent.SETTLED, BulkEvent.RETURNED}),
    BulkState.SETTLED: frozenset({BulkEvent.RETURNED}),
    BulkState.PARTLY_RETURNED: frozenset({BulkEvent.RETURNED}),
    BulkState.DISCARDED: frozenset(),
}
"""Once sent, a bulk is never discarded: its money has left."""

NOT_THE_SAME: Final = {
    BulkEvent.APPROVED: (BulkEvent.DRAFTED,),
    BulkEvent.DISCARDED: (BulkEvent.FILE_MADE,),
}
"""Who did the one may not do the other. A file that was made may be in the bank's hands already:
two people have to say that it is not."""

SENT_STATES: Final = frozenset({BulkState.SENT, BulkState.SETTLED, BulkState.PARTLY_RETURNED})
UNSENT_STATES: Final = frozenset({BulkState.DRAFT, BulkState.APPROVED, BulkState.FILE_MADE})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a payee can be paid now. ``hold``: why it can't."""

    details_id: str
    hold: HoldCode | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A payee's payout, before it has an id."""

    payee: Payee
    outcome: Outcome
    hold: HoldCode | None
    details_id: str
    fee: Yen
    operator_fee: Yen
    amount: Yen
    shares: tuple[ShopShare, ...]
    items: tuple[Item, ...]

    @property
    def gross(self) -> int:
        return sum(share.gross for share in self.shares)

    @property
    def carried(self) -> int:
        return sum(share.carried_out for share in self.shares)


def plan(
    items: Iterable[Item],
    payee_of: Mapping[ShopId, Payee],
    standing: Mapping[Payee, Standing],
    settings: PayoutSettings,
) -> tuple[Planned, ...]:
    """Every payee with something open: transfers first, then by payee. Nobody is left out.

    A payee whose shops owe more than they are owed gets nothing and all of it is carried over.
    """
    grouped: dict[Payee, list[Item]] = {}
    for item in items:
        grouped.setdefault(payee_of[item.shop_id], []).append(item)
    planned = [_one(payee, grouped[payee], standing[payee], settings) for payee in sorted(grouped)]
    return tuple(sorted(planned, key=lambda one: one.outcome is not Outcome.TRANSFER))


def _one(
    payee: Payee, items: Sequence[Item], standing: Standing, settings: PayoutSettings
) -> Planned:
    gross = sum(item.amount for item in items)
    fee = settings.fee if settings.fee_bearer is FeeBearer.SHOP else 0
    outcome = _outcome(gross, fee, standing, settings)
    pays = outcome is Outcome.TRANSFER
    return Planned(
        payee,
        outcome,
        standing.hold if outcome is Outcome.HELD else None,
        standing.details_id if pays else "",
        Yen(fee if pays else 0),
        Yen(settings.fee - fee if pays else 0),
        Yen(gross - fee if pays else 0),
        _shares(items, fee if pays else 0, outcome),
        tuple(sorted(items, key=lambda item: (item.kind, item.source_id, item.shop_id))),
    )


def _outcome(gross: int, fee: int, standing: Standing, settings: PayoutSettings) -> Outcome:
    if gross == 0:
        return Outcome.NOTHING
    if gross < 0:
        return Outcome.NEGATIVE
    if gross - fee < max(1, settings.minimum):
        return Outcome.MINIMUM
    return Outcome.TRANSFER if standing.hold is None else Outcome.HELD


def _shares(items: Sequence[Item], fee: int, outcome: Outcome) -> tuple[ShopShare, ...]:
    """Each shop's part. The fee is kept from the shop with the most, then from the next.

    NOTHING of a merchant moves what one shop owes to what another is owed: they cancel out, and
    both are even.
    """
    by_shop: dict[ShopId, list[Item]] = {}
    for item in items:
        by_shop.setdefault(item.shop_id, []).append(item)
    sums = {shop: sum(item.amount for item in own) for shop, own in by_shop.items()}
    fees = dict.fromkeys(sums, 0)
    left = fee
    for shop in sorted(sums, key=lambda shop: (-sums[shop], shop)):
        fees[shop] = max(0, min(left, sums[shop]))
        left -= fees[shop]
    moves = outcome in (Outcome.TRANSFER, Outcome.NOTHING)
    return tuple(
        ShopShare(
            shop,
            by_shop[shop][0].account,
            closes=_sum(by_shop[shop], ItemKind.CLOSE),
            corrections=_sum(by_shop[shop], ItemKind.CORRECTION),
            carried_in=_sum(by_shop[shop], ItemKind.CARRIED),
            returned=_sum(by_shop[shop], ItemKind.RETURNED),
            fee=fees[shop],
            amount=sums[shop] - fees[shop] if moves else 0,
            carried_out=0 if moves else sums[shop],
        )
        for shop in sorted(sums)
    )


def _sum(items: Sequence[Item], kind: ItemKind) -> int:
    return sum(item.amount for item in items if item.kind is kind)
