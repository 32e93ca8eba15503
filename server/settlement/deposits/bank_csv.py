"""A bank's 入出金明細 as CSV: which line has arrived, when, how much, from whom.

Every bank names its columns in its own way and puts lines above them. The heading is the first
line that names all three, by the names below or by those that the caller gives.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final

from protos.units import Yen
from server.settlement.deposits.refusals import DepositCode, deposit_refusal
from server.settlement.deposits.types import Arrived
from server.typed_amount import AmountProblem, parse_amount

MOST_BYTES: Final = 8 << 20
MOST_YEN: Final = Yen(10**11)
_HEADING_WITHIN: Final = 30
_FIELDS: Final = ("date", "amount", "payer")
KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "date": frozenset(
        {"日付", "取引日", "年月日", "お取引日", "取引年月日", "勘定日", "入金日", "操作日"}
    ),
    "amount": frozenset(
        {
            "入金",
            "入金額",
            "入金金額",
            "お預り金額",
            "お預かり金額",
            "お預入金額",
            "お預入額",
            "預入金額",
            "預り金額",
        }
    ),
    "payer": frozenset(
        {
            "摘要",
            "摘要内容",
            "お取引内容",
            "取引内容",
            "内容",
            "振込依頼人名",
            "振込依頼人",
            "お振込依頼人名",
            "依頼人名",
        }
    ),
}
_ERAS: Final = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988}
_DAY: Final = re.compile(
    r"(?P<era>令和|平成|R|H)?\.?(?P<y>\d{1,4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?\Z"
)
_PLAIN_DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")


@dataclass(frozen=True, slots=True)
class BankFile:
    """What has arrived, in the order of the file; the other lines only counted."""

    arrived: tuple[Arrived, ...]
    others: int
    """Lines without an amount that arrived: withdrawals, totals, blanks."""


def parse_columns(text: str) -> dict[str, str]:
    """``date=取引日,amount=お預り金額,payer=摘要``; empty: by the known names."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, column = part.partition("=")
        if name.strip() not in _FIELDS or not equals or not column.strip():
            raise deposit_refusal(DepositCode.COLUMN_NAMES, field="columns", text=text[:100])
        found[name.strip()] = column.strip()
    return found


def read_bank_file(file: BinaryIO, columns: Mapping[str, str] | None = None) -> BankFile:
    """All lines or a Refusal that names the first wrong one."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise deposit_refusal(DepositCode.TOO_LARGE, field="file", most=MOST_BYTES >> 20)
    lines = _numbered(_decoded(content))
    heading, places = _heading(lines, columns or {})
    arrived: list[Arrived] = []
    others = 0
    for number, cells in lines[heading + 1 :]:
        one = _line(number, cells, places)
        if one is None:
            others += 1
        else:
            arrived.append(one)
    return BankFile(tuple(arrived), others)


def parse_day(text: str) -> date | None:
    """2024-06-18, 2024/6/18, 24.06.18, 20240618, 2024年6月18日, 令和6年6月18日, R6.6.18."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    found = _DAY.match(plain)
    if found:
        year = int(found["y"]) + _ERAS.get(found["era"] or "", 0)
        if not found["era"] and year < 100:
            year += 2000
        parts = (year, int(found["m"]), int(found["d"]))
    else:
        digits = _PLAIN_DAY.match(plain)
        if not digits:
            return None
        parts = (int(digits[1]), int(digits[2]), int(digits[3]))
    try:
        return date(*parts)
    except ValueError:
        return None


def _numbered(text: str) -> list[tuple[int, list[str]]]:
    """Rows with the number of their line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            found.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        ja = "引用符の使い方が正しくありません。"
        raise _wrong(reader.line_num, ja, f"{error}.") from error
    return found


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise deposit_refusal(DepositCode.ENCODING, field="file")


def _heading(
    lines: Sequence[tuple[int, list[str]]], given: Mapping[str, str]
) -> tuple[int, dict[str, int]]:
    for index, (_, cells) in enumerate(lines[:_HEADING_WITHIN]):
        names = [_plain(cell) for cell in cells]
        places = {
            field: place
            for field in _FIELDS
            if (place := _place(names, field, given.get(field))) is not None
        }
        if len(places) == len(_FIELDS):
            return index, places
    raise deposit_refusal(DepositCode.COLUMNS, field="columns")


def _place(names: Sequence[str], field: str, given: str | None) -> int | None:
    wanted = {_plain(given)} if given else {_plain(name) for name in KNOWN[field]}
    return next((place for place, name in enumerate(names) if name in wanted), None)


def _plain(name: str) -> str:
    """Without blanks and 「(円)」 behind it, which banks write or leave out."""
    text = unicodedata.normalize("NFKC", name).replace(" ", "")
    return text.removesuffix("(円)")


def _line(number: int, cells: Sequence[str], places: Mapping[str, int]) -> Arrived | None:
    def cell(field: str) -> str:
        return cells[places[field]] if places[field] < len(cells) else ""

    amount = parse_amount(cell("amount"), MOST_YEN)
    if amount in (AmountProblem.EMPTY, AmountProblem.ZERO):
        return None
    if isinstance(amount, AmountProblem):
        raise _wrong(number, "入金額が数字ではありません。", "the amount is no number.")
    day = parse_day(cell("date"))
    if day is None:
        if not cell("date"):
            return None  # 合計
        raise _wrong(number, "日付が読めません。", "the day cannot be read.")
    return Arrived(day, amount, cell("payer"), number)


def _wrong(line: int, ja: str, en: str) -> Exception:
    return deposit_refusal(DepositCode.LINE, field="file", line=line, ja=ja, en=en)
