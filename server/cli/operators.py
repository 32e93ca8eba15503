"""``choba operator``: who may call OperatorService. ``choba acts``: what they did."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from protos.units import Micros
from server.cli.running import Rooms, act_options, state_of, with_database
from server.clock import start_of_day, system_clock, tokyo_time
from server.db import Database
from server.operators import Operators, Role
from server.oversight import Act, ActFilter, KeptAct, acts_page, record_act
from server.state import KeyFiles

_PAGE = 500
_END = Micros(2**62)


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """Operators and acts."""
    operator = rooms.add_parser("operator").add_subparsers(required=True)
    add = operator.add_parser("add", parents=[common, act_options()])
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", required=True, choices=[role.value for role in Role])
    add.set_defaults(run=_add)
    remove = operator.add_parser("remove", parents=[common, act_options()])
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove)
    operator.add_parser("list", parents=[common]).set_defaults(run=_list)

    acts = rooms.add_parser("acts").add_subparsers(required=True)
    listing = acts.add_parser("list", parents=[common])
    listing.add_argument("--since", type=_day, metavar="DAY", help="from this day in Japan on")
    listing.add_argument("--until", type=_day, metavar="DAY", help="to this day, inclusive")
    listing.add_argument("--subject", default="", metavar="ID")
    listing.add_argument("--by-operator", default="", metavar="NAME")
    listing.add_argument("--what", default="", metavar="ACT")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(run=_acts)


def _add(options: argparse.Namespace) -> int:
    operators = _operators(options)
    operators.check_name(options.name, taken=False)

    def work(database: Database) -> int:
        _record(database, options, "operator.add", {"role": options.role})
        token = operators.add(options.name, Role(options.role)).reveal()
        print(token)
        print(
            f"{options.name} ({options.role}): this token is shown once and kept nowhere.\n"
            "このトークンは一度だけ表示されます。安全な方法で本人に渡してください。",
            file=sys.stderr,
        )
        return 0

    return with_database(options, work)


def _remove(options: argparse.Namespace) -> int:
    operators = _operators(options)
    operators.check_name(options.name, taken=True)

    def work(database: Database) -> int:
        operators.remove(options.name)
        _record(database, options, "operator.remove", {})
        print(f"{options.name}: removed; the token is refused from the next call on")
        return 0

    return with_database(options, work)


def _list(options: argparse.Namespace) -> int:
    for line in _operators(options).all():
        print(f"{line.role.value:<10}{line.name}")
    return 0


def _acts(options: argparse.Namespace) -> int:
    until = _END if options.until is None else start_of_day(options.until + timedelta(days=1))
    wanted = ActFilter(
        since=Micros(0) if options.since is None else start_of_day(options.since),
        until=until,
        subject=options.subject,
        by=options.by_operator,
        what=options.what,
    )
    show = _json_line if options.json else _line
    return with_database(options, lambda database: _show_acts(database, wanted, show))


def _show_acts(database: Database, wanted: ActFilter, show: Callable[[KeptAct], str]) -> int:
    after: KeptAct | None = None
    while True:
        page = database.read_now(partial(acts_page, wanted=wanted, after=after, limit=_PAGE))
        for kept in page:
            print(show(kept))
        if len(page) < _PAGE:
            return 0
        after = page[-1]


def _line(kept: KeptAct) -> str:
    act = kept.act
    detail = "".join(f" {name}={value}" for name, value in act.detail.items())
    return (
        f"{tokyo_time(act.at):%Y-%m-%d %H:%M:%S}  {act.by}  {act.what}  {act.subject}  "
        f"「{act.why}」{detail}"
    )


def _json_line(kept: KeptAct) -> str:
    act = kept.act
    content = {
        "act_id": kept.act_id,
        "at": act.at,
        "by": act.by,
        "what": act.what,
        "subject": act.subject,
        "why": act.why,
        "detail": dict(act.detail),
    }
    return json.dumps(content, ensure_ascii=False)


def _record(
    database: Database, options: argparse.Namespace, what: str, detail: dict[str, str | int]
) -> None:
    act = Act(options.by, what, options.name, options.why, system_clock(), detail)
    database.write_now(lambda connection: record_act(connection, act))


def _operators(options: argparse.Namespace) -> Operators:
    return Operators(KeyFiles(state_of(options).keys))


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value}: write a day as 2024-06-05") from error
