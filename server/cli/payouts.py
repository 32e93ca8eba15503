"""``choba payout``: from what is due to the money in the shops' accounts.

Two people work on each bulk: one drafts it, another approves it.
"""

import argparse
from pathlib import Path

from server.cli.bankfile import typed_day, write_output
from server.cli.books import cell
from server.cli.payees import add_terms_to
from server.cli.running import Rooms, act_options, with_database
from server.clock import system_clock, tokyo_time
from server.db import Database, new_public_id
from server.directory import ServiceId
from server.settlement.bankfile import ZenginBanks
from server.settlement.payouts import (
    HOLD_WORDS,
    Bulk,
    Outcome,
    Payout,
    PayoutDesk,
    Planned,
    bulks_of,
    find_bulk,
    payouts_of,
)

_PAGE = 100
_STEPS = {
    "approve": "by somebody else than who drafted it",
    "discard": "before it is sent; what it held is free again",
    "sent": "the file is with the bank: the ledger pays the shops",
    "settled": "the bank has paid all of it",
}
_OUTCOMES = {
    Outcome.TRANSFER: "振込 transfer",
    Outcome.NEGATIVE: "繰越（マイナス） carried, negative",
    Outcome.MINIMUM: "繰越（少額） carried, too little",
    Outcome.HELD: "保留 held",
    Outcome.NOTHING: "差引0円 nothing",
}


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """``choba payout …``."""
    payout = rooms.add_parser("payout").add_subparsers(required=True)
    add_terms_to(payout, common)
    acting = act_options()
    for name, parents in (("preview", [common]), ("draft", [common, acting])):
        command = payout.add_parser(name, parents=parents)
        command.add_argument("service", metavar="SERVICE")
        command.add_argument(
            "--pay-day", metavar="YYYY-MM-DD", help="else that of the first close not paid yet"
        )
        command.set_defaults(run=_preview if name == "preview" else _draft)
        if name == "draft":
            command.add_argument("--key", default="", help="the same key again does nothing twice")
    for name, words in _STEPS.items():
        command = payout.add_parser(name, parents=[common, acting], help=words)
        command.add_argument("bulk", metavar="BULK", help="number or id")
        command.set_defaults(run=_step, step=name)

    command = payout.add_parser("file", parents=[common, acting], help="全銀 総合振込")
    command.add_argument("bulk", metavar="BULK", help="number or id")
    command.add_argument("--output", required=True, type=Path, metavar="FILE")
    command.add_argument("--replace", action="store_true", help="write over an existing file")
    command.set_defaults(run=_file)

    command = payout.add_parser("returned", parents=[common, acting], help="組戻し")
    command.add_argument("payout", metavar="PAYOUT", help="id of the transfer that came back")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--details-wrong", action="store_true", help="held until its bank details are changed"
    )
    which.add_argument("--details-right", action="store_true", help="paid again as it was")
    command.set_defaults(run=_returned)

    command = payout.add_parser("list", parents=[common])
    command.add_argument("service", nargs="?", metavar="SERVICE")
    command.set_defaults(run=_list)
    command = payout.add_parser("show", parents=[common])
    command.add_argument("bulk", metavar="BULK", help="number or id")
    command.set_defaults(run=_show)


def _preview(options: argparse.Namespace) -> int:
    day = typed_day(options.pay_day) if options.pay_day else None

    def work(database: Database) -> int:
        found = _desk(database).preview(ServiceId(options.service), day)
        print(
            f"振込指定日 pay day {found.pay_day}  委託者名 payer {found.payer_name}  "
            f"振込 transfers {len(found.transfers):,}  合計 total {found.total:,}円"
        )
        for line in found.planned:
            print(_line("", line))
        if not found.planned:
            print("支払うものはありません。 Nothing is open.")
        return 0

    return with_database(options, work)


def _draft(options: argparse.Namespace) -> int:
    day = typed_day(options.pay_day) if options.pay_day else None

    def work(database: Database) -> int:
        bulk = _desk(database).draft(
            options.key or new_public_id(),
            ServiceId(options.service),
            day,
            by=options.by,
            why=options.why,
        )
        print("\n".join(_bulk_lines(database, bulk)))
        print("別の担当者が承認してください。 Somebody else has to approve it.")
        return 0

    return with_database(options, work)


def _step(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        bulk = getattr(_desk(database), options.step)(options.bulk, by=options.by, why=options.why)
        print(_bulk_line(bulk))
        return 0

    return with_database(options, work)


def _file(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        content = _desk(database).make_file(options.bulk, by=options.by, why=options.why)
        write_output(options.output, content, replace=options.replace)
        bulk = database.read_now(lambda c: find_bulk(c, options.bulk))
        print(_bulk_line(bulk))
        print(f"{options.output}: {len(content):,} bytes\nSHA-256 {bulk.sha256}")
        return 0

    return with_database(options, work)


def _returned(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        payout = _desk(database).returned(
            options.payout, options.details_wrong, by=options.by, why=options.why
        )
        print(
            f"組戻し returned {payout.returned_by}: {payout.payee.payee_id} {payout.amount:,}円。"
            "次の支払で、新しい番号で振り込みます。 Paid again in the next bulk."
        )
        return 0

    return with_database(options, work)


def _list(options: argparse.Namespace) -> int:
    service = ServiceId(options.service) if options.service else None

    def work(database: Database) -> int:
        after = 0
        while True:
            page = database.read_now(
                lambda c, after=after: bulks_of(c, service, after=after, limit=_PAGE)  # type: ignore[misc]
            )
            for bulk in page:
                print(_bulk_line(bulk))
            if len(page) < _PAGE:
                return 0
            after = page[-1].number

    return with_database(options, work)


def _show(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        bulk = database.read_now(lambda c: find_bulk(c, options.bulk))
        print("\n".join(_bulk_lines(database, bulk)))
        for event in bulk.events:
            at = tokyo_time(event.at)
            print(
                f"  {at:%Y-%m-%d %H:%M:%S}  {event.what.name.lower().replace('_', ' ')}  {event.by}"
            )
        if bulk.sha256:
            print(f"  SHA-256 {bulk.sha256}")
        return 0

    return with_database(options, work)


def _desk(database: Database) -> PayoutDesk:
    return PayoutDesk(database, system_clock, ZenginBanks())


def _bulk_lines(database: Database, bulk: Bulk) -> list[str]:
    payouts = database.read_now(lambda c: payouts_of(c, bulk.bulk_id))
    return [_bulk_line(bulk), *(_line(payout.payout_id, payout) for payout in payouts)]


def _bulk_line(bulk: Bulk) -> str:
    return (
        f"支払 {bulk.number}  {bulk.service_id}  {bulk.pay_day}  {bulk.state.ja} {bulk.state.en}  "
        f"{bulk.count:,}件  {bulk.total:,}円  {bulk.payer_name}"
    )


def _line(payout_id: str, line: Payout | Planned) -> str:
    """利用−取消など + 繰越 − 手数料 = 振込額, and what goes on to the next bulk."""
    place = f"{line.line:>4}  {payout_id}  " if isinstance(line, Payout) else "  "
    parts = [f"{line.gross:>12,}"]
    if line.fee:
        parts.append(f"− 手数料 fee {line.fee:,}")
    parts.append(f"= {line.amount:,}円")
    if line.carried:
        parts.append(f"繰越 carried {line.carried:,}")
    why = _OUTCOMES[line.outcome]
    if line.hold is not None:
        why += f": {HOLD_WORDS[line.hold][0]} ({HOLD_WORDS[line.hold][1]})"
    if isinstance(line, Payout) and line.returned_by:
        why += "  組戻し returned"
    return f"{place}{cell(line.payee.payee_id, 12)}{'  '.join(parts)}  {why}"
