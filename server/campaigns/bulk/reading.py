"""From bytes to rows: any bytes give rows and problems, never an error. Format: docs/bulk-csv.md.

A record is one line: a quotation mark that is not closed spoils its own line and no other. Memory
does not grow with the file but for the keys, which have to be compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final, TypeVar

from server.campaigns.bulk.refusals import BulkCode, Problem, problem, problem_of
from server.campaigns.grant_checks import read_amount, read_key, read_note, read_price
from server.campaigns.grant_refusals import GrantRefusal
from server.campaigns.grant_types import Notes
from server.ledger import Operation

MOST_LINES: Final = 250_000
MOST_LINE_BYTES: Final = 4096
REQUIRED: Final = ("key", "uid", "serviceId", "operationId", "amount")
OPTIONAL: Final = ("price", "note1", "note2", "note3")
_COLUMNS: Final = (*REQUIRED, *OPTIONAL)
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_SHOWN_NAME: Final = 40
_OPERATIONS: Final = {"OP2": Operation.GRANT, "OP3": Operation.CHARGE}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One line whose texts are in order; whether user and service exist is not known here."""

    line: int
    key: str
    user_id: str
    service_id: str
    operation: Operation
    amount: int
    price: int
    notes: Notes


def read_rows(file: BinaryIO, most_lines: int = MOST_LINES) -> Iterator[Row | Problem]:
    """Rows and problems in the order of their lines; every line is looked at.

    Ends early after what makes the rest unreadable: the header, UTF-16, too many lines.
    """
    lines = _lines(file)
    head = next(lines, None)
    if head is None:
        yield problem(1, BulkCode.EMPTY)
        return
    columns = _header(head[1]) if not isinstance(head[1], Problem) else [head[1]]
    wrong = [found for found in columns if isinstance(found, Problem)]
    if wrong:
        yield from wrong
        return
    names = [name for name in columns if isinstance(name, str)]
    keys: dict[str, int] = {}
    number = 0
    for line, content in lines:
        number += 1
        if number > most_lines:
            yield problem(line, BulkCode.TOO_MANY_LINES, most=most_lines)
            return
        if isinstance(content, Problem):
            yield content
            continue
        yield from _row(line, content, names, keys)
    if not number:
        yield problem(1, BulkCode.EMPTY)


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | Problem]]:
    """Lines with their number, without their ends; empty ones are left out."""
    line = 0
    while raw := file.readline(MOST_LINE_BYTES + 1):
        line += 1
        if line == 1:
            if raw.startswith(_UTF_16):
                yield 1, problem(1, BulkCode.UTF_16)
                return
            raw = raw.removeprefix(_BOM)
        if len(raw) > MOST_LINE_BYTES:
            _skip_line(file, raw)
            yield line, problem(line, BulkCode.LINE_TOO_LONG, most=MOST_LINE_BYTES)
            continue
        content = raw.removesuffix(b"\n").removesuffix(b"\r")
        if content:
            yield line, _decoded(line, content)


def _skip_line(file: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(1 << 16)


def _decoded(line: int, content: bytes) -> str | Problem:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return problem(line, _other_encoding(content))
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in text):
        return problem(line, BulkCode.CONTROL)
    return text


def _other_encoding(content: bytes) -> BulkCode:
    try:
        content.decode("cp932")
    except UnicodeDecodeError:
        return BulkCode.ENCODING
    return BulkCode.SHIFT_JIS


def _header(text: str) -> list[str | Problem]:
    fields = split(text)
    if fields is None:
        return [problem(1, BulkCode.QUOTES)]
    names = [name.strip() for name in fields]
    known = ", ".join(_COLUMNS)
    found: list[str | Problem] = []
    for position, name in enumerate(names):
        if name not in _COLUMNS:
            shown = name[:_SHOWN_NAME]
            found.append(problem(1, BulkCode.COLUMN_UNKNOWN, shown, name=shown, known=known))
        elif name in names[:position]:
            found.append(problem(1, BulkCode.COLUMN_TWICE, name, name=name))
        else:
            found.append(name)
    found += [
        problem(1, BulkCode.COLUMN_MISSING, name, name=name)
        for name in REQUIRED
        if name not in names
    ]
    return found


def split(text: str) -> list[str] | None:
    """The fields of one line (RFC 4180); None where a quotation mark stands wrong."""
    if '"' not in text:
        return text.split(",")
    fields: list[str] = []
    rest = text
    while True:
        if rest.startswith('"'):
            end = _closing(rest)
            if end is None:
                return None
            fields.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 1 :]
        else:
            field, comma, after = rest.partition(",")
            if '"' in field:
                return None
            fields.append(field)
            rest = comma + after
        if not rest:
            return fields
        if not rest.startswith(","):
            return None
        rest = rest[1:]


def _closing(text: str) -> int | None:
    """Where the quotation mark closes that ``text`` begins with."""
    at = 1
    while (at := text.find('"', at)) >= 0:
        if text[at + 1 : at + 2] != '"':
            return at
        at += 2
    return None


def _row(line: int, text: str, names: list[str], keys: dict[str, int]) -> Iterator[Row | Problem]:
    fields = split(text)
    if fields is None:
        yield problem(line, BulkCode.QUOTES)
        return
    if len(fields) != len(names):
        yield problem(line, BulkCode.FIELDS, wanted=len(names), found=len(fields))
        return
    values = dict.fromkeys(_COLUMNS, "") | dict(zip(names, fields, strict=True))
    cells = _Cells(line, values)
    row = cells.row()
    first = keys.setdefault(values["key"], line)
    if first != line and values["key"]:
        cells.problems.append(problem(line, BulkCode.KEY_TWICE, "key", first=first))
    if cells.problems or row is None:
        yield from cells.problems
    else:
        yield row


class _Cells:
    """Reads the cells of one line and collects what is wrong with each."""

    def __init__(self, line: int, values: dict[str, str]) -> None:
        self._line = line
        self._values = values
        self.problems: list[Problem] = []

    def row(self) -> Row | None:
        values = self._values
        key = self._checked("key", lambda: read_key(values["key"], "key"))
        operation = _OPERATIONS.get(values["operationId"].strip())
        if operation is None:
            self.problems.append(problem(self._line, BulkCode.OPERATION, "operationId"))
        amount = self._checked("amount", lambda: read_amount(values["amount"]))
        price = None
        if operation is not None and amount is not None:
            price = self._checked("price", lambda: read_price(values["price"], operation, amount))
        notes = [
            self._checked(name, partial(read_note, values[name], name))
            for name in ("note1", "note2", "note3")
        ]
        if self.problems or key is None or operation is None or amount is None or price is None:
            return None
        return Row(
            self._line,
            key,
            values["uid"],
            values["serviceId"],
            operation,
            amount,
            price,
            Notes.salted(*(note or "" for note in notes)),
        )

    def _checked(self, column: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except GrantRefusal as refused:
            self.problems.append(problem_of(self._line, column, refused))
            return None
