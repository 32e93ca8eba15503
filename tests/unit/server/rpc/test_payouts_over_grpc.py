"""支払 as an operator's own system calls it: two people, from correction to returned transfer."""

import itertools
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc import aio

from protos.choba.v1 import operator_documents_pb2 as papers
from protos.choba.v1 import operator_payouts_pb2 as pb
from server.campaigns import next_bank_day
from server.clock import system_clock, tokyo_day
from server.operators import Role
from server.settlement.bankfile import ZenginBanks, check
from tests.support.acts import acts_of, assert_one_act
from tests.support.books import new_key
from tests.support.directory import SHOP, VOUCHER
from tests.support.gate import Gate, bearer
from tests.support.people import People

WHY = "第1回の精算"
ACCOUNT = pb.BankAccount(
    bank_code="0001", branch_code="001", account_type="1", account_number="1234567"
)
SETTINGS = pb.PayoutSettings(
    service_id=VOUCHER,
    payer_code="1234567890",
    account=ACCOUNT,
    minimum_yen=1,
    fee_yen=0,
    fee_bearer=pb.FEE_BEARER_SHOP,
)


class Payers(People):
    """What the two do about payouts."""

    async def acts_of_second(self, what: str, subject: str) -> list[str]:
        found = await acts_of(
            self.stub, bearer(self.gate.operator_token), what=what, subject=subject
        )
        return [act.by_operator for act in found]

    async def prepare(self) -> None:
        """The service's account, and the shop's bank details, approved."""
        await self.call(
            "SetPayoutSettings", pb.SetPayoutSettingsRequest(settings=SETTINGS, why="開始")
        )
        asked = await self.call("AskForBankDetails", ask())
        decide = pb.DecideBankDetailsRequest(
            request_id=asked.request.request_id, approve=True, why="通帳を確認"
        )
        await self.second("DecideBankDetails", decide)

    async def correct(self, amount: int) -> str:
        propose = pb.ProposeCorrectionRequest(
            idempotency_key=new_key(),
            service_id=VOUCHER,
            shop_id=SHOP,
            amount_yen=amount,
            why="二重計上",
        )
        proposed = (await self.call("ProposeCorrection", propose)).correction
        decide = pb.DecideCorrectionRequest(
            correction_id=proposed.correction_id, approve=True, why="確認した"
        )
        assert await self.refused("DecideCorrection", decide) == "CHOBA_PAYOUT_SAME_PERSON"
        decided = (await self.second("DecideCorrection", decide)).correction
        assert (decided.state, decided.amount_yen) == (pb.REQUEST_STATE_APPROVED, amount)
        return str(decided.correction_id)

    async def drafted(self) -> pb.PayoutBulk:
        draft = pb.DraftPayoutsRequest(
            idempotency_key=new_key(), service_id=VOUCHER, pay_day=pay_day(), why=WHY
        )
        made = await self.call("DraftPayouts", draft)
        assert await self.call("DraftPayouts", draft) == made  # the same key again
        bulk: pb.PayoutBulk = made.bulk
        return bulk

    async def step(self, bulk: pb.PayoutBulk, step: Any, role: Role = Role.ADMIN) -> pb.PayoutBulk:
        request = pb.MoveBulkRequest(bulk=str(bulk.number), step=step, why=WHY)
        moved: pb.PayoutBulk = (await self.call("MoveBulk", request, role)).bulk
        return moved


def ask() -> pb.AskForBankDetailsRequest:
    return pb.AskForBankDetailsRequest(
        idempotency_key=new_key(),
        payee=pb.Payee(shop_id=SHOP),
        account=ACCOUNT,
        recipient_kana="カ）マチノミセ",
        why="届出",
    )


def pay_day() -> str:
    return next_bank_day(tokyo_day(system_clock()) + timedelta(days=3)).isoformat()


async def test_from_settings_to_a_returned_transfer(gate: Gate) -> None:
    async with gate.public_channel() as channel:
        people = Payers(gate, channel)
        await people.call(
            "SetPayoutSettings", pb.SetPayoutSettingsRequest(settings=SETTINGS, why="開始")
        )
        await assert_one_act(gate, channel, "payout.settings", VOUCHER, "開始")
        asked_for = pb.GetPayoutSettingsRequest(service_id=VOUCHER)
        shown = await people.call("GetPayoutSettings", asked_for, Role.AUDITOR)
        wanted = pb.PayoutSettings()
        wanted.CopyFrom(SETTINGS)
        wanted.version = 1
        assert shown == pb.GetPayoutSettingsResponse(settings=wanted)
        await people.call(
            "SetOneTransfer",
            pb.SetOneTransferRequest(merchant_id="M-0001", one_transfer=True, why="本部一括"),
        )
        await assert_one_act(gate, channel, "payout.one-transfer", "M-0001", "本部一括")
        shown = await people.call("GetPayoutSettings", asked_for)
        assert list(shown.one_transfer_merchant_ids) == ["M-0001"]
        await people.call(
            "SetOneTransfer",
            pb.SetOneTransferRequest(merchant_id="M-0001", one_transfer=False, why="もとどおり"),
        )
        assert not (await people.call("GetPayoutSettings", asked_for)).one_transfer_merchant_ids
        request = ask()
        asked = (await people.call("AskForBankDetails", request)).request
        assert (await people.call("AskForBankDetails", request)).request == asked
        await assert_one_act(gate, channel, "bank-details.ask", asked.request_id, "届出")
        waiting = await people.call("ListBankDetails", pb.ListBankDetailsRequest())
        assert list(waiting.requests) == [asked]
        decide = pb.DecideBankDetailsRequest(
            request_id=asked.request_id, approve=True, why="通帳を確認"
        )
        assert await people.refused("DecideBankDetails", decide) == "CHOBA_PAYOUT_SAME_PERSON"
        decided = (await people.second("DecideBankDetails", decide)).request
        assert (decided.state, decided.decided_by) == (pb.REQUEST_STATE_APPROVED, "office")
        assert await people.acts_of_second("bank-details.approve", asked.request_id) == ["office"]
        correction = await people.correct(700)
        await assert_one_act(gate, channel, "correction.propose", correction, "二重計上")
        listed = await people.call("ListCorrections", pb.ListCorrectionsRequest(service_id=VOUCHER))
        assert [one.correction_id for one in listed.corrections] == [correction]

        preview = await people.call(
            "PreviewPayouts", pb.PreviewPayoutsRequest(service_id=VOUCHER, pay_day=pay_day())
        )
        assert (preview.transfers, preview.total_yen) == (1, 700)
        bulk = await people.drafted()
        assert (bulk.state, bulk.total_yen) == (pb.PAYOUT_BULK_STATE_DRAFT, 700)
        await assert_one_act(gate, channel, "payout.draft", bulk.bulk_id, WHY)
        file = pb.MakePayoutFileRequest(bulk=bulk.bulk_id, why=WHY)
        assert await people.refused("MakePayoutFile", file) == "CHOBA_PAYOUT_STATE"
        with pytest.raises(aio.AioRpcError):
            await people.step(bulk, pb.PAYOUT_BULK_STEP_APPROVE)  # who drafted it
        await people.step(bulk, pb.PAYOUT_BULK_STEP_APPROVE, Role.OFFICE)
        content = b"".join([part.chunk for part in await people.call("MakePayoutFile", file)])
        assert b"".join([p.chunk for p in await people.call("MakePayoutFile", file)]) == content
        await assert_one_act(gate, channel, "payout.file", bulk.bulk_id, WHY)
        report = check(content, ZenginBanks(), today=tokyo_day(system_clock()))
        assert report.right, report.findings
        assert (report.summaries[0].count, report.summaries[0].total) == (1, 700)
        await people.step(bulk, pb.PAYOUT_BULK_STEP_SENT)
        await assert_one_act(gate, channel, "payout.sent", bulk.bulk_id, WHY)
        first, *parts = await people.call(
            "GetBulkOfPayouts", pb.GetBulkOfPayoutsRequest(bulk=bulk.bulk_id)
        )
        (payout,) = itertools.chain.from_iterable(part.payouts for part in parts)
        assert (first.bulk.state, first.bulk.file_sha256) == (
            pb.PAYOUT_BULK_STATE_SENT,
            report.sha256,
        )
        assert (payout.amount_yen, payout.shares[0].corrections_yen) == (700, 700)
        back = pb.ReturnTransferRequest(payout_id=payout.payout_id, why="口座相違")
        assert (await people.call("ReturnTransfer", back)).payout.returned
        await assert_one_act(gate, channel, "payout.returned", payout.payout_id, "口座相違")
        again = await people.drafted()
        assert (again.number, again.total_yen) == (2, 700)
        await people.step(again, pb.PAYOUT_BULK_STEP_DISCARD)
        everything = await people.call("ListBulks", pb.ListBulksRequest(service_id=VOUCHER))
        assert [one.state for one in everything.bulks] == [
            pb.PAYOUT_BULK_STATE_PARTLY_RETURNED,
            pb.PAYOUT_BULK_STATE_DISCARDED,
        ]
        assert (await people.call("ListBulks", pb.ListBulksRequest(after_number=2))).bulks == []


async def test_a_deposit_is_held_against_what_was_sent(gate: Gate) -> None:
    async with gate.public_channel() as channel:
        people = Payers(gate, channel)
        await people.prepare()
        await people.correct(900)
        bulk = await people.drafted()
        await people.step(bulk, pb.PAYOUT_BULK_STEP_APPROVE, Role.OFFICE)
        await people.call("MakePayoutFile", pb.MakePayoutFileRequest(bulk=bulk.bulk_id, why=WHY))
        await people.step(bulk, pb.PAYOUT_BULK_STEP_SENT)
        await people.step(bulk, pb.PAYOUT_BULK_STEP_SETTLED)
        arrived = papers.ArrivedDeposit(day=bulk.pay_day, amount_yen=900, payer=bulk.payer_name)
        found = (
            await people.call(
                "CheckDeposit", papers.CheckDepositRequest(shop_id=SHOP, arrived=arrived)
            )
        ).found
        assert (found.fit, found.holds, found.first_difference) == ("MATCHED", True, -1)
        assert found.lines
        wrong = papers.ArrivedDeposit(day=bulk.pay_day, amount_yen=901, payer=bulk.payer_name)
        found = (
            await people.call(
                "CheckDeposit", papers.CheckDepositRequest(shop_id=SHOP, arrived=wrong)
            )
        ).found
        assert (found.holds, found.comparisons[found.first_difference].stage) == (False, "BANK")
        entered = papers.EnterDepositRequest(shop_id=SHOP, arrived=arrived, why="通帳")
        assert (await people.call("EnterDeposit", entered)).added
        assert not (await people.call("EnterDeposit", entered)).added
        await assert_one_act(gate, channel, "deposit.enter", SHOP, "通帳")
        sheet = (
            f"取引日,摘要,お預り金額\n{bulk.pay_day},{bulk.payer_name},900\n{bulk.pay_day},ﾃﾞﾝｷ,5\n"
        )
        content = sheet.encode()
        (imported,) = await people.call(
            "ImportDeposits",
            iter(
                [
                    papers.ImportDepositsRequest(shop_id=SHOP, why="明細", chunk=content[:20]),
                    papers.ImportDepositsRequest(chunk=content[20:]),
                ]
            ),
        )
        assert (imported.added, imported.known, imported.strangers) == (0, 1, 1)
        (kept,) = await people.call("ListDeposits", papers.ListDepositsRequest(shop_id=SHOP))
        assert (kept.shop_id, kept.found.holds) == (SHOP, True)


@pytest.mark.parametrize(
    ("method", "request_", "reason"),
    [
        (
            "AskForBankDetails",
            pb.AskForBankDetailsRequest(idempotency_key="k" * 20, account=ACCOUNT, why="届出"),
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "GetPayoutSettings",
            pb.GetPayoutSettingsRequest(service_id="nothing"),
            "CHOBA_PAYOUT_SERVICE_UNKNOWN",
        ),
        (
            "SetPayoutSettings",
            pb.SetPayoutSettingsRequest(
                settings=pb.PayoutSettings(service_id=VOUCHER, account=ACCOUNT), why="開始"
            ),
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "DraftPayouts",
            pb.DraftPayoutsRequest(
                idempotency_key="k" * 20, service_id=VOUCHER, pay_day="2026-13-01", why=WHY
            ),
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "MoveBulk",
            pb.MoveBulkRequest(bulk="1", why=WHY),
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "MoveBulk",
            pb.MoveBulkRequest(bulk="99", step=pb.PAYOUT_BULK_STEP_SENT, why=WHY),
            "CHOBA_PAYOUT_BULK_UNKNOWN",
        ),
        (
            "MakeStatements",
            papers.MakeStatementsRequest(
                service_id=VOUCHER, close_number=99, format=papers.DOCUMENT_FORMAT_PDF
            ),
            "CHOBA_STATEMENT_CLOSE_UNKNOWN",
        ),
        (
            "MakeStatements",
            papers.MakeStatementsRequest(service_id=VOUCHER, close_number=1),
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "MakeInvoice",
            papers.MakeInvoiceRequest(month="2024-13", format=papers.DOCUMENT_FORMAT_CSV),
            "CHOBA_INVOICE_MONTH",
        ),
        (
            "CheckDeposit",
            papers.CheckDepositRequest(
                shop_id=SHOP, arrived=papers.ArrivedDeposit(day="2024-06-18", amount_yen=0)
            ),
            "CHOBA_CALL_FIELD_INVALID",
        ),
    ],
)
async def test_what_is_refused_says_why(
    gate: Gate, method: str, request_: Any, reason: str
) -> None:
    async with gate.public_channel() as channel:
        assert await Payers(gate, channel).refused(method, request_) == reason


async def test_an_auditor_reads_and_moves_nothing(gate: Gate) -> None:
    async with gate.public_channel() as channel:
        people = Payers(gate, channel)
        assert (
            await people.call("ListBulks", pb.ListBulksRequest(), Role.AUDITOR)
        ) == pb.ListBulksResponse()
        with pytest.raises(aio.AioRpcError) as caught:
            await people.call(
                "DraftPayouts",
                pb.DraftPayoutsRequest(idempotency_key="k" * 20, service_id=VOUCHER, why=WHY),
                Role.AUDITOR,
            )
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
