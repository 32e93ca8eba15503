"""Who is paid where, on what terms, and what shops are owed besides their sales."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from server.directory import (
    MerchantId,
    ServiceId,
    ShopId,
    merchant_by_id,
    shop_accounts,
    shop_by_id,
)
from server.oversight import Act, record_act
from server.settlement.bankfile import Account, Payer, UnknownBanks
from server.settlement.payouts import bank_details, corrections, settings
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.acting import ActingDesk, Detail, check_key, check_service
from server.settlement.payouts.entries import book
from server.settlement.payouts.types import (
    BankRequest,
    Correction,
    Payee,
    PayeeKind,
    PayoutSettings,
)

_MOST_FEE: Final = 100_000
_MOST_MINIMUM: Final = 1_000_000


class PayeeDesk(ActingDesk):
    """Settings of services, bank details, corrections: each decided by two people but the first."""

    def terms(self, service: ServiceId) -> tuple[PayoutSettings | None, tuple[MerchantId, ...]]:
        """The service's settings (None before they are set) and the merchants that get one
        transfer for all their shops, whatever the service. Raises Refusal SERVICE_UNKNOWN.
        """

        def work(
            connection: Connection,
        ) -> tuple[PayoutSettings | None, tuple[MerchantId, ...]]:
            check_service(connection, service)
            merchants = settings.one_transfer_merchants(connection)
            return settings.settings_of(connection, service), tuple(sorted(merchants))

        return self._database.read_now(work)

    def change_settings(self, wanted: PayoutSettings, *, by: str, why: str) -> PayoutSettings:
        """From the next draft on. Setting the same again changes nothing.

        Raises Refusal SERVICE_UNKNOWN, MINIMUM, FEE, WHY_MISSING; of the bank file PAYER_CODE,
        BANK_UNKNOWN, BRANCH_UNKNOWN.
        """
        Payer(wanted.payer_code, "ｱ", wanted.account)
        UnknownBanks(self._banks, allowed=wanted.test_banks).branch(wanted.account)
        if not 1 <= wanted.minimum <= _MOST_MINIMUM:
            raise refuse.minimum_wrong(_MOST_MINIMUM)
        if not 0 <= wanted.fee <= _MOST_FEE:
            raise refuse.fee_wrong(_MOST_FEE)

        def work(connection: Connection) -> PayoutSettings:
            check_service(connection, wanted.service_id)
            now = self._clock(connection)
            known = settings.settings_of(connection, wanted.service_id)
            version = known.version if known else 0
            if known is None or replace(known, version=0) != replace(wanted, version=0):
                version = settings.add_settings(connection, wanted, by, now)
                record_act(
                    connection,
                    Act(
                        by,
                        "payout.settings",
                        wanted.service_id,
                        why,
                        now,
                        {"version": version, "minimum": wanted.minimum, "fee": wanted.fee},
                    ),
                )
            kept = settings.settings_of(connection, wanted.service_id, version)
            assert kept is not None
            return kept

        return self._act(why, work)

    def set_one_transfer(self, merchant: MerchantId, wanted: bool, *, by: str, why: str) -> None:
        """Whether a merchant gets one transfer for all its shops, from the next draft on.

        It then needs bank details of its own. Raises Refusal MERCHANT_UNKNOWN, WHY_MISSING.
        """

        def work(connection: Connection) -> None:
            if merchant_by_id(connection, merchant) is None:
                raise refuse.merchant_unknown(merchant)
            now = self._clock(connection)
            if settings.set_one_transfer(connection, merchant, wanted, by, now):
                detail: Detail = {"one_transfer": int(wanted)}
                record_act(connection, Act(by, "payout.one-transfer", merchant, why, now, detail))

        self._act(why, work)

    def ask_for_bank_details(
        self,
        key: str,
        payee: Payee,
        account: Account,
        recipient: str,
        *,
        test_banks: bool = False,
        by: str,
        why: str,
    ) -> BankRequest:
        """A change that somebody else has to approve. ``test_banks``: also at an unknown bank.

        Raises Refusal KEY, KEY_REUSED, WAITING, SHOP_UNKNOWN, MERCHANT_UNKNOWN, WHY_MISSING; of
        the bank file BANK_UNKNOWN, BRANCH_UNKNOWN, NAME_*.
        """
        check_key(key)
        UnknownBanks(self._banks, allowed=test_banks).branch(account)

        def work(connection: Connection) -> BankRequest:
            _known_payee(connection, payee)
            now = self._clock(connection)
            request, new = bank_details.ask_for(connection, key, payee, account, recipient, by, now)
            if new:
                detail: Detail = {"payee": payee.payee_id, "version": request.version}
                act = Act(by, "bank-details.ask", request.request_id, why, now, detail)
                record_act(connection, act)
            return request

        return self._act(why, work)

    def decide_bank_details(
        self, request_id: str, approve: bool, *, by: str, why: str
    ) -> BankRequest:
        """The second person's answer. Approved, the details are used from the next draft on, and
        never in a bulk that is drafted already.

        Raises Refusal REQUEST_UNKNOWN, SAME_PERSON, DECIDED, WHY_MISSING.
        """

        def work(connection: Connection) -> BankRequest:
            now = self._clock(connection)
            request, new = bank_details.decide(connection, request_id, approve, by, now)
            if new:
                what = "bank-details.approve" if approve else "bank-details.refuse"
                detail: Detail = {"payee": request.payee.payee_id}
                record_act(connection, Act(by, what, request_id, why, now, detail))
            return request

        return self._act(why, work)

    def propose_correction(
        self, key: str, service: ServiceId, shop: ShopId, amount: int, *, by: str, why: str
    ) -> Correction:
        """調整: ``amount`` more for the shop, or less where negative; books nothing yet.

        Raises Refusal KEY, KEY_REUSED, CORRECTION_AMOUNT, SHOP_UNKNOWN, SHOP_NOT_HERE, WHY_MISSING.
        """
        check_key(key)
        if not 0 < abs(amount) <= corrections.MOST:
            raise refuse.correction_amount(corrections.MOST)

        def work(connection: Connection) -> Correction:
            check_service(connection, service)
            if shop_by_id(connection, shop) is None:
                raise refuse.shop_unknown(shop)
            account = shop_accounts(connection, service).get(shop)
            if account is None:
                raise refuse.shop_not_here(shop, service)
            now = self._clock(connection)
            correction, new = corrections.propose(
                connection, key, service, shop, account, amount, why, by, now
            )
            if new:
                detail: Detail = {"shop": shop, "service": service, "amount": amount}
                act = Act(by, "correction.propose", correction.correction_id, why, now, detail)
                record_act(connection, act)
            return correction

        return self._act(why, work)

    def decide_correction(
        self, correction_id: str, approve: bool, *, by: str, why: str
    ) -> Correction:
        """Approved it is booked at once, and part of the shop's next payout.

        Raises Refusal CORRECTION_UNKNOWN, SAME_PERSON, DECIDED, WHY_MISSING.
        """

        def work(connection: Connection) -> Correction:
            now = self._clock(connection)
            correction, entry = corrections.decide(connection, correction_id, approve, by, now)
            if entry is not None or (not approve and correction.decided_at == now):
                what = "correction.approve" if approve else "correction.refuse"
                detail: Detail = {"shop": correction.shop_id, "amount": correction.amount}
                record_act(connection, Act(by, what, correction_id, why, now, detail))
            if entry is not None:
                book(connection, [entry], self._clock, self._checkpoint)
            return correction

        return self._act(why, work)


def _known_payee(connection: Connection, payee: Payee) -> None:
    if payee.kind is PayeeKind.SHOP:
        if shop_by_id(connection, ShopId(payee.payee_id)) is None:
            raise refuse.shop_unknown(payee.payee_id)
    elif merchant_by_id(connection, MerchantId(payee.payee_id)) is None:
        raise refuse.merchant_unknown(payee.payee_id)
