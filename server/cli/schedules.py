"""``choba settlement``: when periods end and are paid, on paper and for a service."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from protos.units import Micros
from server.campaigns import (
    Schedule,
    ScheduleRow,
    Terms,
    change_schedule,
    date_wrong,
    next_boundary,
    parse_schedule,
    schedule_rows,
    schedule_unknown,
    terms_of,
)
from server.cli.running import Rooms, act_options, with_database
from server.clock import start_of_day, system_clock, tokyo_time
from server.db import Database
from server.directory import ServiceId
from server.ledger import deciding_clock
from server.refusal import Refusal, RefusalKind

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_HEAD: Final = ("no", "paid_on", "from", "to")


class FormatCode(StrEnum):
    FORMAT = "CHOBA_CLI_FORMAT"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba settlement schedule|show-schedule|set-schedule``."""
    settlement = rooms.add_parser("settlement").add_subparsers(required=True)
    command = settlement.add_parser(
        "schedule", help="closes and pay days of a window; needs no database and no server"
    )
    _add_rules(command)
    command.add_argument("--from", dest="first", required=True, metavar="DATE")
    command.add_argument("--to", dest="last", required=True, metavar="DATE")
    command.add_argument("--format", default="table", metavar="table|csv|json")
    command.set_defaults(run=_schedule)

    command = settlement.add_parser("show-schedule", parents=[common])
    command.add_argument("service", metavar="SERVICE")
    command.set_defaults(run=_show)

    command = settlement.add_parser("set-schedule", parents=[common, act_options()])
    command.add_argument("service", metavar="SERVICE")
    _add_rules(command)
    command.add_argument(
        "--from", dest="first", required=True, metavar="DATE", help="first day of a period to come"
    )
    command.set_defaults(run=_set)


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
    first, last = _typed_date("from", options.first), _typed_date("to", options.last)
    write(schedule_rows(_typed_schedule(options), first, last))
    return 0


def _show(options: argparse.Namespace) -> int:
    service = ServiceId(options.service)

    def work(database: Database) -> int:
        clock = deciding_clock(database.kind, system_clock)
        versions, now = database.read_now(lambda c: (terms_of(c, service), clock(c)))
        if not versions:
            raise schedule_unknown(service)
        for terms in versions:
            print(_version_line(terms))
        print(f"次の区切り next boundary  {_minute(next_boundary(versions, now))} (Asia/Tokyo)")
        return 0

    return with_database(options, work)


def _set(options: argparse.Namespace) -> int:
    schedule = _typed_schedule(options)
    first = start_of_day(_typed_date("from", options.first))

    def work(database: Database) -> int:
        terms = change_schedule(
            database,
            deciding_clock(database.kind, system_clock),
            ServiceId(options.service),
            schedule,
            first,
            by=options.by,
            why=options.why,
        )
        print(_version_line(terms))
        return 0

    return with_database(options, work)


def _typed_schedule(options: argparse.Namespace) -> Schedule:
    return parse_schedule(options.close, options.pay, options.on_holiday)


def _typed_date(name: str, text: str) -> date:
    """A day as 2024-06-03, in ASCII digits. Raises Refusal (CHOBA_SCHEDULE_DATE)."""
    if not _DATE.match(text):
        raise date_wrong(name, text)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise date_wrong(name, text) from error


def _version_line(terms: Terms) -> str:
    schedule = terms.schedule
    since = _minute(terms.valid_from) if terms.valid_from > 0 else "最初から from the start"
    return (
        f"{terms.service_id}  版 version {terms.version}  {since}  締め close {schedule.close}  "
        f"支払 pay {schedule.pay}  休業日 on holiday {schedule.on_holiday.value}"
    )


def _minute(instant: Micros) -> str:
    return f"{tokyo_time(instant):%Y-%m-%d %H:%M}"


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
