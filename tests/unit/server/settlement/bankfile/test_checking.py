"""A file of anybody's, read: what is wrong is named with its place; what is left open is a note."""

import hashlib
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protos.units import Yen
from server.settlement.bankfile import Account, Finding, FindingCode
from server.settlement.bankfile.layout import DATA, END, HEADER, RECORDS, TRAILER
from tests.support.bankfiles import FORMAT_LINE, checked, made, transfer

C = FindingCode
WHOLE = made(
    transfer(customer_code1="7", customer_code2="8"),
    transfer(account=Account("0001", "001", "1", "12"), recipient="ガク", amount=Yen(150_000)),
)


def changed(at: int, new: bytes, content: bytes = WHOLE) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def found(content: bytes, **changes: Any) -> list[tuple[FindingCode, int, int]]:
    """Code, record and offset of each finding."""
    report = checked(content, **changes)
    assert report.right == (not report.findings)
    for finding in report.findings:
        assert finding.ja
        assert finding.en
        assert finding.at < len(content) or finding.code is C.MISSING
    return [(one.code, one.record, one.offset) for one in report.findings]


def only(content: bytes, **changes: Any) -> Finding:
    (finding,) = checked(content, **changes).findings
    return finding


def test_a_right_file_and_its_summary() -> None:
    report = checked(WHOLE, year=2024)
    assert report.right
    assert report.notes == []
    assert report.sha256 == hashlib.sha256(WHOLE).hexdigest()
    (summary,) = report.summaries
    assert (summary.payer_code, summary.count, summary.total) == ("1234567890", 2, 151_200)
    assert (summary.bank_code, summary.branch_code, summary.account_number) == (
        "0001",
        "001",
        "1234567",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE.replace(b"\r\n", b""), "No line ends"),
        (WHOLE.replace(b"\r\n", b"\n"), "Line ends are LF"),
        (WHOLE.replace(b"\r\n", b"\r"), "Line ends are CR"),
        (WHOLE.removesuffix(b"\r\n"), "No line end after the last"),
        (WHOLE + b"\x1a", "EOF"),
        (WHOLE.replace(b"\r\n", b"") + b"\x1a\0\0", "EOF"),
    ],
)
def test_what_the_format_leaves_open_is_a_note(content: bytes, words: str) -> None:
    report = checked(content)
    assert report.right, report.findings
    assert any(words in note.en for note in report.notes)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", C.EMPTY, "空"),
        (b"%PDF-1.7 ...", C.NOT_A_BANK_FILE, "PDF"),
        (b"PK\x03\x04" + bytes(99), C.NOT_A_BANK_FILE, "Excel"),
        (WHOLE.decode("cp932").encode("utf-16"), C.NOT_A_BANK_FILE, "UTF-16"),
        (WHOLE.decode("cp932").encode(), C.ENCODING, "UTF-8"),
        (b"bank_code,branch_code\n", C.NOT_A_BANK_FILE, "記録が1つもありません"),
        (b"\xf1\xf2\xf1\xf0" + bytes(116), C.NOT_A_BANK_FILE, "EBCDIC"),
        (bytes(range(256)), C.NOT_A_BANK_FILE, "記録が1つもありません"),
    ],
)
def test_files_that_are_none(content: bytes, code: FindingCode, words: str) -> None:
    finding = only(content)
    assert (finding.code, finding.record) == (code, 0)
    assert words in finding.ja


def test_a_byte_order_mark() -> None:
    plain = b"\xef\xbb\xbf" + WHOLE
    assert (C.ENCODING, 1, 0) in found(plain)


DATA_1 = 122
"""Where the first data record begins."""


@pytest.mark.parametrize(
    ("at", "new", "code", "record", "offset", "words"),
    [
        (1, b"11", C.VALUE, 1, 1, "種別コード"),
        (3, b"1", C.VALUE, 1, 3, "コード区分"),
        (4, b" ", C.CHARACTER, 1, 4, "委託者コード"),
        (14, b" ", C.VALUE, 1, 14, "左詰め"),
        (54, b"0632", C.PAY_DAY, 1, 54, "振込指定日"),
        (54, b"0230", C.PAY_DAY, 1, 54, "振込指定日"),
        (54, b"0101", C.PAY_DAY, 1, 54, "休業日"),
        (54, b"1231", C.PAY_DAY, 1, 54, "休業日"),
        (58, b"0009", C.BANK_UNKNOWN, 1, 58, "仕向銀行番号"),
        (77, b"999", C.BRANCH_UNKNOWN, 1, 77, "仕向支店番号"),
        (95, b"3", C.VALUE, 1, 95, "預金種目"),
        (103, b"x", C.CHARACTER, 1, 103, "空き"),
        (DATA_1 + 1, b"0002", C.BANK_UNKNOWN, 2, 1, "被仕向銀行番号"),
        (DATA_1 + 20, b"00x", C.CHARACTER, 2, 22, "被仕向支店番号"),
        (DATA_1 + 5, b"\xb0", C.CHARACTER, 2, 5, "被仕向銀行名"),
        (DATA_1 + 38, b"00 0", C.VALUE, 2, 38, "手形交換所番号"),
        (DATA_1 + 42, b"0", C.VALUE, 2, 42, "預金種目"),
        (DATA_1 + 50, b"a", C.CHARACTER, 2, 50, "受取人名"),
        (DATA_1 + 52, b"\xa7", C.CHARACTER, 2, 52, "受取人名"),
        (DATA_1 + 50, b" " * 30, C.VALUE, 2, 50, "名前がありません"),
        (DATA_1 + 52, "町".encode("cp932"), C.CHARACTER, 2, 52, "全角文字「町」"),
        (DATA_1 + 52, b"\xff", C.CHARACTER, 2, 52, "バイト ff"),
        (DATA_1 + 80, b"0" * 10, C.VALUE, 2, 80, "振込金額"),
        (DATA_1 + 80, b"      1200", C.CHARACTER, 2, 80, "振込金額"),
        (DATA_1 + 91, b"       123", C.CHARACTER, 2, 91, "顧客コード1"),
        (DATA_1 + 111, b"1", C.VALUE, 2, 111, "振込区分"),
        (DATA_1 + 113, b"0", C.CHARACTER, 2, 113, "空き"),
        (DATA_1 + 244 + 1, b"000003", C.COUNT, 4, 1, "合計件数"),
        (DATA_1 + 244 + 7, b"000000151201", C.SUM, 4, 7, "151,200円"),
        (DATA_1 + 366 + 1, b"-", C.CHARACTER, 5, 1, "空き"),
    ],
)
def test_each_field(
    at: int, new: bytes, code: FindingCode, record: int, offset: int, words: str
) -> None:
    content = changed(at, new)
    finding = next(one for one in checked(content).findings if one.code is code)
    assert (finding.record, finding.offset) == (record, offset)
    assert finding.at == (record - 1) * 122 + offset
    assert words in finding.ja


def test_what_stands_there_is_shown() -> None:
    finding = only(changed(DATA_1 + 80, b"000000x200"))
    assert "「000000x200」" in finding.ja
    assert "'x' (78)" in finding.en


RECORDS_OF = [WHOLE[at : at + 122] for at in range(0, len(WHOLE), 122)]
H, D1, D2, T, E = RECORDS_OF


@pytest.mark.parametrize(
    ("records", "codes"),
    [
        ((H, D1, D2, T), [C.MISSING]),
        ((H, D1, D2), [C.MISSING, C.MISSING]),
        ((H, D1, D2, E), [C.ORDER, C.MISSING]),
        ((D1, D2, T, E), [C.ORDER] * 4),
        ((H, T, E), [C.ORDER, C.COUNT, C.SUM]),
        ((H, D1, T, E), [C.COUNT, C.SUM]),
        ((H, D1, D2, D2, T, E), [C.COUNT, C.SUM]),
        ((H, H, D1, D2, T, E), [C.ORDER]),
        ((H, D1, D2, T, E, E), [C.ORDER]),
        ((H, D1, D2, T, E, D1), [C.ORDER]),
        ((H, D1, D2, T, b"\r\n", E), [C.RECORD]),
        ((H, D1, D2, T, E, b"\r\n"), [C.RECORD]),
        ((H, b"3" + D1[1:], D2, T, E), [C.RECORD]),
        ((H, D1, D2[:-1], T, E), [C.LINE_ENDS]),
        ((H, D1[1:], D2, T, E), [C.RECORD]),
        ((H, D1[:40] + D1[41:], D2, T, E), [C.LENGTH]),
        ((H, D1[:40] + b" " + D1[40:], D2, T, E), [C.LENGTH]),
        ((H[:90] + H[91:], D1, D2, T, E), [C.LENGTH]),
    ],
)
def test_records_lost_doubled_and_damaged(
    records: tuple[bytes, ...], codes: list[FindingCode]
) -> None:
    assert [code for code, _, _ in found(b"".join(records))] == codes


def test_several_files_in_one() -> None:
    for content in (b"".join([H, D1, D2, T, H, D1, D2, T, E]), WHOLE + WHOLE):
        report = checked(content)
        assert report.right, report.findings
        assert [summary.total for summary in report.summaries] == [151_200, 151_200]


def test_a_file_without_line_ends_that_lost_a_byte() -> None:
    content = WHOLE.replace(b"\r\n", b"")
    first = checked(content[:200] + content[201:]).findings[0]
    assert first.record in (2, 3)
    assert not checked(content[:-1]).right


def test_cut_anywhere_it_is_never_right() -> None:
    """Only the last line end may be missing."""
    for length in range(len(WHOLE)):
        report = checked(WHOLE[:length])
        assert report.right == (length >= len(WHOLE) - 2 and WHOLE[length - 1] != 0x0D), length


def test_the_year_decides_whether_a_pay_day_is_a_bank_day() -> None:
    saturday_2024 = changed(54, b"0615")
    assert found(saturday_2024, year=2024) == [(C.PAY_DAY, 1, 54)]
    assert found(saturday_2024, year=2023) == []
    report = checked(saturday_2024)
    assert report.right
    assert "2024" in report.notes[0].en
    leap = changed(54, b"0229")
    assert found(leap, year=2024) == []
    assert found(leap, year=2023) == [(C.PAY_DAY, 1, 54)]
    assert found(WHOLE, year=2999) == [(C.PAY_DAY, 1, 54)]


def test_texts_for_the_recipient() -> None:
    """識別表示 Y makes the customer codes a text (EDI)."""
    content = changed(DATA_1 + 112, b"Y", changed(DATA_1 + 91, b"INV-2024-06         "))
    assert found(content) == []
    assert found(changed(DATA_1 + 95, b"#", content)) == [(C.CHARACTER, 2, 95)]


def test_test_banks_only_when_said() -> None:
    content = made(FORMAT_LINE, allow_unknown_bank=True)
    assert found(content) == [(C.BANK_UNKNOWN, 2, 1)]
    assert found(content, allow_unknown_bank=True) == []


def test_findings_are_bounded() -> None:
    many = b"".join([H, *[D1[:80] + b"x" * 10 + D1[90:]] * 500, T, E])
    report = checked(many)
    assert len(report.findings) == 200
    assert report.more == 300


SILENT = {
    HEADER: {
        "payer_code",
        "payer_name",
        "pay_date",
        "bank_code",
        "bank_name",
        "branch_code",
        "branch_name",
        "account_type",
        "account_number",
    },
    DATA: {
        "bank_code",
        "bank_name",
        "branch_code",
        "branch_name",
        "account_type",
        "account_number",
        "recipient",
        "new_code",
        "customer_code1",
        "customer_code2",
        "transfer_class",
        "edi_mark",
    },
    TRAILER: set(),
    END: set(),
}
"""Fields in which one byte may become another that is as right: the format guards only count and
sum. What was changed there shows in the file's SHA-256."""


def silent_at(at: int) -> bool:
    record, offset = divmod(at, 122)
    kind = RECORDS[chr(WHOLE[record * 122])]
    return any(
        field.offset <= offset < field.end and field.name in SILENT[kind] for field in kind.fields
    )


def test_one_changed_byte_is_found_or_lies_where_the_format_cannot_tell() -> None:
    """Every place of a file, each with some twenty other bytes."""
    draw = random.Random(5)
    edges = b"\0\t\n\r\x1a 0123789AZay-.(),\\\x7f\x81\xa0\xa6\xb0\xb1\xdf\xe0\xff"
    for at, old in enumerate(WHOLE):
        for new in {*draw.sample(edges, 16), *draw.randbytes(4)} - {old}:
            content = changed(at, bytes((new,)))
            report = checked(content)
            assert not report.right or silent_at(at), (at, new)
            assert report.sha256 != hashlib.sha256(WHOLE).hexdigest()


@given(st.binary(max_size=400))
@example(b"\r\n\r\n")
@example(b"1\r2\n")
@example(b"9")
def test_any_bytes_give_a_report(content: bytes) -> None:
    assert not checked(content).right


@given(st.integers(0, len(WHOLE)), st.binary(max_size=130), st.integers(0, 130))
def test_a_file_with_a_piece_of_anything_gives_a_report(at: int, new: bytes, lost: int) -> None:
    report = checked(WHOLE[:at] + new + WHOLE[at + lost :])
    for finding in report.findings:
        assert finding.ja
        assert finding.en
