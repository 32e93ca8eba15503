"""Any bytes give rows and problems by line; nothing else."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.campaigns.bulk.reading import MOST_LINE_BYTES, Row, read_rows, split
from server.campaigns.bulk.refusals import Problem
from server.ledger import Operation
from tests.support.bulk import HEADER

GOOD = "k1,u1,points,OP2,100"


def read(content: bytes | str, most_lines: int = 1000) -> list[Row | Problem]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_rows(io.BytesIO(raw), most_lines))


def problems(content: bytes | str, most_lines: int = 1000) -> list[tuple[int, str, str]]:
    return [
        (found.line, found.column, found.code.removeprefix("CHOBA_"))
        for found in read(content, most_lines)
        if isinstance(found, Problem)
    ]


@given(st.binary(max_size=600))
@example(b"")
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b'"')
def test_any_bytes_are_read(content: bytes) -> None:
    for found in read(content):
        assert isinstance(found, Row | Problem)


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)


@given(st.lists(cells | st.binary(max_size=30), max_size=9), st.sampled_from(["\n", "\r\n"]))
def test_any_cells_below_a_header_are_read(values: list[str | bytes], end: str) -> None:
    raw = b",".join(v.encode() if isinstance(v, str) else v for v in values)
    for found in read(f"{HEADER},note1{end}".encode() + raw + end.encode()):
        assert isinstance(found, Row | Problem)
        if isinstance(found, Problem):
            assert found.ja
            assert found.en
            assert found.code.startswith("CHOBA_")


@given(st.lists(cells, min_size=1, max_size=6))
def test_split_reads_what_a_csv_writer_writes(values: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    assert split(out.getvalue()) == values


@given(st.text('a",', max_size=12))
def test_split_gives_nothing_for_what_strict_readers_refuse(text: str) -> None:
    found = split(text)
    if found is None:
        assert '"' in text
    elif text:
        assert next(iter(csv.reader([text], strict=True))) == found


def test_a_row_with_everything() -> None:
    header = "note1,amount,operationId,serviceId,uid,key,price"
    line = '"花壇, ""春""","１，２００",OP3,voucher,u1,k1,"1,000"'
    (row,) = read(("\ufeff" + header + "\r\n" + line + "\r\n\r\n").encode())
    assert isinstance(row, Row)
    assert (row.line, row.key, row.user_id, row.service_id) == (2, "k1", "u1", "voucher")
    assert (row.operation, row.amount, row.price) == (Operation.CHARGE, 1200, 1000)
    assert row.notes.note1 == '花壇, "春"'


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", [(1, "", "BULK_EMPTY")]),
        (HEADER, [(1, "", "BULK_EMPTY")]),
        ("\ufeff".encode("utf-16"), [(1, "", "BULK_UTF_16")]),
        ("利用者,金額\n".encode("cp932"), [(1, "", "BULK_SHIFT_JIS")]),
        (b"key\x81,uid\n", [(1, "", "BULK_ENCODING")]),
        (
            "key,uid,serviceId,operationId,amount,amount,colour\n" + GOOD,
            [(1, "amount", "BULK_COLUMN_TWICE"), (1, "colour", "BULK_COLUMN_UNKNOWN")],
        ),
        (
            "key,uid,amount\n" + GOOD,
            [
                (1, "serviceId", "BULK_COLUMN_MISSING"),
                (1, "operationId", "BULK_COLUMN_MISSING"),
            ],
        ),
        ('"key,uid\n' + GOOD, [(1, "", "BULK_QUOTES")]),
    ],
)
def test_a_header_that_makes_the_rest_unreadable(
    content: bytes | str, found: list[tuple[int, str, str]]
) -> None:
    assert problems(content) == found


def test_every_line_is_looked_at_and_a_broken_quote_spoils_its_own_line_only() -> None:
    lines = [
        '"k1,u1,points,OP2,100',
        "k2,u1,points,OP2",
        "k3,u1,points,OP9,1.5",
        "k 4,u1,points,OP2,-1",
        "k5,u1,points,OP2,100",
        "k5,u1,points,OP2,100",
        "k7,u1,points,OP2," + "9" * MOST_LINE_BYTES,
        "k8,u1,points,OP2,1\x000",
        'k9,u"1,points,OP2,100',
        "k10,u1,points,OP2,100",
    ]
    content = "\n".join([HEADER, *lines])
    assert problems(content) == [
        (2, "", "BULK_QUOTES"),
        (3, "", "BULK_FIELDS"),
        (4, "operationId", "BULK_OPERATION"),
        (4, "amount", "GRANT_AMOUNT_DECIMAL"),
        (5, "key", "GRANT_KEY_INVALID"),
        (5, "amount", "GRANT_AMOUNT_NEGATIVE"),
        (7, "key", "BULK_KEY_TWICE"),
        (8, "", "BULK_LINE_TOO_LONG"),
        (9, "", "BULK_CONTROL"),
        (10, "", "BULK_QUOTES"),
    ]
    rows = [found for found in read(content) if isinstance(found, Row)]
    assert [row.line for row in rows] == [6, 11]


def test_a_line_in_another_encoding_is_named() -> None:
    content = f"{HEADER},note1\n{GOOD},".encode() + "花壇".encode("cp932") + b"\n"
    assert problems(content) == [(2, "", "BULK_SHIFT_JIS")]


def test_too_many_lines_end_the_reading() -> None:
    content = "\n".join([HEADER, *(f"k{i},u1,points,OP2,1" for i in range(5))])
    assert problems(content, most_lines=5) == []
    assert problems(content, most_lines=4) == [(6, "", "BULK_TOO_MANY_LINES")]


class Endless(io.RawIOBase):
    """A file of as many lines as anybody reads, or of one line without end."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.served = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.served += 1
        return next(self._lines, b"")


def test_a_million_lines_are_refused_in_flat_memory() -> None:
    def lines() -> Iterator[bytes]:
        yield HEADER.encode() + b"\n"
        for number in range(1_000_000):
            yield b"k%d,u1,points,OP2,1\n" % number

    file = Endless(lines())
    tracemalloc.start()
    last = None
    for found in read_rows(file, 20_000):  # type: ignore[arg-type]
        last = found
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(last, Problem)
    assert last.code == "CHOBA_BULK_TOO_MANY_LINES"
    assert file.served == 20_002
    assert peak < 8 << 20, "the keys of 20,000 lines and nothing else"


def test_a_line_without_end_is_skipped_in_flat_memory() -> None:
    content = io.BytesIO(HEADER.encode() + b"\n" + b"x" * (8 << 20) + b"\n" + GOOD.encode())
    tracemalloc.start()
    found = list(read_rows(content))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [f.line for f in found] == [2, 3]
    assert isinstance(found[1], Row)
    assert peak < 1 << 20


def test_the_sample_of_the_docs_is_right() -> None:
    sample = Path(__file__).parents[4] / "docs" / "samples" / "points.csv"
    rows = read(sample.read_bytes())
    assert [(row.operation, row.amount, row.price) for row in rows if isinstance(row, Row)] == [
        (Operation.GRANT, 300, 0),
        (Operation.GRANT, 1200, 0),
        (Operation.CHARGE, 12000, 10000),
    ]
    assert len(rows) == 3
