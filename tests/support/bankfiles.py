"""Bank files for tests: a payer, transfers, and banks that stay as they are."""

import datetime as dt
from typing import Any, ClassVar

from protos.units import Yen
from server.settlement.bankfile import (
    Account,
    BranchName,
    Payer,
    Report,
    Transfer,
    bank_file,
    check,
)

TUESDAY = dt.date(2024, 6, 18)
"""The first pay day of the reference campaign."""
OWN = Account("0001", "001", "1", "1234567")
PAYER = Payer("1234567890", "ミホンシ デジタル ショウヒンケン", OWN)
TEST_ACCOUNT = Account("9999", "999", "1", "9000002")
"""Of the line in the format's description."""


class TwoBanks:
    """Banks 0001 and 0005 with branches 001 and 002."""

    names: ClassVar = {"0001": "みずほ", "0005": "三菱ＵＦＪ"}
    kana: ClassVar = {"0001": "ﾐｽﾞﾎ", "0005": "ﾐﾂﾋﾞｼﾕ-ｴﾌｼﾞｴｲ"}

    def bank_name(self, bank: str) -> str | None:
        return self.names.get(bank)

    def branch(self, bank: str, branch: str) -> BranchName | None:
        if bank not in self.names or branch not in ("001", "002"):
            return None
        return BranchName(self.kana[bank], "ﾎﾝﾃﾝ", self.names[bank], "本店")


BANKS = TwoBanks()


def transfer(**changes: Any) -> Transfer:
    values: dict[str, Any] = {
        "account": Account("0005", "002", "2", "7654321"),
        "recipient": "カ)マチノミセ",
        "amount": Yen(1200),
    }
    return Transfer(**values | changes)


FORMAT_LINE = transfer(
    account=TEST_ACCOUNT,
    amount=Yen(150_000),
    customer_code1="1",
    bank_name="テスト",
    branch_name="ホンテン",
)


def made(*transfers: Transfer, **changes: Any) -> bytes:
    values: dict[str, Any] = {"payer": PAYER, "pay_day": TUESDAY, "banks": BANKS}
    return bank_file(transfers=transfers or (transfer(),), **values | changes)


def checked(content: bytes, **changes: Any) -> Report:
    return check(content, BANKS, today=TUESDAY, **changes)
