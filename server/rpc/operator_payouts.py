"""OperatorService: 支払. Translates; the settlement decides, and who acts is who the token says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import partial
from typing import Final

from protos.choba.v1 import operator_payouts_pb2 as pb
from server.db import Database
from server.directory import MerchantId, ServiceId, ShopId
from server.rpc.calls import Context
from server.rpc.chunks import chunks_of
from server.rpc.days import day_of
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.operator import operator_name
from server.rpc.payout_messages import (
    account_asked,
    bulk_told,
    correction_told,
    payee_asked,
    payout_told,
    planned_told,
    request_told,
    settings_asked,
    settings_told,
)
from server.settlement.payouts import (
    Bulk,
    PayeeDesk,
    PayoutDesk,
    bulks_of,
    corrections_of,
    find_bulk,
    payouts_of,
    requests_of,
    waiting_requests,
)

_IN_ONE: Final = 200
_MOST_CORRECTION: Final = 10**12


class PayoutCalls:
    """Everything that ``choba payout`` and ``choba shop bank`` do."""

    def __init__(self, database: Database, payouts: PayoutDesk, payees: PayeeDesk) -> None:
        self._database = database
        self._payouts = payouts
        self._payees = payees

    async def SetPayoutSettings(
        self, request: pb.SetPayoutSettingsRequest, context: Context
    ) -> pb.SetPayoutSettingsResponse:
        """From the next draft on."""
        wanted = settings_asked(request.settings)
        made = await asyncio.to_thread(
            partial(self._payees.change_settings, wanted, by=operator_name(), why=request.why)
        )
        return pb.SetPayoutSettingsResponse(settings=settings_told(made))

    async def GetPayoutSettings(
        self, request: pb.GetPayoutSettingsRequest, context: Context
    ) -> pb.GetPayoutSettingsResponse:
        """From which account a service pays; which merchants get one transfer."""
        kept, merchants = await asyncio.to_thread(self._payees.terms, _service(request.service_id))
        return pb.GetPayoutSettingsResponse(
            settings=None if kept is None else settings_told(kept),
            one_transfer_merchant_ids=merchants,
        )

    async def SetOneTransfer(
        self, request: pb.SetOneTransferRequest, context: Context
    ) -> pb.SetOneTransferResponse:
        """One transfer for all of a merchant's shops, or one for each."""
        merchant = MerchantId(plain_text("merchant_id", request.merchant_id, 1, 64))
        await asyncio.to_thread(
            partial(
                self._payees.set_one_transfer,
                merchant,
                request.one_transfer,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.SetOneTransferResponse()

    async def AskForBankDetails(
        self, request: pb.AskForBankDetailsRequest, context: Context
    ) -> pb.AskForBankDetailsResponse:
        """Used once somebody else has approved them."""
        asked = await asyncio.to_thread(
            partial(
                self._payees.ask_for_bank_details,
                request.idempotency_key,
                payee_asked(request.payee),
                account_asked(request.account),
                request.recipient_kana,
                test_banks=request.test_banks,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.AskForBankDetailsResponse(request=request_told(asked))

    async def DecideBankDetails(
        self, request: pb.DecideBankDetailsRequest, context: Context
    ) -> pb.DecideBankDetailsResponse:
        """The second person's answer."""
        decided = await asyncio.to_thread(
            partial(
                self._payees.decide_bank_details,
                request.request_id,
                request.approve,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.DecideBankDetailsResponse(request=request_told(decided))

    async def ListBankDetails(
        self, request: pb.ListBankDetailsRequest, context: Context
    ) -> pb.ListBankDetailsResponse:
        """Of one payee, or what waits to be decided."""
        if request.payee.shop_id or request.payee.merchant_id:
            found = await self._database.read(
                partial(requests_of, payee=payee_asked(request.payee))
            )
        else:
            found = await self._database.read(waiting_requests)
        return pb.ListBankDetailsResponse(requests=[request_told(one) for one in found])

    async def ProposeCorrection(
        self, request: pb.ProposeCorrectionRequest, context: Context
    ) -> pb.ProposeCorrectionResponse:
        """Books nothing yet."""
        amount = whole_number("amount_yen", request.amount_yen, -_MOST_CORRECTION, _MOST_CORRECTION)
        proposed = await asyncio.to_thread(
            partial(
                self._payees.propose_correction,
                request.idempotency_key,
                _service(request.service_id),
                _shop(request.shop_id),
                amount,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.ProposeCorrectionResponse(correction=correction_told(proposed))

    async def DecideCorrection(
        self, request: pb.DecideCorrectionRequest, context: Context
    ) -> pb.DecideCorrectionResponse:
        """Approved, it is booked at once and part of the shop's next payout."""
        decided = await asyncio.to_thread(
            partial(
                self._payees.decide_correction,
                request.correction_id,
                request.approve,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.DecideCorrectionResponse(correction=correction_told(decided))

    async def ListCorrections(
        self, request: pb.ListCorrectionsRequest, context: Context
    ) -> pb.ListCorrectionsResponse:
        """Oldest first."""
        shop = _shop(request.shop_id) if request.shop_id else None
        found = await self._database.read(
            partial(corrections_of, service=_service(request.service_id), shop=shop)
        )
        return pb.ListCorrectionsResponse(corrections=[correction_told(one) for one in found])

    async def PreviewPayouts(
        self, request: pb.PreviewPayoutsRequest, context: Context
    ) -> pb.PreviewPayoutsResponse:
        """What a draft would hold now."""
        found = await asyncio.to_thread(
            self._payouts.preview, _service(request.service_id), _pay_day(request.pay_day)
        )
        return pb.PreviewPayoutsResponse(
            pay_day=found.pay_day.isoformat(),
            payer_name=found.payer_name,
            transfers=len(found.transfers),
            total_yen=found.total,
            payouts=[planned_told(one) for one in found.planned],
        )

    async def DraftPayouts(
        self, request: pb.DraftPayoutsRequest, context: Context
    ) -> pb.DraftPayoutsResponse:
        """Everything that is due by the pay day."""
        bulk = await asyncio.to_thread(
            partial(
                self._payouts.draft,
                request.idempotency_key,
                _service(request.service_id),
                _pay_day(request.pay_day),
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.DraftPayoutsResponse(bulk=bulk_told(bulk))

    async def MoveBulk(self, request: pb.MoveBulkRequest, context: Context) -> pb.MoveBulkResponse:
        """One step on its way to the bank."""
        steps: dict[int, Callable[..., Bulk]] = {
            pb.PAYOUT_BULK_STEP_APPROVE: self._payouts.approve,
            pb.PAYOUT_BULK_STEP_DISCARD: self._payouts.discard,
            pb.PAYOUT_BULK_STEP_SENT: self._payouts.sent,
            pb.PAYOUT_BULK_STEP_SETTLED: self._payouts.settled,
        }
        step = steps.get(request.step)
        if step is None:
            raise invalid_field("step", "say APPROVE, DISCARD, SENT or SETTLED")
        bulk = await asyncio.to_thread(
            partial(step, _bulk(request.bulk), by=operator_name(), why=request.why)
        )
        return pb.MoveBulkResponse(bulk=bulk_told(bulk))

    async def MakePayoutFile(
        self, request: pb.MakePayoutFileRequest, context: Context
    ) -> AsyncIterator[pb.MakePayoutFileResponse]:
        """The bank's file, the same bytes for good."""
        content = await asyncio.to_thread(
            partial(
                self._payouts.make_file, _bulk(request.bulk), by=operator_name(), why=request.why
            )
        )
        for chunk in chunks_of(content):
            yield pb.MakePayoutFileResponse(chunk=chunk)

    async def ReturnTransfer(
        self, request: pb.ReturnTransferRequest, context: Context
    ) -> pb.ReturnTransferResponse:
        """組戻し: owed again, paid in a later bulk under a new id."""
        payout = await asyncio.to_thread(
            partial(
                self._payouts.returned,
                plain_text("payout_id", request.payout_id, 1, 64),
                request.details_wrong,
                by=operator_name(),
                why=request.why,
            )
        )
        return pb.ReturnTransferResponse(payout=payout_told(payout))

    async def ListBulks(
        self, request: pb.ListBulksRequest, context: Context
    ) -> pb.ListBulksResponse:
        """By number."""
        service = _service(request.service_id) if request.service_id else None
        found = await self._database.read(
            partial(bulks_of, service=service, after=request.after_number)
        )
        return pb.ListBulksResponse(bulks=[bulk_told(one) for one in found])

    async def GetBulkOfPayouts(
        self, request: pb.GetBulkOfPayoutsRequest, context: Context
    ) -> AsyncIterator[pb.GetBulkOfPayoutsResponse]:
        """The bulk, then its payouts by line."""
        bulk = await self._database.read(partial(find_bulk, wanted=_bulk(request.bulk)))
        yield pb.GetBulkOfPayoutsResponse(bulk=bulk_told(bulk))
        found = await self._database.read(partial(payouts_of, bulk_id=bulk.bulk_id))
        for at in range(0, len(found), _IN_ONE):
            part = [payout_told(one) for one in found[at : at + _IN_ONE]]
            yield pb.GetBulkOfPayoutsResponse(payouts=part)


def _service(text: str) -> ServiceId:
    return ServiceId(plain_text("service_id", text, 1, 64))


def _shop(text: str) -> ShopId:
    return ShopId(plain_text("shop_id", text, 1, 64))


def _bulk(text: str) -> str:
    return plain_text("bulk", text, 1, 64)


def _pay_day(text: str) -> date | None:
    return day_of("pay_day", text) if text else None
