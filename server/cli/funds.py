"""``choba funds``: money that reached the operator.

choba funds pay-in --service ID --source city|buyers --amount YEN --key KEY
                   [--reference TEXT] --by NAME --why TEXT
"""

import argparse
from typing import Final

from server.cli.running import Rooms, act_options, with_database
from server.clock import system_clock
from server.db import Database
from server.directory import known_units
from server.ledger import PayIn, PayIns, PaySource, Unit, deciding_clock
from server.ledger.pay_in import MOST, PayInCode
from server.refusal import Refusal, RefusalKind
from server.typed_amount import AmountProblem, parse_amount

_SOURCES: Final = {source.name.lower(): source for source in PaySource}


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of the operator's funds."""
    funds = rooms.add_parser("funds").add_subparsers(required=True)
    pay_in = funds.add_parser("pay-in", parents=[common, act_options()])
    pay_in.add_argument("--service", required=True, metavar="ID")
    pay_in.add_argument("--source", required=True, choices=sorted(_SOURCES))
    pay_in.add_argument("--amount", required=True, metavar="YEN")
    pay_in.add_argument(
        "--key", required=True, metavar="KEY", help="the same key and content again books once"
    )
    pay_in.add_argument("--reference", default="", metavar="TEXT", help="what the bank's line says")
    pay_in.set_defaults(run=_pay_in)


def _pay_in(options: argparse.Namespace) -> int:
    amount = parse_amount(options.amount, MOST)
    if isinstance(amount, AmountProblem):
        raise Refusal(
            PayInCode.AMOUNT,
            RefusalKind.INVALID,
            ja=f"金額は1円から{MOST:,}円までの円単位の数字で入力してください。",
            en=f"--amount {options.amount}: whole yen from 1 to {MOST:,} ({amount.value})",
            field="amount",
        )
    wanted = PayIn(
        options.key, _SOURCES[options.source], Unit(options.service), amount, options.reference
    )

    def run(database: Database) -> int:
        clock = deciding_clock(database.kind, system_clock)
        pay_ins = PayIns(database, clock, known_units)
        outcome = pay_ins.record(wanted, by=options.by, why=options.why)
        how = "was recorded before" if outcome.repeated else "recorded"
        print(f"pay-in {outcome.pay_in_id}: {amount:,} of {options.service} {how}")
        return 0

    return with_database(options, run)
