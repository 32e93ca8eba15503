"""``choba bankfile``: 全銀 総合振込, made from a plain list and checked. Needs no server, no books.

choba bankfile check FILE [--year YEAR] [--allow-unknown-bank] [--sha256 DIGEST]
choba bankfile make --input LIST.csv --output FILE --pay-date DATE --payer-code N --payer-name KANA
                    --bank-code N --branch-code N --account-type 1|2|4|9 --account-number N
"""

import argparse
import hashlib
import sys
import unicodedata
from datetime import date
from functools import partial
from pathlib import Path

from server.cli.running import Rooms
from server.clock import system_clock, tokyo_day
from server.refusal import Refusal
from server.settlement.bankfile import (
    Account,
    Payer,
    PlainList,
    Report,
    UnknownBanks,
    ZenginBanks,
    account_problems,
    bank_file,
    check,
    check_pay_day,
    check_totals,
    each_problem,
    payer_name,
    read_plain_list,
)
from server.settlement.bankfile import refusals as refuse
from server.state import write_private

_TEST_BANKS = "a bank's own test numbers, such as bank 9999, are not looked up"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba bankfile``; ``common`` is not needed: no books are opened."""
    area = rooms.add_parser("bankfile").add_subparsers(required=True)
    command = area.add_parser("check", help="read any such file; say what is wrong where")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--year", type=int, metavar="YEAR", help="of the pay day")
    command.add_argument("--allow-unknown-bank", action="store_true", help=_TEST_BANKS)
    command.add_argument(
        "--sha256", default="", metavar="DIGEST", help="the file's, if you know it"
    )
    command.set_defaults(run=_check)

    command = area.add_parser("make", help="convert a plain list (CSV)")
    command.add_argument("--input", required=True, type=Path, metavar="LIST.csv")
    command.add_argument("--output", required=True, type=Path, metavar="FILE")
    command.add_argument("--pay-date", required=True, metavar="YYYY-MM-DD", help="振込指定日")
    command.add_argument("--payer-code", required=True, metavar="N", help="委託者コード")
    command.add_argument("--payer-name", required=True, metavar="KANA", help="委託者名")
    for name, ja in (
        ("bank-code", "仕向銀行番号"),
        ("branch-code", "仕向支店番号"),
        ("account-type", "1 普通, 2 当座, 4 貯蓄, 9 その他"),
        ("account-number", "口座番号"),
    ):
        command.add_argument(f"--{name}", required=True, metavar="N", help=ja)
    command.add_argument("--allow-unknown-bank", action="store_true", help=_TEST_BANKS)
    command.add_argument(
        "--pad-codes",
        action="store_true",
        help="a spreadsheet took the leading zeros of the list's bank and branch codes: put them "
        "back (without it such a code is refused)",
    )
    command.add_argument("--replace", action="store_true", help="write over an existing file")
    command.set_defaults(run=_make)


def _check(options: argparse.Namespace) -> int:
    content = read_file(options.file, "file")
    report = check(
        content,
        ZenginBanks(),
        today=tokyo_day(system_clock()),
        year=options.year,
        allow_unknown_bank=options.allow_unknown_bank,
    )
    print("\n".join(report_lines(report)))
    if options.sha256 and options.sha256.lower() != report.sha256:
        print("SHA-256が違います。別のファイルか、変えられたファイルです。 Not the same file.")
        return 1
    return 0 if report.right else 1


def report_lines(report: Report) -> list[str]:
    """For people: every fault with its place, then what the file says."""
    lines = []
    for finding in report.findings:
        place = f"記録{finding.record}" if finding.record else "ファイル"
        if finding.at >= 0:
            inside = f" offset {finding.offset}" if finding.offset >= 0 else ""
            place += f"{inside} (byte {finding.at} of the file)"
        lines += [f"誤り {place}: {finding.ja}", f"  {finding.code}: {finding.en}"]
    if report.more:
        lines.append(f"… ほかに{report.more:,}件 and {report.more:,} more")
    lines += [f"備考 {note.ja}\n  note: {note.en}" for note in report.notes]
    if report.right:
        for summary in report.summaries:
            month, day = summary.pay_date[:2], summary.pay_date[2:]
            lines += [
                f"委託者 payer      {summary.payer_name} ({summary.payer_code})",
                f"仕向口座 account  {summary.bank_code}-{summary.branch_code} "
                f"{summary.account_type} {summary.account_number}",
                f"振込指定日 pay day {month}-{day}",
                f"件数 count        {summary.count:,}",
                f"合計 sum          {summary.total:,}円",
            ]
    lines.append(f"SHA-256 {report.sha256}")
    found = len(report.findings) + report.more
    lines.append(
        "誤りはありません。 The file is right."
        if report.right
        else f"誤りが{found:,}件あります。 {found:,} faults."
    )
    return lines


def _make(options: argparse.Namespace) -> int:
    if not options.replace and options.output.exists():
        raise refuse.output_taken(str(options.output))
    places = UnknownBanks(ZenginBanks(), allowed=options.allow_unknown_bank)
    listed = read_plain_list(read_file(options.input, "input"), places, pad_codes=options.pad_codes)
    problems = _own_problems(options, places)
    if not listed.problems:
        problems += each_problem(partial(check_totals, listed.transfers))
    if problems or listed.problems:
        _tell(problems, listed)
        return 1
    payer = Payer(options.payer_code, options.payer_name, _account(options))
    day = typed_day(options.pay_date)
    content = bank_file(
        payer,
        day,
        listed.transfers,
        ZenginBanks(),
        allow_unknown_bank=options.allow_unknown_bank,
    )
    write_output(options.output, content, replace=options.replace)
    total = sum(transfer.amount for transfer in listed.transfers)
    print(
        f"{options.output}: 振込指定日 {day}、{len(listed.transfers):,}件、{total:,}円 "
        f"({len(listed.transfers):,} transfers, {total:,} yen)\n"
        f"SHA-256 {hashlib.sha256(content).hexdigest()}"
    )
    return 0


def _account(options: argparse.Namespace) -> Account:
    return Account(
        options.bank_code, options.branch_code, options.account_type, options.account_number
    )


def _own_problems(options: argparse.Namespace, places: UnknownBanks) -> list[Refusal]:
    """Of what the options say, all at once."""
    problems = account_problems(
        options.bank_code, options.branch_code, options.account_type, options.account_number
    )
    if not problems:
        problems = each_problem(lambda: places.branch(_account(options)))
    in_order = Account("0000", "000", "1", "0")
    return [
        *problems,
        *each_problem(
            lambda: payer_name(options.payer_name),
            lambda: Payer(options.payer_code, "ｱ", in_order),
            lambda: check_pay_day(typed_day(options.pay_date)),
        ),
    ]


def _tell(problems: list[Refusal], listed: PlainList) -> None:
    for problem in problems:
        print(f"choba: {problem.code}: {problem.ja}\n  {problem.en}", file=sys.stderr)
    for found in listed.problems:
        refusal = found.refusal
        print(
            f"choba: {refusal.code}: {found.line}行目 {refusal.field}: {refusal.ja}\n"
            f"  line {found.line}: {refusal.en}",
            file=sys.stderr,
        )
    count = len(problems) + len(listed.problems)
    print(
        f"{count:,}件の誤りがあるため、何も書いていません。 {count:,} faults; nothing was written.",
        file=sys.stderr,
    )


def typed_day(text: str) -> date:
    """2024-06-18, also in full-width digits. Raises Refusal."""
    try:
        return date.fromisoformat(unicodedata.normalize("NFKC", text).strip().replace("/", "-"))
    except ValueError as error:
        raise refuse.date_wrong(text) from error


def read_file(path: Path, field: str) -> bytes:
    """Raises Refusal in the system's own words."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse.file_unusable(str(path), error.strerror or str(error), field) from error


def write_output(path: Path, content: bytes, *, replace: bool) -> None:
    """Whole or not at all, for its owner alone (0600). Raises Refusal OUTPUT_TAKEN, FILE."""
    try:
        write_private(path, content, replace=replace)
    except FileExistsError as error:
        raise refuse.output_taken(str(path)) from error
    except OSError as error:
        raise refuse.file_unusable(str(path), error.strerror or str(error), "output") from error
