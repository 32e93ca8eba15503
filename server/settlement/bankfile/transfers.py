"""What a bank file says, as frozen values that can be written: who pays, to whom, how much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from protos.units import Yen
from server.refusal import Refusal
from server.settlement.bankfile import refusals as refuse
from server.settlement.bankfile.banks import NAME_LENGTH, BankDirectory, BranchName
from server.settlement.bankfile.kana import Alphabet, half_width
from server.settlement.bankfile.layout import ACCOUNT_TYPES, PARTY_LENGTH, PAYER_LENGTH

BANK_DIGITS: Final = 4
BRANCH_DIGITS: Final = 3
ACCOUNT_DIGITS: Final = 7
CODE_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account as people give it. Raises Refusal for what can't be one.

    Whether bank and branch exist is asked when the file is made: banks merge.
    """

    bank_code: str
    branch_code: str
    account_type: str
    account_number: str
    """1 to 7 digits; zeros in front make it 7, as banks do."""

    def __post_init__(self) -> None:
        _raise_first(
            account_problems(
                self.bank_code, self.branch_code, self.account_type, self.account_number
            )
        )

    @property
    def number(self) -> str:
        """Seven digits."""
        return self.account_number.zfill(ACCOUNT_DIGITS)


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays (委託者), from which account."""

    code: str
    """委託者コード: up to 10 digits, given by the bank."""
    name: str
    """As people give it; it stands on the recipients' bank lines."""
    account: Account

    def __post_init__(self) -> None:
        if not is_digits(self.code, 1, CODE_DIGITS):
            raise refuse.payer_code_wrong(self.code)
        payer_name(self.name)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line: to whom, and how much. Raises Refusal for what can't be written.

    ``bank_name``, ``branch_name``: empty takes them from the master data.
    """

    account: Account
    recipient: str
    amount: Yen
    customer_code1: str = ""
    customer_code2: str = ""
    bank_name: str = ""
    branch_name: str = ""

    def __post_init__(self) -> None:
        _raise_first(
            transfer_problems(
                self.recipient,
                self.amount,
                (self.customer_code1, self.customer_code2),
                (self.bank_name, self.branch_name),
            )
        )


def account_problems(bank: str, branch: str, kind: str, number: str) -> list[Refusal]:
    """Everything for which these can't be an account, in the order of the fields."""
    problems = []
    if not is_digits(bank, BANK_DIGITS, BANK_DIGITS):
        problems.append(refuse.code_malformed("bank_code", BANK_DIGITS, bank))
    if not is_digits(branch, BRANCH_DIGITS, BRANCH_DIGITS):
        problems.append(refuse.code_malformed("branch_code", BRANCH_DIGITS, branch))
    if kind not in ACCOUNT_TYPES:
        problems.append(refuse.account_type_wrong(kind))
    if not is_digits(number, 1, ACCOUNT_DIGITS):
        problems.append(refuse.account_number_wrong(number))
    return problems


def transfer_problems(
    recipient: str, amount: int, codes: tuple[str, str], places: tuple[str, str]
) -> list[Refusal]:
    """Everything for which this can't be a transfer. ``places``: names of bank and branch."""
    tries: list[Callable[[], object]] = [partial(recipient_name, recipient)]
    names = zip(("bank_name_kana", "branch_name_kana"), places, strict=True)
    tries += [partial(place_name, name, field) for field, name in names if name]
    problems = each_problem(*tries)
    if amount <= 0:
        problems.append(refuse.amount_not_positive())
    if amount > refuse.MOST_AMOUNT:
        problems.append(refuse.amount_too_large())
    for field, code in zip(("customer_code1", "customer_code2"), codes, strict=True):
        if code and not is_digits(code, 1, CODE_DIGITS):
            problems.append(refuse.customer_code_wrong(field, code))
    return problems


def recipient_name(name: str) -> str:
    """受取人名 in half-width, at most 30. Raises Refusal."""
    return half_width(name, PARTY_LENGTH, Alphabet.PARTY, "recipient_kana")


def payer_name(name: str) -> str:
    """委託者名 in half-width, at most 40. Raises Refusal."""
    return half_width(name, PAYER_LENGTH, Alphabet.PARTY, "payer_name")


def place_name(name: str, field: str) -> str:
    """A bank's or branch's name in half-width, at most 15. Raises Refusal."""
    return half_width(name, NAME_LENGTH, Alphabet.PLACE, field)


class UnknownBanks:
    """What to do with a bank or branch that the master data does not have."""

    def __init__(self, banks: BankDirectory, *, allowed: bool) -> None:
        """``allowed``: a bank's own test numbers; the name stays blank then."""
        self._banks = banks
        self._allowed = allowed

    def branch(self, account: Account) -> BranchName:
        """Raises Refusal BANK_UNKNOWN, BRANCH_UNKNOWN."""
        found = self._banks.branch(account.bank_code, account.branch_code)
        if found is not None:
            return found
        bank_ja = self._banks.bank_name(account.bank_code)
        if self._allowed:
            return BranchName("", "", bank_ja or "", "")
        if bank_ja is None:
            raise refuse.bank_unknown(account.bank_code)
        raise refuse.branch_unknown(account.bank_code, account.branch_code, bank_ja)


def is_digits(text: str, least: int, most: int) -> bool:
    """Plain digits 0 to 9 only."""
    return least <= len(text) <= most and text.isascii() and text.isdigit()


def each_problem(*tries: Callable[[], object]) -> list[Refusal]:
    """Calls each; what they refuse."""
    problems = []
    for attempt in tries:
        try:
            attempt()
        except Refusal as refusal:
            problems.append(refusal)
    return problems


def _raise_first(problems: Sequence[Refusal]) -> None:
    if problems:
        raise problems[0]
