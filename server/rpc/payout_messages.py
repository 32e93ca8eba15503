"""Payouts as messages, and messages as what the payouts' desks take."""

from collections.abc import Sequence
from typing import Final

from protos.choba.v1 import operator_payouts_pb2 as pb
from protos.units import Yen
from server.directory import MerchantId, ServiceId, ShopId
from server.rpc.errors import invalid_field, plain_text
from server.settlement.bankfile import Account
from server.settlement.payouts import (
    STATE_AFTER,
    BankRequest,
    Bulk,
    BulkState,
    Correction,
    FeeBearer,
    Outcome,
    Payee,
    PayeeKind,
    Payout,
    PayoutSettings,
    Planned,
    RequestState,
    ShopShare,
)

_REQUEST_STATES: Final = {
    RequestState.WAITING: pb.REQUEST_STATE_WAITING,
    RequestState.APPROVED: pb.REQUEST_STATE_APPROVED,
    RequestState.REFUSED: pb.REQUEST_STATE_REFUSED,
}
_BULK_STATES: Final = {
    BulkState.DRAFT: pb.PAYOUT_BULK_STATE_DRAFT,
    BulkState.APPROVED: pb.PAYOUT_BULK_STATE_APPROVED,
    BulkState.DISCARDED: pb.PAYOUT_BULK_STATE_DISCARDED,
    BulkState.FILE_MADE: pb.PAYOUT_BULK_STATE_FILE_MADE,
    BulkState.SENT: pb.PAYOUT_BULK_STATE_SENT,
    BulkState.SETTLED: pb.PAYOUT_BULK_STATE_SETTLED,
    BulkState.PARTLY_RETURNED: pb.PAYOUT_BULK_STATE_PARTLY_RETURNED,
}
_OUTCOMES: Final = {
    Outcome.TRANSFER: pb.PAYOUT_OUTCOME_TRANSFER,
    Outcome.NEGATIVE: pb.PAYOUT_OUTCOME_NEGATIVE,
    Outcome.MINIMUM: pb.PAYOUT_OUTCOME_MINIMUM,
    Outcome.HELD: pb.PAYOUT_OUTCOME_HELD,
    Outcome.NOTHING: pb.PAYOUT_OUTCOME_NOTHING,
}
_BEARERS: Final = {
    pb.FEE_BEARER_SHOP: FeeBearer.SHOP,
    pb.FEE_BEARER_OPERATOR: FeeBearer.OPERATOR,
}
_BEARERS_BACK: Final = {bearer: told for told, bearer in _BEARERS.items()}


def settings_asked(asked: pb.PayoutSettings) -> PayoutSettings:
    """Raises CallError, Refusal (of the account)."""
    bearer = _BEARERS.get(asked.fee_bearer)
    if bearer is None:
        raise invalid_field("settings.fee_bearer", "say SHOP or OPERATOR")
    return PayoutSettings(
        ServiceId(plain_text("settings.service_id", asked.service_id, 1, 64)),
        asked.payer_code,
        account_asked(asked.account),
        Yen(asked.minimum_yen),
        Yen(asked.fee_yen),
        bearer,
        asked.test_banks,
    )


def settings_told(one: PayoutSettings) -> pb.PayoutSettings:
    return pb.PayoutSettings(
        service_id=one.service_id,
        payer_code=one.payer_code,
        account=account_told(one.account),
        minimum_yen=one.minimum,
        fee_yen=one.fee,
        fee_bearer=_BEARERS_BACK[one.fee_bearer],
        test_banks=one.test_banks,
        version=one.version,
    )


def account_asked(asked: pb.BankAccount) -> Account:
    """Raises Refusal for what can be no account."""
    return Account(asked.bank_code, asked.branch_code, asked.account_type, asked.account_number)


def account_told(account: Account) -> pb.BankAccount:
    return pb.BankAccount(
        bank_code=account.bank_code,
        branch_code=account.branch_code,
        account_type=account.account_type,
        account_number=account.account_number,
    )


def payee_asked(asked: pb.Payee) -> Payee:
    """Raises CallError unless exactly one is named."""
    if bool(asked.shop_id) == bool(asked.merchant_id):
        raise invalid_field("payee", "name a shop_id or a merchant_id, one of the two")
    if asked.shop_id:
        return Payee.shop(ShopId(plain_text("payee.shop_id", asked.shop_id, 1, 64)))
    return Payee.merchant(MerchantId(plain_text("payee.merchant_id", asked.merchant_id, 1, 64)))


def payee_told(payee: Payee) -> pb.Payee:
    if payee.kind is PayeeKind.SHOP:
        return pb.Payee(shop_id=payee.payee_id)
    return pb.Payee(merchant_id=payee.payee_id)


def request_told(one: BankRequest) -> pb.BankDetailsRequest:
    return pb.BankDetailsRequest(
        request_id=one.request_id,
        payee=payee_told(one.payee),
        version=one.version,
        state=_REQUEST_STATES[one.state],
        account=None if one.details is None else account_told(one.details.account),
        recipient_kana="" if one.details is None else one.details.recipient,
        requested_by=one.requested_by,
        requested_at_micros=one.requested_at,
        decided_by=one.decided_by,
        decided_at_micros=one.decided_at,
    )


def correction_told(one: Correction) -> pb.Correction:
    return pb.Correction(
        correction_id=one.correction_id,
        service_id=one.service_id,
        shop_id=one.shop_id,
        amount_yen=one.amount,
        why=one.why,
        state=_REQUEST_STATES[one.state],
        proposed_by=one.proposed_by,
        proposed_at_micros=one.proposed_at,
        decided_by=one.decided_by,
        decided_at_micros=one.decided_at,
    )


def bulk_told(bulk: Bulk) -> pb.PayoutBulk:
    return pb.PayoutBulk(
        bulk_id=bulk.bulk_id,
        number=bulk.number,
        service_id=bulk.service_id,
        pay_day=bulk.pay_day.isoformat(),
        payer_name=bulk.payer_name,
        transfers=bulk.count,
        total_yen=bulk.total,
        state=_BULK_STATES[bulk.state],
        events=[
            pb.PayoutBulkEvent(
                state=_BULK_STATES[STATE_AFTER[event.what]], by=event.by, at_micros=event.at
            )
            for event in bulk.events
        ],
        file_sha256=bulk.sha256,
    )


def planned_told(one: Planned) -> pb.Payout:
    return pb.Payout(
        payee=payee_told(one.payee),
        outcome=_OUTCOMES[one.outcome],
        hold_code=one.hold or "",
        amount_yen=one.amount,
        fee_yen=one.fee,
        carried_yen=one.carried,
        shares=_shares(one.shares),
    )


def payout_told(one: Payout) -> pb.Payout:
    return pb.Payout(
        payout_id=one.payout_id,
        line=one.line,
        payee=payee_told(one.payee),
        outcome=_OUTCOMES[one.outcome],
        hold_code=one.hold or "",
        amount_yen=one.amount,
        fee_yen=one.fee,
        carried_yen=one.carried,
        shares=_shares(one.shares),
        returned=bool(one.returned_by),
    )


def _shares(shares: Sequence[ShopShare]) -> list[pb.PayoutShare]:
    return [
        pb.PayoutShare(
            shop_id=share.shop_id,
            closes_yen=share.closes,
            corrections_yen=share.corrections,
            carried_in_yen=share.carried_in,
            returned_yen=share.returned,
            fee_yen=share.fee,
            amount_yen=share.amount,
            carried_out_yen=share.carried_out,
        )
        for share in shares
    ]
