"""What became of the money: payouts, as statements and the reconciliation of deposits ask for it.

The rooms of documents know payouts by their own ports only; here the two meet.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from protos.units import Yen
from server.clock import tokyo_day
from server.directory import ShopId, shops
from server.settlement.bankfile import BankDirectory, ZenginBanks
from server.settlement.closes import Close, all_closes
from server.settlement.deposits import CloseInTransfer, Transfer
from server.settlement.payouts import (
    BankDetails,
    BulkState,
    ClosePayout,
    Item,
    ItemKind,
    Outcome,
    closes_in,
    details_by_request,
    find_correction,
    items_of,
    payouts_of_close,
    payouts_to_shop,
    shops_beside,
)
from server.settlement.statements import Correction, PaidOut, Payout, SharedTransfer

_NOT_DECIDED: Final = frozenset({BulkState.DRAFT})
_SENT: Final = frozenset({BulkState.SENT, BulkState.SETTLED, BulkState.PARTLY_RETURNED})
_ACCOUNT_TYPES: Final = {"1": "普通", "2": "当座", "4": "貯蓄", "9": "その他"}
_SHOWN_DIGITS: Final = 3


class PaidOutBooks:
    """``PaidOutReader`` and ``TransfersOf`` over the payouts' own books."""

    def __init__(self, banks: BankDirectory | None = None) -> None:
        self._banks = banks or ZenginBanks()

    def paid_out(
        self, connection: Connection, close: Close, wanted: Collection[ShopId] | None
    ) -> dict[ShopId, PaidOut] | None:
        """Of a close whose bulk somebody has approved; None before: a draft may still change.

        Shops without a sum in this close whose money moves in the same bulk come with the last
        close of it, so that every transfer stands on a statement.
        """
        found = payouts_of_close(connection, close.close_id)
        decided = {s: one for s, one in found.items() if one.bulk.state not in _NOT_DECIDED}
        if not decided:
            return None
        bulks = {one.bulk.bulk_id: one.bulk for one in decided.values()}
        numbers = {one.close_id: one.number for one in all_closes(connection)}
        for bulk in bulks.values():
            if close.number == max(numbers[each] for each in closes_in(connection, bulk)):
                decided = {**shops_beside(connection, bulk), **decided}
        if wanted is not None:
            decided = {s: one for s, one in decided.items() if s in wanted}
        return self._told(connection, close, decided)

    def transfers(self, connection: Connection, shop: ShopId) -> Sequence[Transfer]:
        """What was sent to this shop or to its merchant, oldest first."""
        closes = {str(one.close_id): one for one in all_closes(connection)}
        return [
            _transfer(one, items_of(connection, [one.payout.payout_id]), closes)
            for one in payouts_to_shop(connection, shop)
            if one.payout.outcome is Outcome.TRANSFER and one.bulk.state in _SENT
        ]

    def _told(
        self, connection: Connection, close: Close, found: dict[ShopId, ClosePayout]
    ) -> dict[ShopId, PaidOut]:
        names = {shop.shop_id: shop.name_ja for shop in shops(connection)}
        ids = {one.payout.details_id for one in found.values() if one.payout.details_id}
        details = details_by_request(connection, ids)
        return {
            shop: PaidOut(
                Payout(
                    other_closes=one.share.closes - _of_this_close(one.items, close),
                    carried_in=one.share.carried_in,
                    returned=one.share.returned,
                    corrections=_corrections(connection, one.items),
                    fee=Yen(one.share.fee),
                    transferred=one.share.amount,
                    carried_out=one.share.carried_out,
                    account=self._account(details.get(one.payout.details_id)),
                    shared=_shared(one, names),
                ),
                one.bulk.pay_day,
                one.bulk.payer_name,
            )
            for shop, one in found.items()
        }

    def _account(self, details: BankDetails | None) -> str:
        """As its owner may read it: 「みほん銀行 本店 普通 ****002 カ)マチノミセ」."""
        if details is None:
            return ""
        account = details.account
        place = self._banks.branch(account.bank_code, account.branch_code)
        where = (
            f"{account.bank_code} {account.branch_code}"
            if place is None
            else f"{place.bank_ja} {place.branch_ja}"
        )
        kind = _ACCOUNT_TYPES[account.account_type]
        return f"{where} {kind} ****{account.number[-_SHOWN_DIGITS:]} {details.recipient}"


def _of_this_close(items: Sequence[Item], close: Close) -> int:
    return sum(
        item.amount
        for item in items
        if item.kind is ItemKind.CLOSE and item.source_id == close.close_id
    )


def _corrections(connection: Connection, items: Sequence[Item]) -> tuple[Correction, ...]:
    found = (
        find_correction(connection, item.source_id)
        for item in items
        if item.kind is ItemKind.CORRECTION
    )
    return tuple(Correction(one.amount, one.why, tokyo_day(one.decided_at)) for one in found)


def _shared(one: ClosePayout, names: dict[ShopId, str]) -> tuple[SharedTransfer, ...]:
    """Empty where the transfer is the shop's alone."""
    shares = one.payout.shares
    if len(shares) == 1:
        return ()
    return tuple(SharedTransfer(names.get(s.shop_id, s.shop_id), s.amount) for s in shares)


def _transfer(
    one: ClosePayout, items: Mapping[str, tuple[Item, ...]], closes: Mapping[str, Close]
) -> Transfer:
    payout = one.payout
    all_items = items[payout.payout_id]
    sums = [item for item in all_items if item.kind is ItemKind.CLOSE]
    other = sum(item.amount for item in all_items if item.kind is not ItemKind.CLOSE)
    return Transfer(
        payout.payout_id,
        one.bulk.service_id,
        one.bulk.pay_day,
        one.bulk.payer_name,
        payout.amount,
        tuple(
            CloseInTransfer(
                closes[item.source_id].service_id,
                closes[item.source_id].number,
                item.amount,
                item.shop_id,
            )
            for item in sums
        ),
        other - sum(share.carried_out for share in payout.shares),
        payout.fee,
        bool(payout.returned_by),
    )
