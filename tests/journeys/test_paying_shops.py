"""How an office pays shops: two weeks of sales, two people with tokens, a real choba-server.

From what is due to the money in the shops' accounts: one shop is paid at once, one is held, one
owes more than it is owed, one is under the least amount; a transfer comes back and is paid again.
``choba bankfile check`` reads each file for the bank, and a passbook is held against the books.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from protos.choba.v1 import operator_closes_pb2 as closes_pb
from protos.choba.v1 import operator_documents_pb2 as papers_pb
from protos.choba.v1 import operator_payouts_pb2 as pb
from server.campaigns import is_bank_day, next_bank_day
from server.clock import system_clock, tokyo_day
from server.operators import Role
from server.settings import DatabaseSettings
from server.state import StateFolder
from tests.support.acts import acts_of
from tests.support.books import VOUCHER, Town, new_key
from tests.support.gate import Gate, ServerProcess, bearer, loopback_settings
from tests.support.market import BAKERY, CORRECTION, MATSUYA, PHARMACY, SAKE, WEEKS, two_weeks
from tests.support.people import People
from tests.support.timers import hold_close_timer

pytestmark = [
    pytest.mark.journey,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FEE: Final = 110
"""Kept from what is transferred."""
WHY: Final = "精算"


class Office(People):
    """The two at their desk, and ``choba`` on the server's own machine."""

    async def choba(self, *arguments: str) -> str:
        """What the command says; it is an error if it ends otherwise than with 0."""
        command = [sys.executable, "-m", "server.cli", *arguments]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def on_the_books(self, *arguments: str) -> str:
        config = str(self.gate.folder / "server.toml")
        where = ("--config", config, "--state-dir", str(self.gate.state.root))
        return await self.choba(*arguments, *where)

    async def close(self, number: int) -> closes_pb.Close:
        run = closes_pb.RunCloseRequest(service_id=VOUCHER, number=number, why="定例の締め")
        made: closes_pb.Close = (await self.call("RunClose", run)).close
        return made

    async def set_terms(self) -> None:
        settings = pb.PayoutSettings(
            service_id=VOUCHER,
            payer_code="1234567890",
            account=account("1234567"),
            minimum_yen=100,
            fee_yen=FEE,
            fee_bearer=pb.FEE_BEARER_SHOP,
        )
        request = pb.SetPayoutSettingsRequest(settings=settings, why="口座の開設")
        await self.call("SetPayoutSettings", request)

    async def give_details(self, shop: str, number: str, name: str) -> None:
        asked = await self.call(
            "AskForBankDetails",
            pb.AskForBankDetailsRequest(
                idempotency_key=new_key(),
                payee=pb.Payee(shop_id=shop),
                account=account(number),
                recipient_kana=name,
                why="口座届出書",
            ),
        )
        decide = pb.DecideBankDetailsRequest(
            request_id=asked.request.request_id, approve=True, why="通帳の写しを確認"
        )
        assert await self.refused("DecideBankDetails", decide) == "CHOBA_PAYOUT_SAME_PERSON"
        await self.second("DecideBankDetails", decide)

    async def correct(self, shop: str, amount: int) -> None:
        proposed = await self.call(
            "ProposeCorrection",
            pb.ProposeCorrectionRequest(
                idempotency_key=new_key(),
                service_id=VOUCHER,
                shop_id=shop,
                amount_yen=amount,
                why="締めのあとに分かった二重計上",
            ),
        )
        decide = pb.DecideCorrectionRequest(
            correction_id=proposed.correction.correction_id, approve=True, why="伝票を確認"
        )
        assert await self.refused("DecideCorrection", decide) == "CHOBA_PAYOUT_SAME_PERSON"
        await self.second("DecideCorrection", decide)

    async def draft(self, day: date) -> pb.PayoutBulk:
        request = pb.DraftPayoutsRequest(
            idempotency_key=new_key(), service_id=VOUCHER, pay_day=str(day), why=WHY
        )
        bulk: pb.PayoutBulk = (await self.call("DraftPayouts", request)).bulk
        assert (await self.call("DraftPayouts", request)).bulk == bulk
        return bulk

    async def step(
        self, bulk: pb.PayoutBulk, step: "pb.PayoutBulkStep.ValueType", role: Role = Role.ADMIN
    ) -> pb.PayoutBulk:
        request = pb.MoveBulkRequest(bulk=bulk.bulk_id, step=step, why=WHY)
        moved: pb.PayoutBulk = (await self.call("MoveBulk", request, role)).bulk
        return moved

    async def file_of(self, bulk: pb.PayoutBulk, role: Role = Role.ADMIN) -> bytes:
        request = pb.MakePayoutFileRequest(bulk=bulk.bulk_id, why="銀行へ")
        return b"".join([part.chunk for part in await self.call("MakePayoutFile", request, role)])

    async def shown(self, bulk: pb.PayoutBulk) -> tuple[pb.PayoutBulk, dict[str, pb.Payout]]:
        """The bulk as it is now, and its payouts by shop."""
        first, *rest = await self.call(
            "GetBulkOfPayouts", pb.GetBulkOfPayoutsRequest(bulk=bulk.bulk_id)
        )
        payouts = chain.from_iterable(part.payouts for part in rest)
        return first.bulk, {one.payee.shop_id: one for one in payouts}

    async def to_the_bank(self, bulk: pb.PayoutBulk) -> None:
        """B approves, A makes the file, ``choba bankfile check`` finds it right, A sends it."""
        approve = pb.MoveBulkRequest(
            bulk=bulk.bulk_id, step=pb.PAYOUT_BULK_STEP_APPROVE, why="金額を確認"
        )
        assert await self.refused("MoveBulk", approve) == "CHOBA_PAYOUT_SAME_PERSON"
        await self.second("MoveBulk", approve)
        content = await self.file_of(bulk)
        assert await self.file_of(bulk, Role.OFFICE) == content
        file = self.gate.folder / f"bulk-{bulk.number}.txt"
        file.write_bytes(content)
        digest = (await self.shown(bulk))[0].file_sha256
        known = ("--year", bulk.pay_day[:4], "--sha256", digest)
        said = await self.choba("bankfile", "check", str(file), *known)
        for line in (f"{bulk.transfers:,}", f"{bulk.total_yen:,}円", "誤りはありません"):
            assert line in said, said
        await self.step(bulk, pb.PAYOUT_BULK_STEP_SENT)

    async def paid_again(self, payout: pb.Payout, bulk: pb.PayoutBulk) -> None:
        """組戻し: nothing is due but what came back, and its account has to be mended first."""
        back = pb.ReturnTransferRequest(
            payout_id=payout.payout_id, details_wrong=True, why="口座番号相違"
        )
        assert (await self.call("ReturnTransfer", back)).payout.returned
        assert (await self.call("ReturnTransfer", back)).payout.returned
        assert (await self.shown(bulk))[0].state == pb.PAYOUT_BULK_STATE_PARTLY_RETURNED
        day = pay_day(7)
        again = pb.DraftPayoutsRequest(
            idempotency_key=new_key(), service_id=VOUCHER, pay_day=str(day), why=WHY
        )
        assert await self.refused("DraftPayouts", again) == "CHOBA_PAYOUT_NOTHING_TO_PAY"
        (held,) = (await self.preview(day)).payouts
        assert held.hold_code == "CHOBA_PAYOUT_HELD_RETURNED"
        await self.give_details(payout.payee.shop_id, "7654399", "ミホンパン")
        third = await self.draft(day)
        (paid,) = (await self.shown(third))[1].values()
        assert paid.payout_id != payout.payout_id
        assert (paid.amount_yen, paid.shares[0].returned_yen) == (payout.amount_yen, 1100)
        await self.to_the_bank(third)
        done = await self.step(third, pb.PAYOUT_BULK_STEP_SETTLED)
        assert [event.state for event in done.events] == [
            pb.PAYOUT_BULK_STATE_DRAFT,
            pb.PAYOUT_BULK_STATE_APPROVED,
            pb.PAYOUT_BULK_STATE_FILE_MADE,
            pb.PAYOUT_BULK_STATE_SENT,
            pb.PAYOUT_BULK_STATE_SETTLED,
        ]
        assert [event.by for event in done.events] == ["operator", "office", *["operator"] * 3]

    async def preview(self, day: date) -> pb.PreviewPayoutsResponse:
        request = pb.PreviewPayoutsRequest(service_id=VOUCHER, pay_day=str(day))
        found: pb.PreviewPayoutsResponse = await self.call("PreviewPayouts", request)
        return found

    async def deposit(self, shop: str, bulk: pb.PayoutBulk, amount: int) -> str:
        """「¥… arrived: what is it?」 Everything that stands side by side, as lines."""
        arrived = papers_pb.ArrivedDeposit(
            day=bulk.pay_day, amount_yen=amount, payer=f"フリコミ {bulk.payer_name}"
        )
        request = papers_pb.CheckDepositRequest(shop_id=shop, arrived=arrived)
        return "\n".join((await self.call("CheckDeposit", request)).found.lines)


def account(number: str) -> pb.BankAccount:
    return pb.BankAccount(
        bank_code="0001", branch_code="001", account_type="1", account_number=number
    )


def pay_day(days: int) -> date:
    """A bank business day so many days ahead, or the next."""
    return next_bank_day(tokyo_day(system_clock()) + timedelta(days=days))


def no_bank_day() -> date:
    day = pay_day(3)
    while is_bank_day(day):
        day += timedelta(days=1)
    return day


@pytest.fixture
async def office(town: Town, tmp_path: Path) -> AsyncIterator[Office]:
    """The town's two weeks, and a server on its books; nothing is closed."""
    await two_weeks(town)
    hold_close_timer(town.database)
    url = town.database._writing.url.render_as_string(hide_password=False)
    settings = replace(loopback_settings(), database=DatabaseSettings(url=url))
    state = StateFolder(tmp_path / "state")
    state.root.mkdir()
    gate = Gate(settings, state, tmp_path)
    server = ServerProcess(gate)
    try:
        await server.start()
        async with gate.public_channel() as channel:
            yield Office(gate, channel)
    finally:
        await server.end()


async def test_two_weeks_from_due_to_the_shops_accounts(office: Office) -> None:
    first = await office.close(1)
    assert first.used_yen - first.cancelled_yen == sum(WEEKS[0].values())
    await office.set_terms()
    for shop, number, name in (
        (MATSUYA, "7654321", "マツヤセイカテン"),
        (SAKE, "7654322", "カ）ホンチヨウサケテン"),
        (PHARMACY, "7654323", "エキマエヤツキヨク"),
    ):
        await office.give_details(shop, number, name)
    await office.correct(SAKE, CORRECTION)

    # what is due: one transfer, three that wait
    weekend = pb.PreviewPayoutsRequest(service_id=VOUCHER, pay_day=str(no_bank_day()))
    assert await office.refused("PreviewPayouts", weekend) == "CHOBA_BANKFILE_PAY_DAY"
    preview = await office.preview(pay_day(3))
    bulk = await office.draft(pay_day(3))
    assert (bulk.transfers, bulk.total_yen) == (preview.transfers, preview.total_yen)
    _, payouts = await office.shown(bulk)
    became = {shop: (p.outcome, p.amount_yen, p.carried_yen) for shop, p in payouts.items()}
    assert became == {
        MATSUYA: (pb.PAYOUT_OUTCOME_TRANSFER, 1200 - FEE, 0),
        BAKERY: (pb.PAYOUT_OUTCOME_HELD, 0, 800),
        SAKE: (pb.PAYOUT_OUTCOME_NEGATIVE, 0, -200),
        PHARMACY: (pb.PAYOUT_OUTCOME_MINIMUM, 0, 90),
    }
    assert payouts[BAKERY].hold_code == "CHOBA_PAYOUT_HELD_NO_DETAILS"
    await office.to_the_bank(bulk)
    await office.step(bulk, pb.PAYOUT_BULK_STEP_SETTLED)
    assert "すべて合っています" in await office.deposit(MATSUYA, bulk, 1200 - FEE)
    assert "最初に違うのは「通帳の入金額とお振込額」" in await office.deposit(MATSUYA, bulk, 1200)

    # a week later: what was carried over is in the sums, what was held is paid
    await office.close(2)
    await office.give_details(BAKERY, "7654324", "ミホンパン")
    second = await office.draft(pay_day(5))
    _, payouts = await office.shown(second)
    assert {shop: (p.shares[0].carried_in_yen, p.amount_yen) for shop, p in payouts.items()} == {
        MATSUYA: (0, 400 - FEE),
        BAKERY: (800, 1100 - FEE),
        SAKE: (-200, 400 - FEE),
        PHARMACY: (90, 290 - FEE),
    }
    await office.to_the_bank(second)
    await office.paid_again(payouts[BAKERY], second)

    await everything_adds_up(office)


async def everything_adds_up(office: Office) -> None:
    """What shops were paid and charged is what their closes and corrections say; the command sees
    the same books, and the audit finds nothing."""
    bulks = (await office.call("ListBulks", pb.ListBulksRequest(service_id=VOUCHER))).bulks
    paid = [one for bulk in bulks for one in (await office.shown(bulk))[1].values()]
    arrived = [one for one in paid if one.amount_yen and not one.returned]
    owed = sum(sum(week.values()) for week in WEEKS) + CORRECTION
    assert sum(one.amount_yen + one.fee_yen for one in arrived) == owed
    listed = (await office.on_the_books("payout", "list", VOUCHER)).splitlines()
    assert [line.split()[4] for line in listed] == ["支払済み", "一部組戻し", "支払済み"]
    shown = await office.on_the_books("payout", "show", "2")
    assert shown.count("組戻し returned") == 1
    assert "振込 transfer" in shown
    acts = await acts_of(office.stub, bearer(office.gate.operator_token), what="payout.approve")
    assert [act.by_operator for act in acts] == ["office"] * len(bulks)
    await office.on_the_books("audit", "verify")
