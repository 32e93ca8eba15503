"""The master data of the installed package: complete, and every name of it can be written."""

import pytest

from server.settlement.bankfile import Account, UnknownBanks, ZenginBanks
from server.settlement.bankfile.banks import _all
from server.settlement.bankfile.kana import Alphabet


def test_every_banks_and_branches_name_can_be_written() -> None:
    """So no name has to be cut; a newer package with a longer one fails here."""
    banks = ZenginBanks()
    assert len(_all()) > 1000
    for code, bank in _all().items():
        for branch in bank.branches:
            found = banks.branch(code, branch)
            assert found is not None
            for name in (found.bank, found.branch):
                assert 1 <= len(name) <= 15, (code, branch)
                assert set(name) <= Alphabet.PLACE.value


def test_names_as_records_hold_them() -> None:
    banks = ZenginBanks()
    mitsubishi = banks.branch("0005", "001")
    assert mitsubishi is not None
    assert (mitsubishi.bank, mitsubishi.branch) == ("ﾐﾂﾋﾞｼﾕ-ｴﾌｼﾞｴｲ", "ﾎﾝﾃﾝ")
    assert banks.bank_name("0001") == "みずほ"
    assert banks.bank_name("9999") is None
    assert banks.branch("0001", "000") is None


def test_unknown_ones_are_refused_or_left_blank() -> None:
    banks = ZenginBanks()
    test_numbers = Account("9999", "999", "1", "1")
    assert UnknownBanks(banks, allowed=True).branch(test_numbers).bank == ""
    for account, code in (
        (test_numbers, "CHOBA_BANKFILE_BANK_UNKNOWN"),
        (Account("0001", "000", "1", "1"), "CHOBA_BANKFILE_BRANCH_UNKNOWN"),
    ):
        with pytest.raises(Exception, match=code):
            UnknownBanks(banks, allowed=False).branch(account)
