"""choba bankfile: as an operator types it."""

import codecs
import os
from pathlib import Path

import pytest

from server.cli.__main__ import main

HEADER = (
    "bank_code,branch_code,account_type,account_number,recipient_kana,amount,"
    "customer_code1,customer_code2"
)
GOOD = f"{HEADER}\n0001,001,1,1234567,カ）マチノミセ,150000,1,\n0005,001,2,1,マツヤ,1200,,2\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["bankfile", *arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return status, said.out, said.err


def make(folder: Path, content: str | bytes, *more: str, **changes: str) -> list[str]:
    listed = folder / "payouts.csv"
    listed.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = {
        "payer-code": "1234567890",
        "payer-name": "ミホンシ",
        "bank-code": "0001",
        "branch-code": "001",
        "account-type": "1",
        "account-number": "7654321",
        "pay-date": "2024-06-18",
        "output": str(folder / "out.txt"),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    return ["make", "--input", str(listed), *given, *more]


def codes(err: str) -> list[str]:
    return [
        line.split(": ")[1].removeprefix("CHOBA_BANKFILE_")
        for line in err.splitlines()
        if line.startswith("choba: ")
    ]


def test_from_a_list_to_a_checked_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *make(tmp_path, GOOD))
    assert (status, err) == (0, "")
    assert "2件、151,200円" in out
    file = tmp_path / "out.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().count(b"\r\n") == 5
    digest = out.split("SHA-256 ")[1].strip()
    status, out, _ = run(capsys, "check", str(file), "--year", "2024", "--sha256", digest)
    assert status == 0
    assert "ﾐﾎﾝｼ (1234567890)" in out
    assert "151,200円" in out
    file.write_bytes(file.read_bytes().replace(b"7654321", b"7654322"))
    assert run(capsys, "check", str(file))[0] == 0
    status, out, _ = run(capsys, "check", str(file), "--sha256", digest)
    assert (status, "SHA-256が違います" in out) == (1, True)


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + GOOD.encode(),
        GOOD.encode("cp932"),
        GOOD.replace("マ", "ﾏ").encode("cp932"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("150000", '"１５０，０００円"').replace("1234567", "１２３４５６７").encode(),
        GOOD.encode() + b"\n,,,,,,,\n",
    ],
)
def test_lists_as_spreadsheets_save_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "plain").mkdir()
    run(capsys, *make(tmp_path / "plain", GOOD))
    status, _, err = run(capsys, *make(tmp_path, content))
    assert (status, err) == (0, "")
    assert (tmp_path / "out.txt").read_bytes() == (tmp_path / "plain/out.txt").read_bytes()


def test_every_fault_is_told_with_its_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "1,001,1,1234567,カ）マチノミセ,150000,1,",
        "0001,001,1,1234567,町の店,0,1,",
        "0001,001,3,12345678,ア,-5,x,",
        "0002,001,1,1,ア,1.5,,",
        "0001,000,1,1,ア,99999999999,,",
        "0001,001,1,1,ア",
    ]
    arguments = make(tmp_path, "\n".join([HEADER, *lines]), pay_date="2024-06-15", payer_code="x")
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert codes(err) == [
        "PAYER_CODE",
        "PAY_DAY",
        "BANK_CODE",
        "NAME_CHARACTER",
        "AMOUNT",
        "ACCOUNT_TYPE",
        "ACCOUNT_NUMBER",
        "CUSTOMER_CODE",
        "AMOUNT",
        "BANK_UNKNOWN",
        "AMOUNT",
        "BRANCH_UNKNOWN",
        "AMOUNT_TOO_LARGE",
        "LIST_COLUMNS",
    ]
    assert "2行目 bank_code" in err
    assert "7行目" in err
    assert "14件の誤り" in err
    assert os.listdir(tmp_path) == ["payouts.csv"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (GOOD.split("\n", 1)[1], "LIST_HEADER"),
        (GOOD.replace("amount", "金額"), "LIST_HEADER"),
        (GOOD.replace("customer_code2", "amount"), "LIST_HEADER"),
        ("", "LIST_HEADER"),
        (HEADER, "EMPTY"),
        (GOOD.encode("utf-16"), "LIST_ENCODING"),
        (GOOD + '0001,001,1,1,"ア,1,,\n', "LIST_QUOTES"),
    ],
)
def test_lists_that_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, code: str
) -> None:
    status, _, err = run(capsys, *make(tmp_path, content))
    assert (status, codes(err)) == (1, [code])
    assert not (tmp_path / "out.txt").exists()


def test_lost_zeros_are_put_back_only_when_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = GOOD.replace("0001,001", "1,1")
    status, _, err = run(capsys, *make(tmp_path, lost))
    assert (status, codes(err)) == (1, ["BANK_CODE", "BRANCH_CODE"])
    assert "0001" in err
    assert "文字列" in err
    assert run(capsys, *make(tmp_path, lost, "--pad-codes"))[0] == 0
    assert b"20001" in (tmp_path / "out.txt").read_bytes()


def test_an_existing_file_stays_unless_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.txt"
    out.write_bytes(b"kept")
    status, _, err = run(capsys, *make(tmp_path, GOOD))
    assert (status, codes(err), out.read_bytes()) == (1, ["OUTPUT_TAKEN"], b"kept")
    assert run(capsys, *make(tmp_path, GOOD, "--replace"))[0] == 0
    assert out.read_bytes() != b"kept"
    assert sorted(os.listdir(tmp_path)) == ["out.txt", "payouts.csv"]


def test_test_numbers_and_names_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (
        f"{HEADER},bank_name_kana,branch_name_kana\n"
        "9999,999,1,9000002,カ）マチノミセ,150000,1,,テスト,ホンテン\n"
    )
    status, _, err = run(capsys, *make(tmp_path, content))
    assert (status, codes(err)) == (1, ["BANK_UNKNOWN"])
    assert run(capsys, *make(tmp_path, content, "--allow-unknown-bank"))[0] == 0
    file = str(tmp_path / "out.txt")
    assert "29999ﾃｽﾄ            999ﾎﾝﾃﾝ " in Path(file).read_text("cp932")
    assert run(capsys, "check", file)[0] == 1
    assert run(capsys, "check", file, "--allow-unknown-bank")[0] == 0


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "check", str(tmp_path / "none"))
    assert (status, codes(err)) == (1, ["FILE"])
    status, _, err = run(capsys, *make(tmp_path, GOOD, output=str(tmp_path / "no/out.txt")))
    assert (status, codes(err)) == (1, ["FILE"])
    status, _, err = run(capsys, *make(tmp_path, GOOD, pay_date="2024-13-01"))
    assert (status, codes(err)) == (1, ["DATE"])
    for day in ("２０２４-06-18", "2024/06/18"):
        arguments = make(tmp_path, GOOD, "--replace", pay_date=day)
        assert run(capsys, *arguments)[0] == 0


def test_a_broken_file_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *make(tmp_path, GOOD))
    file = tmp_path / "out.txt"
    content = bytearray(file.read_bytes())
    content[122 + 85] = ord("x")
    file.write_bytes(content)
    status, out, _ = run(capsys, "check", str(file))
    assert status == 1
    assert "記録2 offset 85 (byte 207 of the file): 振込金額" in out
    assert "amount" in out
    assert "誤りが1件" in out
