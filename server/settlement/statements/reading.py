"""A close's statements from the books: one shop after the other, in flat memory.

Which transactions they list comes from the ledger's own ranges of the close; what these are comes
from the payments. Sums are the close's. ``Statement`` holds the three against each other.
"""

import itertools
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, PaymentId, Yen
from server.clock import tokyo_day
from server.db import DatabaseKind
from server.directory import (
    Keyring,
    Merchant,
    Service,
    ServiceId,
    Shop,
    ShopId,
    merchants,
    services,
    shops,
)
from server.ledger import AccountId, AccountKind, CustomerEntry, Unit, customer_entries
from server.payments import ByKind, CancelOnPaper, PaperReader, Payment, PaymentLeg
from server.settlement.closes import Close, ShopSum, close_numbered, lane_ranges, shop_sums
from server.settlement.statements.ports import PaidOut, PaidOutReader
from server.settlement.statements.refusals import StatementCode, statement_refusal
from server.settlement.statements.types import (
    Issuer,
    OtherLeg,
    Payout,
    Statement,
    Sums,
    TakenBack,
    TakenBackAt,
    Use,
)

_AT_ONCE: Final = 500
_WHERE: Final = {
    ByKind.TERMINAL: TakenBackAt.TERMINAL,
    ByKind.SHOP: TakenBackAt.SHOP,
    ByKind.OPERATOR: TakenBackAt.OPERATOR,
}


@dataclass(frozen=True, slots=True)
class _Of:
    """One shop of the close."""

    shop: Shop
    merchant: Merchant
    sums: Sums
    account: AccountId | None
    """None: nothing was used there."""
    paid: PaidOut


class StatementReader:
    """Reads on the caller's connection."""

    def __init__(
        self, kind: DatabaseKind, keyring: Keyring, paid_out: PaidOutReader, issuer: Issuer
    ) -> None:
        self._paper = PaperReader(kind, keyring)
        self._paid_out = paid_out
        self._issuer = issuer

    def shops_of(
        self, connection: Connection, service: ServiceId, number: int
    ) -> tuple[ShopId, ...]:
        """Who gets a statement of that close: shops with a use, a cancel, or money that moves."""
        close = self._close(connection, service, number)
        return tuple(one.shop.shop_id for one in self._all(connection, close, None))

    def statements(
        self,
        connection: Connection,
        service: ServiceId,
        number: int,
        wanted: Collection[ShopId] | None = None,
    ) -> Iterator[Statement]:
        """In the order of the ledger's accounts; shops without a transaction come last.

        ``wanted``: these shops, each gets one even when nothing was used; None: all that
        ``shops_of`` names. Raises Refusal CLOSE_UNKNOWN, SHOP_UNKNOWN, NO_PAYOUT, DIFFERS.
        """
        close = self._close(connection, service, number)
        kinds = {each.service_id: each for each in services(connection)}
        found = self._all(connection, close, wanted)
        by_account = {one.account: one for one in found if one.account is not None}
        entries = customer_entries(
            connection,
            AccountKind.SHOP,
            Unit(service),
            lane_ranges(connection, close.close_id),
            None if wanted is None else by_account.keys(),
        )
        told: set[AccountId] = set()
        for account, of_account in itertools.groupby(entries, key=lambda entry: entry.account):
            one = by_account.get(account)
            if one is None:  # its sums are missing: never print the others as if all were well
                raise statement_refusal(
                    StatementCode.DIFFERS,
                    shop=f"account {account}",
                    what="締めの店舗",
                    found="0",
                    wanted="1",
                )
            told.add(account)
            lines = self._lines(connection, service, of_account)
            yield self._statement(close, kinds[service], one, *lines)
        for one in found:
            if one.account not in told:
                yield self._statement(close, kinds[service], one, (), ())

    def lines_of(
        self, connection: Connection, close: Close, shop: ShopId
    ) -> tuple[tuple[Use, ...], tuple[TakenBack, ...]]:
        """The transactions of one shop as they stand in the books, held against nothing.

        Raises Refusal DIFFERS where an entry of the ledger has no payment.
        """
        accounts = {
            one.account for one in shop_sums(connection, close.close_id) if one.shop_id == shop
        }
        entries = customer_entries(
            connection,
            AccountKind.SHOP,
            Unit(close.service_id),
            lane_ranges(connection, close.close_id),
            accounts,
        )
        return self._lines(connection, close.service_id, entries)

    def _close(self, connection: Connection, service: ServiceId, number: int) -> Close:
        close = close_numbered(connection, service, number)
        if close is None:
            raise statement_refusal(
                StatementCode.CLOSE_UNKNOWN, field="close", service=service, close=number
            )
        return close

    def _all(
        self, connection: Connection, close: Close, wanted: Collection[ShopId] | None
    ) -> list[_Of]:
        paid = self._paid_out(connection, close, wanted)
        if paid is None:
            raise statement_refusal(
                StatementCode.NOT_PAID_OUT, service=close.service_id, close=close.number
            )
        known = {shop.shop_id: shop for shop in shops(connection)}
        for shop_id in wanted or ():
            if shop_id not in known:
                raise statement_refusal(StatementCode.SHOP_UNKNOWN, field="shop", shop=shop_id)
        sums = {one.shop_id: one for one in shop_sums(connection, close.close_id)}
        names = {merchant.merchant_id: merchant for merchant in merchants(connection)}
        asked = sorted({*sums, *paid} if wanted is None else set(wanted))
        payer = next((one.payer for one in paid.values()), "")
        nothing = PaidOut(Payout(), close.pay_day, payer)
        return [
            _Of(
                known[shop_id],
                names[known[shop_id].merchant_id],
                _sums(sums.get(shop_id)),
                sums[shop_id].account if shop_id in sums else None,
                paid.get(shop_id, nothing),
            )
            for shop_id in asked
        ]

    def _lines(
        self, connection: Connection, service: ServiceId, entries: Iterable[CustomerEntry]
    ) -> tuple[tuple[Use, ...], tuple[TakenBack, ...]]:
        uses: dict[PaymentId, Use] = {}
        cancels: list[CancelOnPaper] = []
        rows = iter(entries)
        while chunk := list(itertools.islice(rows, _AT_ONCE)):
            paid = [PaymentId(entry.entry_id) for entry in chunk if entry.paid]
            found = self._paper.payments(connection, paid)
            _all_there(paid, found, "利用の記録")
            uses |= {payment_id: _use(found[payment_id], service) for payment_id in paid}
            returned = [entry.entry_id for entry in chunk if entry.returned]
            slips = self._paper.cancels(connection, returned)
            _all_there(returned, slips, "利用キャンセルの記録")
            cancels += [slips[cancel_id] for cancel_id in returned]
        _all_there([one.payment_id for one in cancels], uses, "取り消された利用")
        back = [_taken_back(uses.pop(one.payment_id), one, service) for one in cancels]
        return tuple(uses.values()), tuple(sorted(back, key=lambda one: one.use.at))

    def _statement(
        self,
        close: Close,
        service: Service,
        one: _Of,
        uses: Sequence[Use],
        taken_back: Sequence[TakenBack],
    ) -> Statement:
        return Statement(
            issuer=self._issuer,
            merchant_name=one.merchant.name_ja,
            shop_id=one.shop.shop_id,
            shop_name=one.shop.name_ja,
            service_id=service.service_id,
            service_name=service.name_ja,
            kind=service.kind,
            close_number=close.number,
            first_day=close.first_day,
            last_day=close.last_day,
            closes_at=close.boundary,
            pay_day=one.paid.pay_day,
            payer=one.paid.payer,
            sums=one.sums,
            payout=one.paid.payout,
            uses=tuple(uses),
            taken_back=tuple(taken_back),
        )


def _all_there(wanted: Sequence[str], found: Container[str], what: str) -> None:
    """The ledger's entries have their rows, and a cancel's payment stands in the same close."""
    for one in wanted:
        if one not in found:
            raise statement_refusal(
                StatementCode.DIFFERS, shop="-", what=f"{what} {one}", found="0", wanted="1"
            )


def _sums(found: ShopSum | None) -> Sums:
    if found is None:
        return Sums(Yen(0), 0, Yen(0), 0)
    return Sums(found.used, found.used_count, found.cancelled, found.cancelled_count)


def _use(payment: Payment, service: ServiceId) -> Use:
    (mine,) = (leg for leg in payment.legs if leg.service_id == service)
    return Use(
        mine.transaction_id,
        payment.payment_id,
        payment.paid_at,
        payment.terminal_id,
        payment.terminal_name_ja,
        payment.confirmation_code,
        mine.amount,
        tuple(_other(leg) for leg in payment.legs if leg.service_id != service),
    )


def _other(leg: PaymentLeg) -> OtherLeg:
    return OtherLeg(
        leg.service_id,
        leg.name_ja,
        leg.kind,
        leg.amount,
        tokyo_day(Micros(leg.closes_at - 1)),
        leg.pay_day,
    )


def _taken_back(use: Use, cancel: CancelOnPaper, service: ServiceId) -> TakenBack:
    (slip,) = (slip for slip in cancel.slips if slip.service_id == service)
    return TakenBack(
        use, slip.transaction_id, cancel.cancelled_at, _WHERE[cancel.by_kind], slip.amount
    )
