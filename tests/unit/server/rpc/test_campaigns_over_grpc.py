"""Campaigns over gRPC: the operator sets one up, a customer's app applies and buys."""

import hashlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import Message
from grpc import aio

from protos.choba.v1 import operator_campaigns_pb2 as op
from protos.choba.v1 import wallet_campaigns_pb2 as wp
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from server.campaigns.selling import parse_list
from server.clock import system_clock, tokyo_time
from tests.support.acts import assert_one_act
from tests.support.campaign import document_around
from tests.support.directory import POINTS, VOUCHER
from tests.support.gate import TIMEOUT, Customer, Gate, bearer, told

KEY = "a-key-of-the-app-"


class Office:
    def __init__(self, gate: Gate, channel: aio.Channel) -> None:
        self._stub: Any = OperatorServiceStub(channel)
        self._metadata = bearer(gate.operator_token)
        self.left_one_act = partial(assert_one_act, gate, channel)

    async def call(self, method: str, request: Message) -> Any:
        call = getattr(self._stub, method)
        return await call(request, metadata=self._metadata, timeout=TIMEOUT)

    async def stream(self, method: str, *requests: Message) -> list[Any]:
        async def parts() -> AsyncIterator[Message]:
            for request in requests:
                yield request

        call = getattr(self._stub, method)(parts(), metadata=self._metadata, timeout=TIMEOUT)
        return [answer async for answer in call]

    async def download(self, method: str, request: Message) -> bytes:
        call = getattr(self._stub, method)(request, metadata=self._metadata, timeout=TIMEOUT)
        return b"".join([answer.content async for answer in call])

    async def set_up(self, campaign: str, kind: str) -> None:
        document = document_around(system_clock(), campaign, kind, VOUCHER, POINTS)
        request = op.SetCampaignTermsRequest(document=document, why="始める")
        answer = await self.call("SetCampaignTerms", request)
        assert (answer.campaign_id, answer.version, list(answer.warnings)) == (campaign, 1, [])
        await self.left_one_act("campaign.terms", campaign, "始める")
        again = await self.call("SetCampaignTerms", request)
        assert again.version == 1
        content = b"residentNumber,code,birthDate\r\nR1,CODE0001,1950-01-01\r\n"
        cut = len(content) // 2
        answers = await self.stream(
            "ImportEligibility",
            op.ImportEligibilityRequest(campaign_id=campaign, why="対象者", content=content[:cut]),
            op.ImportEligibilityRequest(content=content[cut:]),
        )
        assert (answers[-1].done, answers[-1].lines, answers[-1].added) == (True, 1, 1)


@pytest.fixture
async def office(gate: Gate) -> AsyncIterator[Office]:
    async with gate.public_channel() as channel:
        yield Office(gate, channel)


async def refused(call: Any) -> str:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    return told(caught.value).reason


async def prove(customer: Customer, campaign: str, code: str = "code-0001") -> None:
    await customer.call(
        "ProveEligibility",
        wp.ProveEligibilityRequest(campaign_id=campaign, code=code, birth_date="1950/1/1"),
    )


async def test_a_direct_sale_from_terms_to_balance(office: Office, customer: Customer) -> None:
    await office.set_up("direct", "direct")
    wanted = wp.BuyVouchersRequest(
        idempotency_key=KEY + "1", campaign_id="direct", round=1, units=30
    )
    assert await refused(customer.call("BuyVouchers", wanted)) == "CHOBA_CAMPAIGNS_NOT_ELIGIBLE"
    wrong = prove(customer, "direct", "NOSUCHCODE")
    assert await refused(wrong) == "CHOBA_CAMPAIGNS_PROOF_WRONG"
    unlock = op.UnlockResidentRequest(campaign_id="direct", number="R1", why="打ち間違い")
    await office.call("UnlockResident", unlock)
    await office.left_one_act("campaign.unlock-resident", "direct", "打ち間違い")
    await prove(customer, "direct")
    before = await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    bought = await customer.call("BuyVouchers", wanted)
    assert (bought.order.price_yen, bought.order.face_yen) == (30_000, 36_000)
    assert bought.order.order_id in bought.pay_ja
    assert (await customer.call("BuyVouchers", wanted)).order == bought.order

    day = tokyo_time(system_clock()).date().isoformat()
    head = "reference,amount,collectedOn,receipt\r\n"
    lines = head + f'{bought.order.order_id},"30,000",{day},A1\r\n'

    async def collect(content: str, dry_run: bool) -> list[Any]:
        return await office.stream(
            "ImportCollected",
            op.ImportCollectedRequest(
                collector="agency", why="入金", dry_run=dry_run, content=content.encode()
            ),
        )

    (bad,) = await collect(lines + f"x,1.5,{day},A2\r\n", False)
    assert [(e.line, e.code) for e in bad.errors] == [(3, "CHOBA_CSV_AMOUNT")]
    for dry_run, fate in ((True, 1), (False, 1), (False, 2)):
        (answer,) = await collect(lines, dry_run)
        assert [(o.fate, o.amount_yen, o.bonus_points) for o in answer.lines] == [
            (fate, 30_000, 900)
        ]
    after = await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    gained = {
        b.service_id: b.balance_yen - a.balance_yen
        for a, b in zip(before.balances, after.balances, strict=True)
    }
    assert gained == {VOUCHER: 36_000, POINTS: 900}
    orders = await customer.call("ListVoucherOrders", wp.ListVoucherOrdersRequest())
    assert [order.state for order in orders.orders] == [wp.VOUCHER_ORDER_STATE_COLLECTED]
    report = await office.call(
        "GetCampaignReport", op.GetCampaignReportRequest(campaign_id="direct")
    )
    assert (report.paid_units, report.unsold_units, report.not_issued) == (30, 999_970, 0)
    released = await office.call(
        "ReleaseOrders", op.ReleaseOrdersRequest(campaign_id="direct", why="期限")
    )
    assert released.orders == 0
    for what, subject, why in (
        ("campaign.import-eligibility", "direct", "対象者"),
        ("campaign.collected", "agency", "入金"),
        ("campaign.release", "direct", "期限"),
    ):
        await office.left_one_act(what, subject, why)


async def test_applying_and_the_published_draw(office: Office, customer: Customer) -> None:
    await office.set_up("open", "lottery")
    await prove(customer, "open")
    wanted = wp.ApplyForVouchersRequest(
        idempotency_key=KEY + "2", campaign_id="open", round=1, units=5
    )
    applied = (await customer.call("ApplyForVouchers", wanted)).application
    assert applied.units == 5
    listed = await customer.call("ListApplications", wp.ListApplicationsRequest())
    assert list(listed.applications) == [applied]
    seen = await customer.call("ListCampaigns", wp.ListCampaignsRequest())
    assert [(c.campaign_id, c.linked, c.units_per_person) for c in seen.campaigns] == [
        ("open", True, 30)
    ]
    early = op.FreezeApplicationsRequest(campaign_id="open", round=1, why="確定")
    assert (
        await refused(office.call("FreezeApplications", early)) == "CHOBA_CAMPAIGNS_LIST_TOO_EARLY"
    )
    await office.set_up("over", "ended")
    freeze = op.FreezeApplicationsRequest(campaign_id="over", round=1, why="確定")
    frozen = await office.call("FreezeApplications", freeze)
    content = await office.download(
        "DownloadApplications", op.DownloadApplicationsRequest(campaign_id="over", round=1)
    )
    assert hashlib.sha256(content).hexdigest() == frozen.sha256
    assert parse_list(content).supply == 1_000_000
    draw = op.HoldDrawRequest(campaign_id="over", round=1, seed="38179.46", why="抽選")
    held = await office.call("HoldDraw", draw)
    assert await office.call("HoldDraw", draw) == held
    result = await office.download(
        "DownloadDrawResult", op.DownloadDrawResultRequest(campaign_id="over", round=1)
    )
    assert hashlib.sha256(result).hexdigest() == held.sha256
    await office.left_one_act("campaign.freeze-list", "over", "確定")
    await office.left_one_act("campaign.draw", "over", "抽選")
    no_reason = op.HoldDrawRequest(campaign_id="over", round=1, seed="1")
    assert await refused(office.call("HoldDraw", no_reason)) == "CHOBA_CALL_FIELD_INVALID"
