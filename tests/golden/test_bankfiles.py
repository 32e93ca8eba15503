"""A bank's transfer file, byte for byte as it was looked at."""

from pathlib import Path

from protos.units import Yen
from server.settlement.bankfile import Account
from tests.support.bankfiles import FORMAT_LINE, checked, made, transfer

KEPT = Path(__file__).parent / "bankfiles" / "week_1.txt"


def test_the_first_week(regenerate_goldens: bool) -> None:
    """Marks, signs, each type of account, both customer codes, one yen and the most."""
    content = made(
        FORMAT_LINE,
        transfer(recipient="パン ト ガトー（ユウ", amount=Yen(1), customer_code2="31"),
        transfer(
            account=Account("0001", "001", "4", "12"),
            recipient="ﾌｸﾛｳｼｮﾃﾝ A.B-C",
            amount=Yen(9_999_999_999),
            customer_code1="0000000001",
            customer_code2="9999999999",
        ),
        transfer(account=Account("0001", "002", "9", "1234567")),
        allow_unknown_bank=True,
    )
    if regenerate_goldens:
        KEPT.write_bytes(content)
    assert content == KEPT.read_bytes()
    assert checked(content, year=2024, allow_unknown_bank=True).right
