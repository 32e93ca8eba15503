"""The residents' file: every fault by line and code, nothing of a faulty file stays."""

import io
from datetime import date

import pytest

from server.campaigns.selling import FileRefused, LineCode, Source, check_residents
from server.campaigns.selling.csv_lines import MOST_LINES
from tests.support.books import Town
from tests.support.campaign import CAMPAIGN, KEY, Sale, csv_of, terms_of

HEAD = b"residentNumber,code,birthDate\r\n"
GOOD = b"R1,ABCDEFGH,1954-04-01\r\n"
TODAY = date(2024, 4, 1)


def check(content: bytes) -> list[tuple[int, LineCode, str]]:
    try:
        check_residents(lambda: io.BytesIO(content), CAMPAIGN, KEY, TODAY)
    except FileRefused as refused:
        return [(error.line, error.code, error.column) for error in refused.errors]
    return []


@pytest.mark.parametrize(
    "content",
    [
        HEAD + GOOD,
        b"\xef\xbb\xbf" + HEAD + GOOD,
        (HEAD + GOOD).replace(b"\r\n", b"\n"),
        HEAD + GOOD.rstrip(),
        HEAD + b'"R1","ABCD-EFGH","1954/4/1"\r\n\r\n',
        HEAD + "R1,ＡＢＣＤ ＥＦＧＨ,１９５４－０４－０１\r\n".encode(),
        HEAD + b"R1,ABCDEFGH,2000-02-29\r\n",
    ],
)
def test_files_that_are_fine(content: bytes) -> None:
    assert check(content) == []


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"", [(1, LineCode.HEADER, "")]),
        (HEAD, [(1, LineCode.EMPTY, "")]),
        (b"number,code,birthDate\r\n" + GOOD, [(1, LineCode.HEADER, "")]),
        (b"residentNumber;code;birthDate\r\n" + GOOD, [(1, LineCode.HEADER, "")]),
        ((HEAD + GOOD).decode().encode("utf-16"), [(1, LineCode.ENCODING, "")]),
        (HEAD + GOOD + "市,ABCDEFG2,1954-04-01\r\n".encode("cp932"), [(3, LineCode.ENCODING, "")]),
        (HEAD + GOOD + b'R2,"AB"CDEFG,1954-04-01\r\n', [(3, LineCode.QUOTES, "")]),
        (HEAD + b'R1,"ABCDEFGH,1954-04-01\r\n', [(2, LineCode.QUOTES, "")]),
        (HEAD + b"x" * 5000 + b"\r\n", [(2, LineCode.LONG_LINE, "")]),
        (HEAD + b"R1,ABCDEFGH\r\n" + GOOD, [(2, LineCode.COLUMNS, "")]),
        (HEAD + b"R1,ABCDEFGH,1954-04-01,x\r\n" + GOOD, [(2, LineCode.COLUMNS, "")]),
        (HEAD + b",ABCDEFGH,1954-04-01\r\n", [(2, LineCode.VALUE, "residentNumber")]),
        (HEAD + b"=1+1,ABCDEFGH,1954-04-01\r\n", [(2, LineCode.VALUE, "residentNumber")]),
        (HEAD + b"R1,ABC,1954-04-01\r\n", [(2, LineCode.VALUE, "code")]),
        (HEAD + b"R1,ABCDEFGH,1954-02-29\r\n", [(2, LineCode.DATE, "birthDate")]),
        (HEAD + b"R1,ABCDEFGH,2024-04-02\r\n", [(2, LineCode.DATE, "birthDate")]),
        (HEAD + b"R1,ABCDEFGH,S29.4.1\r\n", [(2, LineCode.DATE, "birthDate")]),
        (HEAD + b"R1,ABCDEFGH,1754-04-01\r\n", [(2, LineCode.DATE, "birthDate")]),
        (HEAD + GOOD + b"R1,ABCDEFG2,1954-04-01\r\n", [(3, LineCode.TWICE, "residentNumber")]),
        (HEAD + GOOD + b"R2,abcd-efgh,1954-04-01\r\n", [(3, LineCode.TWICE, "code")]),
        (
            HEAD + b"R1,ABC,1954-13-01\r\n" + GOOD + b"R3\r\n",
            [
                (2, LineCode.VALUE, "code"),
                (2, LineCode.DATE, "birthDate"),
                (4, LineCode.COLUMNS, ""),
            ],
        ),
    ],
)
def test_faults_by_line(content: bytes, faults: list[tuple[int, LineCode, str]]) -> None:
    assert check(content) == faults


class _Endless(io.RawIOBase):
    """A million lines that nobody has to hold."""

    def __init__(self) -> None:
        self.given = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self.given += 1
        return HEAD if self.given == 1 else b"R%d,CODE%08d,1954-04-01\n" % (self.given, self.given)


def test_a_million_lines_end_at_the_limit() -> None:
    endless = _Endless()
    with pytest.raises(FileRefused) as caught:
        check_residents(lambda: endless, CAMPAIGN, KEY, TODAY)  # type: ignore[arg-type,return-value]
    assert caught.value.errors[0].code == LineCode.MANY_LINES
    assert endless.given == MOST_LINES + 2


def test_a_hundred_faults_are_shown_and_all_are_counted() -> None:
    with pytest.raises(FileRefused) as caught:
        check_residents(csv_of(*["R1"] * 250), CAMPAIGN, KEY, TODAY)
    assert (len(caught.value.errors), caught.value.count) == (100, 250)
    assert caught.value.ja.startswith("ファイルに誤りがあるため、1行も取り込んでいません。2行目: ")


def test_the_same_file_again_a_longer_one_and_one_that_differs(town: Town) -> None:
    sale = Sale(town, terms_of(10))
    first = csv_of("R1,ABCDEFG1,1954-04-01", "R2,ABCDEFG2,1990-01-01")
    assert (sale.import_file(first).added, sale.import_file(first).repeated) == (2, True)
    longer = csv_of("R2,ABCDEFG2,1990-01-01", "R3,ABCDEFG3,1991-01-01")
    assert sale.import_file(longer).added == 1

    def refused(source: Source) -> list[tuple[int, LineCode]]:
        with pytest.raises(FileRefused) as caught:
            sale.import_file(source)
        return [(error.line, error.code) for error in caught.value.errors]

    for other in ("R2,ABCDEFG9,1990-01-01", "R2,ABCDEFG2,1990-01-02", "R9,ABCDEFG2,1990-01-01"):
        assert refused(csv_of("R4,ABCDEFG4,1990-01-01", other)) == [(3, LineCode.CONFLICT)]
    assert town.count("eligible_residents") == 3
    assert town.count("eligibility_files") == 2
