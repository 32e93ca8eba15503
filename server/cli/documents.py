"""``choba statement``, ``choba invoice``, ``choba deposit``: papers, and the bank's word for it."""

import argparse
import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path

from protos.units import Yen
from server.cli.bankfile import read_file, typed_day
from server.cli.progress import ProgressLine
from server.cli.running import (
    Rooms,
    act_options,
    keyring_of,
    settings_of,
    with_database,
)
from server.clock import system_clock, tokyo_day
from server.db import Database
from server.directory import ServiceId, ShopId
from server.ledger import deciding_clock
from server.paperwork import Paperwork, paper_pool
from server.settlement.deposits import (
    MOST_YEN,
    Arrived,
    DepositCode,
    Imported,
    deposit_refusal,
    parse_columns,
    reconciliation_lines,
)
from server.settlement.invoices import InvoiceFormat, invoice_text
from server.settlement.statements import Existing, Format, statement_text
from server.typed_amount import AmountProblem, parse_amount


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The three areas."""
    _add_statements(rooms, common)
    _add_invoices(rooms, common)
    _add_deposits(rooms, common)


def _add_statements(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    statement = rooms.add_parser("statement").add_subparsers(required=True)
    for name in ("make", "show"):
        command = statement.add_parser(name, parents=[common])
        command.add_argument("service", metavar="SERVICE")
        command.add_argument("close", type=int, metavar="N", help="number of the close")
        if name == "show":
            command.add_argument("shop", metavar="SHOP")
            command.set_defaults(run=_show_statement)
            continue
        command.add_argument("--shop", action="append", default=[], metavar="SHOP")
        command.add_argument("--format", choices=[f.value for f in Format], default="pdf")
        command.add_argument("--output", type=Path, required=True, metavar="FOLDER")
        command.add_argument(
            "--keep", action="store_true", help="leave files alone that are there: go on"
        )
        command.set_defaults(run=_make_statements)


def _add_invoices(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    invoice = rooms.add_parser("invoice").add_subparsers(required=True)
    for name in ("make", "show"):
        command = invoice.add_parser(name, parents=[common])
        command.add_argument("month", metavar="YYYY-MM")
        command.add_argument("--issued-on", metavar="YYYY-MM-DD", help="else today")
        command.add_argument("--due-on", metavar="YYYY-MM-DD", help="else the end of next month")
        if name == "make":
            command.add_argument(
                "--format", choices=[f.value for f in InvoiceFormat], default="pdf"
            )
            command.add_argument("--output", type=Path, required=True, metavar="FOLDER")
        command.set_defaults(run=_invoice, make=name == "make")


def _add_deposits(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    deposit = rooms.add_parser("deposit").add_subparsers(required=True)
    acting = act_options()
    command = deposit.add_parser("import", parents=[common, acting], help="入出金明細, CSV")
    command.add_argument("shop", metavar="SHOP")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--columns", default="", metavar="date=…,amount=…,payer=…", help="as the bank names them"
    )
    command.set_defaults(run=_import)
    for name, parents in (("enter", [common, acting]), ("check", [common])):
        command = deposit.add_parser(name, parents=parents)
        command.add_argument("shop", metavar="SHOP")
        command.add_argument("day", metavar="YYYY-MM-DD")
        command.add_argument("amount", metavar="YEN")
        command.add_argument("--payer", default="", help="as the bank's line has it")
        command.set_defaults(run=_enter if name == "enter" else _check)
    command = deposit.add_parser("list", parents=[common])
    command.add_argument("shop", nargs="?", metavar="SHOP")
    command.set_defaults(run=_list)


def _with_papers(options: argparse.Namespace, work: Callable[[Paperwork], int]) -> int:
    def opened(database: Database) -> int:
        clock = deciding_clock(database.kind, system_clock)
        with paper_pool() as pool:
            return work(Paperwork(database, keyring_of(options), settings_of(options), clock, pool))

    return with_database(options, opened)


def _make_statements(options: argparse.Namespace) -> int:
    def work(papers: Paperwork) -> int:
        line = ProgressLine()
        try:
            made = papers.statements.make(
                ServiceId(options.service),
                options.close,
                Format(options.format),
                options.output,
                wanted=[ShopId(shop) for shop in options.shop],
                existing=Existing.KEEP if options.keep else Existing.REPLACE,
                progress=line,
            )
        finally:
            line.close()
        print(
            f"精算明細 {made.files:,}件（うち既存 {made.kept:,}件）、お振込額の合計 "
            f"{made.transferred:,}円 → {options.output}\n"
            f"{made.files:,} statements, {made.kept:,} of them kept; index.csv lists them."
        )
        return 0

    return _with_papers(options, work)


def _show_statement(options: argparse.Namespace) -> int:
    def work(papers: Paperwork) -> int:
        found = papers.statements.statement(
            ServiceId(options.service), options.close, ShopId(options.shop)
        )
        print("\n".join(statement_text(found)))
        return 0

    return _with_papers(options, work)


def _invoice(options: argparse.Namespace) -> int:
    issued = typed_day(options.issued_on) if options.issued_on else tokyo_day(system_clock())
    due: dt.date | None = typed_day(options.due_on) if options.due_on else None

    def work(papers: Paperwork) -> int:
        found = papers.invoices.invoice(options.month, issued, due)
        if options.make:
            form = InvoiceFormat(options.format)
            print(f"請求書 → {papers.invoices.make(found, form, options.output)}")
        else:
            print("\n".join(invoice_text(found)))
        return 0

    return _with_papers(options, work)


def _import(options: argparse.Namespace) -> int:
    def work(papers: Paperwork) -> int:
        found = papers.deposits.import_file(
            ShopId(options.shop),
            io.BytesIO(read_file(options.file, "file")),
            columns=parse_columns(options.columns),
            by=options.by,
            why=options.why,
        )
        _tell_imported(found)
        return _tell_each(papers, options)

    return _with_papers(options, work)


def _enter(options: argparse.Namespace) -> int:
    arrived = _arrived(options)

    def work(papers: Paperwork) -> int:
        shop = ShopId(options.shop)
        _tell_imported(papers.deposits.enter(shop, arrived, by=options.by, why=options.why))
        print("\n".join(reconciliation_lines(papers.deposits.check(shop, arrived))))
        return 0

    return _with_papers(options, work)


def _check(options: argparse.Namespace) -> int:
    arrived = _arrived(options)

    def work(papers: Paperwork) -> int:
        found = papers.deposits.check(ShopId(options.shop), arrived)
        print("\n".join(reconciliation_lines(found)))
        return 0 if found.holds else 1

    return _with_papers(options, work)


def _list(options: argparse.Namespace) -> int:
    return _with_papers(options, lambda papers: _tell_each(papers, options))


def _tell_each(papers: Paperwork, options: argparse.Namespace) -> int:
    """Exit status 1 when one does not hold."""
    wrong = 0
    shop = ShopId(options.shop) if options.shop else None
    for deposit, found in papers.deposits.kept(shop):
        print(f"{deposit.shop_id}  {deposit.deposit_id}")
        print("\n".join(reconciliation_lines(found)))
        wrong += not found.holds
    return 1 if wrong else 0


def _tell_imported(found: Imported) -> None:
    print(
        f"入金を{len(found.added):,}件記録しました（記録済み {found.known:,}件、"
        f"該当なし {found.strangers:,}件、入金以外 {found.others:,}行）。\n"
        f"{len(found.added):,} deposits kept; {found.known:,} were known, {found.strangers:,} "
        f"come near no transfer and were not kept, {found.others:,} lines are no deposits."
    )


def _arrived(options: argparse.Namespace) -> Arrived:
    amount = parse_amount(options.amount, MOST_YEN)
    if isinstance(amount, AmountProblem):
        raise deposit_refusal(DepositCode.AMOUNT, field="amount", most=MOST_YEN)
    return Arrived(typed_day(options.day), Yen(amount), options.payer)
