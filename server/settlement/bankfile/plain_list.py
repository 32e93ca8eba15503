"""A plain list of transfers (CSV) as people keep it in a spreadsheet.

UTF-8 with or without BOM, or Shift_JIS (CP932), which Excel still saves: a list in the one read as
the other holds no name that could be written, so the two can't be confused. Codes that lost their
leading zeros are refused, unless the caller says that they are to be put back.
"""

import csv
import io
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from protos.units import Yen
from server.refusal import Refusal
from server.settlement.bankfile import refusals as refuse
from server.settlement.bankfile.transfers import (
    BANK_DIGITS,
    BRANCH_DIGITS,
    Account,
    Transfer,
    UnknownBanks,
    account_problems,
    is_digits,
    transfer_problems,
)
from server.typed_amount import AmountProblem, parse_amount

REQUIRED: Final = (
    "bank_code",
    "branch_code",
    "account_type",
    "account_number",
    "recipient_kana",
    "amount",
    "customer_code1",
    "customer_code2",
)
OPTIONAL: Final = ("bank_name_kana", "branch_name_kana")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """``line`` counts from 1, the header included."""

    line: int
    refusal: Refusal


@dataclass(slots=True)
class PlainList:
    """All transfers of a list, and everything that is wrong with it."""

    transfers: list[Transfer] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)


def read_plain_list(content: bytes, places: UnknownBanks, *, pad_codes: bool = False) -> PlainList:
    """Every line is looked at. ``pad_codes``: put lost zeros in front of bank and branch codes."""
    found = PlainList()
    text = _decoded(content)
    if text is None:
        found.problems.append(LineProblem(1, refuse.list_encoding()))
        return found
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        wrong = _header_problem(header)
        if wrong is not None:
            found.problems.append(LineProblem(1, wrong))
            return found
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problem = refuse.list_columns(len(cells), len(header))
                found.problems.append(LineProblem(lines.line_num, problem))
                continue
            row = dict(zip(header, cells, strict=True))
            _take(found, lines.line_num, row, places, pad_codes)
    except csv.Error:
        found.problems.append(LineProblem(lines.line_num, refuse.list_quotes()))
    return found


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _header_problem(header: list[str]) -> Refusal | None:
    known = (*REQUIRED, *OPTIONAL)
    missing = [name for name in REQUIRED if name not in header]
    unknown = [
        name or "(空)"
        for place, name in enumerate(header)
        if name not in known or name in header[:place]
    ]
    if not missing and not unknown:
        return None
    return refuse.list_header(missing, unknown, ",".join(REQUIRED))


def _take(
    found: PlainList, line: int, row: dict[str, str], places: UnknownBanks, pad_codes: bool
) -> None:
    bank, branch = _code(row["bank_code"]), _code(row["branch_code"])
    if pad_codes:
        bank, branch = _padded(bank, BANK_DIGITS), _padded(branch, BRANCH_DIGITS)
    where = (bank, branch, _code(row["account_type"]), _code(row["account_number"]))
    recipient = row["recipient_kana"]
    codes = (_code(row["customer_code1"]), _code(row["customer_code2"]))
    names = (row.get("bank_name_kana", "").strip(), row.get("branch_name_kana", "").strip())
    amount = parse_amount(row["amount"], Yen(refuse.MOST_AMOUNT))
    readable = Yen(1) if isinstance(amount, AmountProblem) else amount
    problems = account_problems(*where)
    if not problems:
        try:
            places.branch(Account(*where))
        except Refusal as refusal:
            problems.append(refusal)
    problems += transfer_problems(recipient, readable, codes, names)
    if isinstance(amount, AmountProblem):
        large = amount is AmountProblem.LARGE
        problems.append(
            refuse.amount_too_large() if large else refuse.amount_not_positive(row["amount"])
        )
    if problems:
        found.problems += [LineProblem(line, problem) for problem in problems]
        return
    found.transfers.append(Transfer(Account(*where), recipient, readable, *codes, *names))


def _code(text: str) -> str:
    """Full-width digits are read; ² and ① are no digits, whatever NFKC makes of them."""
    if any(unicodedata.category(sign) == "No" for sign in text):
        return text
    return unicodedata.normalize("NFKC", text).strip()


def _padded(code: str, digits: int) -> str:
    return code.zfill(digits) if is_digits(code, 1, digits) else code
