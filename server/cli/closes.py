"""``choba settlement`` and ``choba close``: when periods end and are paid, and ending them."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from server.campaigns import ScheduleRow, date_wrong, parse_schedule, schedule_rows
from server.cli.running import Rooms
from server.refusal import Refusal, RefusalKind

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_HEAD: Final = ("no", "paid_on", "from", "to")


class FormatCode(StrEnum):
    FORMAT = "CHOBA_CLI_FORMAT"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba settlement schedule``."""
    settlement = rooms.add_parser("settlement").add_subparsers(required=True)
    command = settlement.add_parser(
        "schedule", help="closes and pay days of a window; needs no database and no server"
    )
    _add_rules(command)
    command.add_argument("--from", dest="first", required=True, metavar="DATE")
    command.add_argument("--to", dest="last", required=True, metavar="DATE")
    command.add_argument("--format", default="table", metavar="table|csv|json")
    command.set_defaults(run=_schedule)


def _add_rules(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--close", required=True, metavar="RULE", help="weekly:FRI, month-end or days:10,25"
    )
    command.add_argument(
        "--pay", required=True, metavar="RULE", help="weekday:TUE:2 or business-day:7"
    )
    command.add_argument(
        "--on-holiday", default="next", metavar="next|previous", help="next where nothing is said"
    )


def _schedule(options: argparse.Namespace) -> int:
    write = _FORMATS.get(options.format)
    if write is None:
        raise Refusal(
            FormatCode.FORMAT,
            RefusalKind.INVALID,
            ja="形式は table か csv か json にしてください。",
            en=f"--format {options.format}: write table, csv or json",
            field="format",
        )
    schedule = parse_schedule(options.close, options.pay, options.on_holiday)
    first, last = typed_date("from", options.first), typed_date("to", options.last)
    write(schedule_rows(schedule, first, last))
    return 0


def typed_date(name: str, text: str) -> date:
    """A day as 2024-06-03, in ASCII digits. Raises Refusal (CHOBA_SCHEDULE_DATE)."""
    if not _DATE.match(text):
        raise date_wrong(name, text)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise date_wrong(name, text) from error


def _cells(row: ScheduleRow) -> tuple[str, ...]:
    return tuple(map(str, (row.number, row.paid_on, row.first, row.last)))


def _table(rows: Sequence[ScheduleRow]) -> None:
    number = max(len(_HEAD[0]), len(str(len(rows))))
    for no, *days in (_HEAD, *map(_cells, rows)):
        print(f"{no:>{number}}  {'  '.join(day.ljust(10) for day in days)}".rstrip())


def _csv(rows: Sequence[ScheduleRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(map(_cells, rows))


def _json(rows: Sequence[ScheduleRow]) -> None:
    listed = [dict(zip(_HEAD, (row.number, *_cells(row)[1:]), strict=True)) for row in rows]
    print(json.dumps(listed, indent=2))


_FORMATS: Final[dict[str, Callable[[Sequence[ScheduleRow]], None]]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
}
