"""``choba transactions``, ``choba results``: 取引 and 実績 on the server's own machine."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from protos.units import TerminalId, TransactionId, UserId
from server.cli.bankfile import typed_day
from server.cli.books import cell
from server.cli.progress import ProgressLine
from server.cli.running import Rooms, settings_of, with_database
from server.clock import TOKYO, start_of_day, system_clock, tokyo_time
from server.db import Database
from server.db.streams import long_snapshot
from server.directory import MerchantId, ServiceId, ShopId
from server.ledger import Moved, deciding_clock
from server.reports import (
    OPERATION_NAMES,
    Result,
    Scope,
    Status,
    Transaction,
    Wanted,
    daily_csv,
    kind_word,
    monthly_csv,
    output_unusable,
    results,
    search,
    transactions_csv,
    write_days,
)

_OPERATIONS = {f"OP{int(operation)}": operation for operation in OPERATION_NAMES}
_STATUS = {"active": Status.ACTIVE, "cancelled": Status.CANCELLED}
_CLOSED = {"yes": True, "no": False}


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba transactions list|csv``, ``choba results daily|monthly|write-days``."""
    transactions = rooms.add_parser("transactions").add_subparsers(required=True)
    command = transactions.add_parser("list", parents=[common, _filter()])
    command.add_argument("--limit", type=int, default=50, metavar="N", help="1 to 500")
    command.add_argument("--cursor", default="", help="of the page before")
    command.set_defaults(run=_list)
    command = transactions.add_parser("csv", parents=[common, _filter()])
    command.add_argument("--output", type=Path, metavar="FILE", help="else standard output")
    command.set_defaults(run=_csv)

    found = rooms.add_parser("results").add_subparsers(required=True)
    for name in ("daily", "monthly"):
        command = found.add_parser(name, parents=[common])
        command.add_argument("--from", dest="first", required=True, metavar="YYYY-MM-DD")
        command.add_argument("--to", dest="last", required=True, metavar="YYYY-MM-DD")
        whose = command.add_mutually_exclusive_group()
        whose.add_argument("--shop", metavar="SHOP")
        whose.add_argument("--merchant", metavar="MERCHANT")
        command.add_argument("--service", metavar="SERVICE")
        command.add_argument("--csv", action="store_true", help="as people's spreadsheets know it")
        command.set_defaults(run=_results, monthly=name == "monthly")
    command = found.add_parser("write-days", parents=[common])
    command.set_defaults(run=_write_days)


def _filter() -> argparse.ArgumentParser:
    narrowing = argparse.ArgumentParser(add_help=False)
    for name in ("user", "transaction", "service", "shop", "merchant", "terminal"):
        narrowing.add_argument(f"--{name}", metavar="ID")
    narrowing.add_argument("--operation", choices=sorted(_OPERATIONS))
    narrowing.add_argument("--status", choices=sorted(_STATUS))
    narrowing.add_argument("--closed", choices=sorted(_CLOSED))
    narrowing.add_argument(
        "--collected", action="store_true", help="bought by card or collection agency"
    )
    narrowing.add_argument("--from", dest="first", metavar="YYYY-MM-DD", help="first day, Japan")
    narrowing.add_argument("--to", dest="last", metavar="YYYY-MM-DD", help="last day, included")
    return narrowing


def _wanted(options: argparse.Namespace) -> Wanted:
    def maybe(kind: Callable[[str], Any], text: str | None) -> Any:
        return None if text is None else kind(text)

    last = maybe(typed_day, options.last)
    return Wanted(
        user=maybe(UserId, options.user),
        transaction=maybe(TransactionId, options.transaction),
        service=maybe(ServiceId, options.service),
        shop=maybe(ShopId, options.shop),
        merchant=maybe(MerchantId, options.merchant),
        terminal=maybe(TerminalId, options.terminal),
        operation=maybe(_OPERATIONS.__getitem__, options.operation),
        status=maybe(_STATUS.__getitem__, options.status),
        closed=maybe(_CLOSED.__getitem__, options.closed),
        collected=options.collected,
        since=maybe(lambda text: start_of_day(typed_day(text)), options.first),
        until=None if last is None else start_of_day(date.fromordinal(last.toordinal() + 1)),
    )


def _list(options: argparse.Namespace) -> int:
    wanted = _wanted(options)

    def work(connection: Connection) -> int:
        page = search(connection, wanted, options.limit, options.cursor)
        print("\n".join(_line(one) for one in page.transactions) or "取引はありません。 None.")
        if page.cursor:
            print(f"続き more: --cursor {page.cursor}")
        return 0

    return with_database(options, lambda database: database.read_now(work))


def _csv(options: argparse.Namespace) -> int:
    wanted, operator = _wanted(options), settings_of(options).office.id

    def work(connection: Connection) -> int:
        long_snapshot(connection)
        chunks = transactions_csv(connection, wanted, operator)
        if options.output is None:
            _copy(chunks, sys.stdout.buffer)
        else:
            _write(chunks, options.output)
        return 0

    return with_database(options, lambda database: database.read_now(work))


def _write(chunks: Iterator[bytes], path: Path) -> None:
    """Whole or not there, for its owner alone: it names customers by their ids."""
    unfinished = path.with_name(path.name + ".partial")
    try:
        with open(unfinished, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            _copy(chunks, out)
        unfinished.replace(path)
    except OSError as error:
        raise output_unusable(str(path), error.strerror or str(error)) from error


def _copy(chunks: Iterator[bytes], out: BinaryIO) -> None:
    line, written = ProgressLine(), 0
    try:
        for chunk in chunks:
            out.write(chunk)
            written += chunk.count(b"\r\n")
            line("rows", written, 0)
    finally:
        line.close()


def _results(options: argparse.Namespace) -> int:
    first, last = typed_day(options.first), typed_day(options.last)
    scope = Scope(
        ShopId(options.shop) if options.shop else None,
        MerchantId(options.merchant) if options.merchant else None,
        ServiceId(options.service) if options.service else None,
    )

    def work(connection: Connection) -> int:
        found = results(connection, first, last, scope)
        if options.csv:
            sys.stdout.buffer.write(monthly_csv(found) if options.monthly else daily_csv(found))
            return 0
        print(f"{first} – {last}  {'月次実績 monthly' if options.monthly else '日別実績 daily'}")
        print(_HEAD)
        if options.monthly:
            lines = [_result(f"{m.year}-{m.month:02}", r) for m, r in found.monthly]
        else:
            lines = [_result(day.isoformat(), r) for day, r in found.daily]
        print("\n".join([*lines, *(_result("合計 total", r) for r in found.totals)]))
        return 0

    return with_database(options, lambda database: database.read_now(work))


def _write_days(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        line = ProgressLine()
        days = write_days(
            database,
            deciding_clock(database.kind, system_clock),
            lambda day: line(str(day), 0, 0),
        )
        line.close()
        print(f"{days:,}日分の実績を記録しました。 Results of {days:,} days were written.")
        return 0

    return with_database(options, work)


_COLUMNS = ("付与 given", "利用 used", "付与取消", "利用取消", "期限切れ", "失効", "差引 net")
_HEAD = f"{cell('', 12)}{cell('', 24)}" + "".join(cell(name, 20) for name in _COLUMNS)


def _result(period: str, result: Result) -> str:
    moved = (
        result.given,
        result.spent,
        result.taken_back,
        result.returned,
        result.expired,
        result.forfeited,
        Moved(result.net, result.net_count),
    )
    name = f"{result.service.name_ja} {kind_word(result.service.kind)}"
    numbers = "".join(cell(f"{one.amount:,} ({one.count:,}件)", 20) for one in moved)
    return f"{cell(period, 12)}{cell(name, 24)}{numbers}".rstrip()


def _line(one: Transaction) -> str:
    name = OPERATION_NAMES[one.operation] + ("（複数サービス決済）" if one.combined else "")
    status = "取消済" if one.status is Status.CANCELLED else "通常"
    at = tokyo_time(one.at).astimezone(TOKYO)
    return (
        f"{at:%Y-%m-%d %H:%M:%S}  {one.transaction_id}  {cell(name, 30)}"
        f"{cell(one.service_name, 18)}{one.amount:>10,}  {cell(one.shop_name or '—', 24)}"
        f"{one.user_id}  {status}{'・締め済' if one.closed else ''}"
    )
