"""WalletService: voucher campaigns, for an operator's own apps. Translates only."""

import asyncio
from typing import Final

from protos.choba.v1 import wallet_campaigns_pb2 as pb
from protos.units import UserId
from server.campaigns.selling import (
    ApplicationLine,
    CampaignDesk,
    CampaignLine,
    Order,
    OrderState,
    pay_by_reference,
)
from server.rpc.calls import Context, principal
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.guards import Customer

_MOST_UNITS: Final = 2**31
_LONGEST_TYPED: Final = 64
_STATES: Final = {
    OrderState.OPEN: pb.VOUCHER_ORDER_STATE_OPEN,
    OrderState.COLLECTED: pb.VOUCHER_ORDER_STATE_COLLECTED,
    OrderState.RELEASED: pb.VOUCHER_ORDER_STATE_RELEASED,
}


class WalletCampaignCalls:
    """The campaign part of the wallets' service; the campaign desk decides."""

    def __init__(self, campaigns: CampaignDesk) -> None:
        self._campaigns = campaigns

    async def ListCampaigns(
        self, request: pb.ListCampaignsRequest, context: Context
    ) -> pb.ListCampaignsResponse:
        lines = await asyncio.to_thread(self._campaigns.campaigns, _user())
        return pb.ListCampaignsResponse(campaigns=[_campaign(line) for line in lines])

    async def ProveEligibility(
        self, request: pb.ProveEligibilityRequest, context: Context
    ) -> pb.ProveEligibilityResponse:
        """Wrong tries are counted and bounded."""
        await asyncio.to_thread(
            self._campaigns.prove,
            _user(),
            _id(request.campaign_id),
            _typed("code", request.code),
            _typed("birth_date", request.birth_date),
        )
        return pb.ProveEligibilityResponse()

    async def ApplyForVouchers(
        self, request: pb.ApplyForVouchersRequest, context: Context
    ) -> pb.ApplyForVouchersResponse:
        """0 units withdraw."""
        applied = await asyncio.to_thread(
            self._campaigns.apply,
            _user(),
            _id(request.campaign_id),
            request.round,
            whole_number("units", request.units, 0, _MOST_UNITS),
            request.idempotency_key,
        )
        line = ApplicationLine(applied, None)
        return pb.ApplyForVouchersResponse(application=_application(line))

    async def ListApplications(
        self, request: pb.ListApplicationsRequest, context: Context
    ) -> pb.ListApplicationsResponse:
        lines = await asyncio.to_thread(self._campaigns.applications, _user())
        return pb.ListApplicationsResponse(applications=[_application(line) for line in lines])

    async def BuyVouchers(
        self, request: pb.BuyVouchersRequest, context: Context
    ) -> pb.BuyVouchersResponse:
        """Units are reserved; vouchers are issued once the collector has the money."""
        order = await asyncio.to_thread(
            self._campaigns.order,
            _user(),
            _id(request.campaign_id),
            request.round,
            whole_number("units", request.units, 1, _MOST_UNITS),
            request.idempotency_key,
        )
        how = pay_by_reference(order)
        return pb.BuyVouchersResponse(
            order=_order(order), pay_url=how.url, pay_ja=how.ja, pay_en=how.en
        )

    async def ListVoucherOrders(
        self, request: pb.ListVoucherOrdersRequest, context: Context
    ) -> pb.ListVoucherOrdersResponse:
        orders = await asyncio.to_thread(self._campaigns.orders, _user())
        return pb.ListVoucherOrdersResponse(orders=[_order(order) for order in orders])


def _user() -> UserId:
    customer: Customer = principal(Customer)
    return customer.user


def _id(campaign_id: str) -> str:
    return plain_text("campaign_id", campaign_id, 1, 64)


def _typed(name: str, value: str) -> str:
    if not 0 < len(value) <= _LONGEST_TYPED:
        raise invalid_field(name, f"needs 1 to {_LONGEST_TYPED} characters")
    return value


def _campaign(line: CampaignLine) -> pb.Campaign:
    terms = line.terms
    return pb.Campaign(
        campaign_id=terms.campaign_id,
        name_ja=terms.name_ja,
        name_en=terms.name_en,
        service_id=terms.service_id,
        unit_price_yen=terms.unit_price,
        unit_face_yen=terms.unit_face,
        units_per_person=terms.units_per_person,
        eligible_on=terms.eligible_on.isoformat(),
        not_for=[pb.NotForItem(ja=ja, en=en) for ja, en in terms.not_for],
        rounds=[
            pb.CampaignRound(
                round=one.number,
                kind=one.kind.value,
                apply_from_micros=one.apply_from,
                apply_until_micros=one.apply_until,
                draw_event=one.draw_event,
                buy_from_micros=one.buy_from,
                buy_until_micros=one.buy_until,
                pay_until_micros=one.pay_until,
            )
            for one in terms.rounds
        ],
        linked=line.linked,
    )


def _application(line: ApplicationLine) -> pb.VoucherApplication:
    one = line.application
    return pb.VoucherApplication(
        application_id=one.application_id,
        campaign_id=one.campaign_id,
        round=one.round,
        units=one.units,
        applied_at_micros=one.applied_at,
        drawn=line.won is not None,
        units_won=line.won or 0,
    )


def _order(order: Order) -> pb.VoucherOrder:
    return pb.VoucherOrder(
        order_id=order.order_id,
        campaign_id=order.campaign_id,
        round=order.round,
        units=order.units,
        price_yen=order.price,
        face_yen=order.face,
        ordered_at_micros=order.ordered_at,
        pay_until_micros=order.pay_until,
        state=_STATES[order.state],
    )
