"""choba payout, choba shop bank: two people pay four shops, as they type it, and are refused."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest

from protos.units import Micros
from server.campaigns import is_bank_day, next_bank_day
from server.cli.__main__ import main
from server.clock import DAY, system_clock, tokyo_day
from server.oversight import acts_between
from tests.support.books import VOUCHER, Town
from tests.support.closes import assert_closes_hold
from tests.support.market import BAKERY, MATSUYA, PHARMACY, SAKE, two_weeks
from tests.support.payouts import assert_payouts_hold

HANAKO: Final = ("--by", "経理 花子", "--why", "第1回の精算")
JIRO: Final = ("--by", "課長 次郎", "--why", "確認した")
ACCOUNT: Final = ("--bank-code", "0001", "--branch-code", "001", "--account-type", "1")
OWN: Final = (*ACCOUNT, "--account-number", "1234567", "--payer-code", "1234567890")
_ID: Final = re.compile(r"\b[0-9A-Za-z]{20}\b")


class Desk:
    """``choba`` on the machine of the books."""

    def __init__(self, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
        self._where = where
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, *self._where])
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    def says(self, *arguments: str) -> str:
        """It is an error if it ends otherwise than with 0."""
        status, out, err = self.run(*arguments)
        assert status == 0, err
        return out

    def refuses(self, *arguments: str) -> str:
        """The code of the refusal."""
        status, out, err = self.run(*arguments)
        found = re.match(r"choba: (CHOBA_[A-Z_]+): ", err)
        assert found, (out, err)
        assert status == 1
        return found[1]

    def reads(self, path: Path, *known: str) -> str:
        """What ``choba bankfile check`` says of a right file; it needs no books."""
        assert main(["bankfile", "check", str(path), *known]) == 0
        return self._capsys.readouterr().out

    def give_details(self, shop: str, number: str, name: str) -> None:
        account = (*ACCOUNT, "--account-number", number, "--recipient", name)
        asked = self.says("shop", "bank", "ask", "--shop", shop, *account, *HANAKO)
        assert "承認待ち" in asked
        assert "別の担当者" in asked
        request = first_id(asked)
        assert request in self.says("shop", "bank", "list")
        approve = ("shop", "bank", "approve", request)
        assert self.refuses(*approve, *HANAKO) == "CHOBA_PAYOUT_SAME_PERSON"
        assert "承認済み" in self.says(*approve, *JIRO)
        assert request in self.says("shop", "bank", "list", "--shop", shop)
        assert self.says("shop", "bank", "list") == ""

    def prepare(self) -> None:
        """The service's terms, three accounts, a correction."""
        assert "まだ決まっていません" in self.run("payout", "show-settings", VOUCHER)[1]
        terms = ("--minimum", "100", "--fee", "１１０", "--fee-bearer", "shop")
        self.says("payout", "settings", VOUCHER, *OWN, *terms, *HANAKO)
        shown = self.says("payout", "show-settings", VOUCHER)
        for said in ("1234567890", "最低振込額 100円", "手数料 110円（加盟店負担）", "第1版"):
            assert said in shown, shown
        self.give_details(MATSUYA, "7654321", "マツヤセイカテン")
        self.give_details(SAKE, "7654322", "カ）ホンチヨウサケテン")
        self.give_details(PHARMACY, "7654323", "エキマエヤツキヨク")
        proposed = self.says("payout", "correct", VOUCHER, SAKE, "--amount=▲700", *HANAKO)
        decide = ("payout", "decide-correction", first_id(proposed), "approve")
        assert self.refuses(*decide, *HANAKO) == "CHOBA_PAYOUT_SAME_PERSON"
        assert "-700円" in self.says(*decide, *JIRO)
        assert "承認済み" in self.says("payout", "corrections", VOUCHER, SAKE)
        assert self.says("payout", "corrections", VOUCHER, MATSUYA) == ""

    def to_the_bank(self, number: str, folder: Path, day: date) -> str:
        """Approved, made, read as right, handed over: what the check said."""
        step = ("payout", "approve", number)
        assert self.refuses(*step, *HANAKO) == "CHOBA_PAYOUT_SAME_PERSON"
        assert "承認済み" in self.says(*step, *JIRO)
        file = folder / f"{number}.txt"
        make = ("payout", "file", number, "--output", str(file), *HANAKO)
        made = self.says(*make)
        first = file.read_bytes()
        assert self.refuses(*make) == "CHOBA_BANKFILE_OUTPUT_TAKEN"
        assert self.says(*make, "--replace") == made
        assert file.read_bytes() == first
        assert file.stat().st_mode & 0o777 == 0o600
        digest = re.search(r"SHA-256 ([0-9a-f]{64})", made)
        assert digest
        said = self.reads(file, "--year", str(day.year), "--sha256", digest[1])
        assert "送付済み" in self.says("payout", "sent", number, *HANAKO)
        return said


def first_id(said: str) -> str:
    found = _ID.search(said)
    assert found, said
    return found[0]


def line_of(said: str, payee: str) -> str:
    (found,) = (line for line in said.splitlines() if payee in line)
    return found


def pay_day(days: int) -> date:
    return next_bank_day(tokyo_day(system_clock()) + timedelta(days=days))


@pytest.fixture
def desk(sqlite_town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    return Desk(("--database", url, "--state-dir", str(tmp_path)), capsys)


async def test_from_due_to_settled_and_one_that_came_back(
    sqlite_town: Town, desk: Desk, tmp_path: Path
) -> None:
    await two_weeks(sqlite_town)
    desk.says("close", "run", VOUCHER, "--number", "1", *HANAKO)
    desk.prepare()
    day = pay_day(3)
    draft = ("payout", "draft", VOUCHER, "--pay-day", str(day), *HANAKO)
    for said in (
        desk.says("payout", "preview", VOUCHER, "--pay-day", str(day)),
        desk.says(*draft, "--key", "week-1"),
    ):
        assert "1,090円" in line_of(said, MATSUYA)
        assert "振込先の口座が登録されていません" in line_of(said, BAKERY)
        assert "繰越 carried -200" in line_of(said, SAKE)
        assert "繰越（少額）" in line_of(said, PHARMACY)
    assert desk.says(*draft, "--key", "week-1").startswith("支払 1 ")
    assert desk.refuses(*draft) == "CHOBA_PAYOUT_UNSENT"
    said = desk.to_the_bank("1", tmp_path, day)
    for told in (f"{day:%m-%d}", "合計 sum          1,090円", "件数 count        1"):
        assert told in said, said
    assert "支払済み" in desk.says("payout", "settled", "1", *HANAKO)

    desk.says("close", "run", VOUCHER, "--number", "2", *HANAKO)
    desk.give_details(BAKERY, "7654324", "ミホンパン")
    second = desk.says("payout", "draft", VOUCHER, "--pay-day", str(day), *HANAKO)
    for shop, amount in ((MATSUYA, 290), (BAKERY, 990), (SAKE, 290), (PHARMACY, 180)):
        assert f"= {amount}円" in line_of(second, shop)
    payout = first_id(line_of(second, BAKERY))
    came_back = ("payout", "returned", payout, "--details-wrong", *JIRO)
    assert desk.refuses(*came_back) == "CHOBA_PAYOUT_STATE"
    assert "合計 sum          1,750円" in desk.to_the_bank("2", tmp_path, day)
    assert "990円" in desk.says(*came_back)
    assert "一部組戻し" in desk.says("payout", "list", VOUCHER).splitlines()[1]
    again = ("payout", "draft", VOUCHER, "--pay-day", str(day), *HANAKO)
    assert desk.refuses(*again) == "CHOBA_PAYOUT_NOTHING_TO_PAY"
    desk.give_details(BAKERY, "7654399", "ミホンパン")
    third = desk.says(*again)
    assert "= 990円" in line_of(third, BAKERY)
    assert payout not in third
    desk.to_the_bank("3", tmp_path, day)
    desk.says("payout", "settled", "3", *JIRO)
    shown = desk.says("payout", "show", "3")
    assert [line.split("  ")[2] for line in shown.splitlines()[2:-1]] == [
        "drafted",
        "approved",
        "file made",
        "sent",
        "settled",
    ]
    assert_closes_hold(sqlite_town)
    assert_payouts_hold(sqlite_town)
    acts = sqlite_town.database.read_now(
        lambda c: list(acts_between(c, Micros(0), Micros(system_clock() + DAY)))
    )
    assert {(act.what, act.by) for act in acts if act.what.startswith("payout.")} == {
        ("payout.settings", "経理 花子"),
        ("payout.draft", "経理 花子"),
        ("payout.approve", "課長 次郎"),
        ("payout.file", "経理 花子"),
        ("payout.sent", "経理 花子"),
        ("payout.settled", "経理 花子"),
        ("payout.settled", "課長 次郎"),
        ("payout.returned", "課長 次郎"),
    }


async def test_a_discarded_bulks_file_is_not_written(
    sqlite_town: Town, desk: Desk, tmp_path: Path
) -> None:
    await two_weeks(sqlite_town)
    desk.says("close", "run", VOUCHER, "--number", "1", *HANAKO)
    desk.prepare()
    desk.says("payout", "draft", VOUCHER, "--pay-day", str(pay_day(3)), *HANAKO)
    desk.says("payout", "approve", "1", *JIRO)
    make = ("payout", "file", "1", *HANAKO, "--output")
    desk.says(*make, str(tmp_path / "made.txt"))
    assert desk.refuses("payout", "discard", "1", *HANAKO) == "CHOBA_PAYOUT_SAME_PERSON"
    assert "破棄" in desk.says("payout", "discard", "1", *JIRO)
    assert desk.refuses(*make, str(tmp_path / "again.txt")) == "CHOBA_PAYOUT_STATE"
    assert not (tmp_path / "again.txt").exists()
    second = desk.says("payout", "draft", VOUCHER, "--pay-day", str(pay_day(3)), *HANAKO)
    assert second.startswith("支払 2 ")


async def test_one_transfer_for_a_merchant(sqlite_town: Town, desk: Desk) -> None:
    await two_weeks(sqlite_town)
    desk.says("close", "run", VOUCHER, "--number", "1", *HANAKO)
    desk.prepare()
    one = ("payout", "one-transfer", "M-0011")
    assert "加盟店ごとに1件" in desk.says(*one, "yes", *HANAKO)
    assert "M-0011" in desk.says("payout", "show-settings", VOUCHER)
    assert "振込先の口座が登録されていません" in line_of(
        desk.says("payout", "preview", VOUCHER, "--pay-day", str(pay_day(3))), "M-0011"
    )
    account = (*ACCOUNT, "--account-number", "1", "--recipient", "カ)ミホンパン")
    asked = desk.says("shop", "bank", "ask", "--merchant", "M-0011", *account, *HANAKO)
    assert "却下" in desk.says("shop", "bank", "refuse", first_id(asked), *HANAKO)
    asked = desk.says("shop", "bank", "ask", "--merchant", "M-0011", *account, *HANAKO)
    desk.says("shop", "bank", "approve", first_id(asked), *JIRO)
    preview = desk.says("payout", "preview", VOUCHER, "--pay-day", str(pay_day(3)))
    assert "= 690円" in line_of(preview, "M-0011")
    assert "店舗ごと" in desk.says(*one, "no", *HANAKO)
    assert "M-0011" not in desk.says("payout", "show-settings", VOUCHER)


def weekend() -> str:
    day = pay_day(3)
    while is_bank_day(day):
        day += timedelta(days=1)
    return str(day)


_ASK: Final = ("shop", "bank", "ask", "--shop", MATSUYA, "--account-number", "1", *HANAKO)
_SET: Final = ("payout", "settings", VOUCHER, *HANAKO)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((*_ASK, *ACCOUNT, "--recipient", "松屋"), "CHOBA_BANKFILE_NAME_CHARACTER"),
        ((*_ASK, *ACCOUNT, "--recipient", "マ" * 31), "CHOBA_BANKFILE_NAME_TOO_LONG"),
        ((*_ASK, *ACCOUNT, "--recipient", " "), "CHOBA_BANKFILE_NAME_EMPTY"),
        (
            (*_ASK, *ACCOUNT, "--recipient", "マ", "--bank-code", "9999"),
            "CHOBA_BANKFILE_BANK_UNKNOWN",
        ),
        (
            (*_ASK, *ACCOUNT, "--recipient", "マ", "--branch-code", "000"),
            "CHOBA_BANKFILE_BRANCH_UNKNOWN",
        ),
        ((*_ASK, *ACCOUNT, "--recipient", "マ", "--bank-code", "1"), "CHOBA_BANKFILE_BANK_CODE"),
        ((*_SET, *OWN, "--minimum", "0"), "CHOBA_PAYOUT_MINIMUM"),
        ((*_SET, *OWN, "--fee", "100001"), "CHOBA_PAYOUT_FEE"),
        ((*_SET, *OWN, "--payer-code", "12345678901"), "CHOBA_BANKFILE_PAYER_CODE"),
        (("payout", "show-settings", "nothing"), "CHOBA_PAYOUT_SERVICE_UNKNOWN"),
        (("payout", "preview", VOUCHER), "CHOBA_PAYOUT_NO_SETTINGS"),
        (
            ("payout", "correct", VOUCHER, MATSUYA, "--amount", "0", *HANAKO),
            "CHOBA_PAYOUT_CORRECTION_AMOUNT",
        ),
        (("payout", "approve", "7", *JIRO), "CHOBA_PAYOUT_BULK_UNKNOWN"),
        (("payout", "show", "x"), "CHOBA_PAYOUT_BULK_UNKNOWN"),
        (("payout", "returned", "x" * 20, "--details-right", *JIRO), "CHOBA_PAYOUT_UNKNOWN"),
        (("shop", "bank", "approve", "x" * 20, *JIRO), "CHOBA_PAYOUT_REQUEST_UNKNOWN"),
        (("payout", "one-transfer", "M-9", "yes", *HANAKO), "CHOBA_PAYOUT_MERCHANT_UNKNOWN"),
    ],
)
def test_what_is_refused(desk: Desk, arguments: tuple[str, ...], code: str) -> None:
    assert desk.refuses(*arguments) == code


def test_pay_days_that_no_bank_works_on(desk: Desk) -> None:
    desk.says(*_SET, *OWN)
    draft = ("payout", "draft", VOUCHER, *HANAKO, "--pay-day")
    for day, code in (
        (weekend(), "CHOBA_BANKFILE_PAY_DAY"),
        (f"{tokyo_day(system_clock()).year + 1}-01-01", "CHOBA_BANKFILE_PAY_DAY"),
        (f"{tokyo_day(system_clock()).year}-12-31", "CHOBA_BANKFILE_PAY_DAY"),
        ("2024-06-18", "CHOBA_PAYOUT_PAY_DAY_PAST"),
        ("2999-06-03", "CHOBA_BANKFILE_PAY_DAY_HORIZON"),
        ("18.6.2027", "CHOBA_BANKFILE_DATE"),
        (str(pay_day(3)), "CHOBA_PAYOUT_NOTHING_TO_PAY"),
    ):
        assert desk.refuses(*draft, day) == code, day
