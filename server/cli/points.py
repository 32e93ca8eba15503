"""``choba points``: grants and charges by hand and from files, cancels, expiry rules."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from server.campaigns import ExpiryKind, ExpiryRule, GrantDesk, GrantOrder
from server.campaigns.bulk import (
    BatchState,
    BatchStatus,
    BulkDesk,
    BulkRunner,
    Fate,
    KeptLine,
    Problem,
    StagedLine,
)
from server.cli.running import Rooms, act_options, with_database
from server.clock import system_clock, tokyo_time
from server.db import Database, new_public_id
from server.ledger import LedgerClock, Operation, deciding_clock

_MOST_WRONG_SHOWN: Final = 1000
_STEP: Final = 5000


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of points and charges."""
    points = rooms.add_parser("points").add_subparsers(required=True, metavar="COMMAND")
    parents = [common, act_options()]
    for name, operation in (("grant", Operation.GRANT), ("charge", Operation.CHARGE)):
        give = points.add_parser(name, parents=parents)
        give.add_argument("user", metavar="USER")
        give.add_argument("service", metavar="SERVICE")
        give.add_argument("amount", metavar="AMOUNT", help="whole yen, e.g. 1,200")
        _add_key(give)
        for number in (1, 2, 3):
            give.add_argument(f"--note{number}", default="", metavar="TEXT")
        give.set_defaults(run=_give, operation=operation, price="")
        if operation is Operation.CHARGE:
            give.add_argument("--price", default="", metavar="YEN", help="paid; else the amount")
    _add_files(points, common, parents)
    cancel = points.add_parser("cancel", parents=parents)
    cancel.add_argument("grant", metavar="GRANT", help="transaction id, 20 characters")
    _add_key(cancel)
    cancel.set_defaults(run=_cancel)
    expiry = points.add_parser("expiry", parents=parents)
    expiry.add_argument("service", metavar="SERVICE")
    expiry.add_argument("kind", choices=[kind.value for kind in ExpiryKind])
    expiry.add_argument("--number", type=int, default=0, help="of days, months or years")
    expiry.add_argument("--last-day", type=_day, metavar="YYYY-MM-DD", help="of fixed-day")
    expiry.set_defaults(run=_expiry)


def _add_files(
    points: Rooms, common: argparse.ArgumentParser, parents: list[argparse.ArgumentParser]
) -> None:
    look = points.add_parser("import", parents=[common])
    look.add_argument("file", type=Path, metavar="FILE")
    look.add_argument("--by", required=True, metavar="NAME", help="who looks")
    look.set_defaults(run=_import)
    confirm = points.add_parser("confirm", parents=parents)
    confirm.add_argument("batch", metavar="BATCH")
    confirm.add_argument("--shown", required=True, metavar="DIGEST", help="as the dry run told")
    _add_key(confirm)
    confirm.set_defaults(run=_confirm)
    for name, run in (("status", _status), ("resume", _resume)):
        command = points.add_parser(name, parents=[common])
        command.add_argument("batch", metavar="BATCH")
        command.set_defaults(run=run)
    undo = points.add_parser("cancel-batch", parents=parents)
    undo.add_argument("batch", metavar="BATCH")
    _add_key(undo)
    undo.set_defaults(run=_cancel_batch)


def _add_key(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key", metavar="KEY", help="the same key again does nothing twice")


def _give(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        order = GrantOrder(
            _key(options),
            options.operation,
            options.user,
            options.service,
            options.amount,
            options.why,
            options.price,
            (options.note1, options.note2, options.note3),
        )
        receipt = GrantDesk(database, _clock(database)).give(order, options.by)
        print(
            f"{receipt.grant_id}  {receipt.amount:,} yen  "
            f"{receipt.before:,} -> {receipt.after:,}  "
            f"until {tokyo_time(receipt.expires_at):%Y-%m-%d %H:%M} (Asia/Tokyo)"
            + ("  granted before by this key" if receipt.repeated else "")
        )
        return 0

    return with_database(options, work)


def _cancel(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        desk = GrantDesk(database, _clock(database))
        receipt = desk.cancel(_key(options), options.grant, options.why, options.by)
        print(
            f"{receipt.cancel_id}  cancels {receipt.grant_id}  {receipt.amount:,} yen  "
            f"{receipt.before:,} -> {receipt.after:,}"
            + ("  cancelled before by this key" if receipt.repeated else "")
        )
        return 0

    return with_database(options, work)


def _expiry(options: argparse.Namespace) -> int:
    rule = ExpiryRule(ExpiryKind(options.kind), options.number, options.last_day)

    def work(database: Database) -> int:
        desk = GrantDesk(database, _clock(database))
        version = desk.set_expiry_rule(options.service, rule, options.why, options.by)
        print(f"{options.service}: expiry rule version {version} from now on")
        return 0

    return with_database(options, work)


def _import(options: argparse.Namespace) -> int:
    """Every line's fate on standard output, wrong lines on standard error. 1: some are wrong."""
    wrong = [0]

    def show(lines: Sequence[StagedLine | Problem]) -> None:
        for line in lines:
            if isinstance(line, Problem):
                wrong[0] += 1
                if wrong[0] <= _MOST_WRONG_SHOWN:
                    print(_said(line), file=sys.stderr)
            else:
                print(_fate(line))

    def work(database: Database) -> int:
        with options.file.open("rb") as file:
            desk = BulkDesk(database, _clock(database))
            preview = desk.preview(file, options.file.name, options.by, show)
        if wrong[0] > _MOST_WRONG_SHOWN:
            print(f"… and {wrong[0] - _MOST_WRONG_SHOWN:,} more", file=sys.stderr)
        print(
            f"batch {preview.batch_id}: {preview.lines:,} lines, {preview.new_lines:,} new "
            f"({preview.amount:,} yen), {preview.repeated_lines:,} done before, "
            f"{preview.wrong_lines:,} wrong. Nothing was granted."
        )
        if preview.same_file_as:
            print(f"the same file was confirmed before as batch {preview.same_file_as}")
        if preview.wrong_lines:
            return 1
        if preview.new_lines:
            print(
                f"to do exactly this: choba points confirm {preview.batch_id} "
                f"--shown {preview.shown_digest} --by NAME --why TEXT"
            )
        return 0

    try:
        return with_database(options, work)
    except OSError as error:
        print(f"choba: CHOBA_CLI_FILE: {options.file}: {error.strerror}", file=sys.stderr)
        return 1


def _confirm(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        desk = BulkDesk(database, _clock(database))
        asked = (options.batch, options.shown, options.why, options.by)
        desk.confirm(_key(options), *asked)
        print("confirmed: all of it will be booked, also after a crash", file=sys.stderr)
        return _carried_out(database, options.batch)

    return with_database(options, work)


def _resume(options: argparse.Namespace) -> int:
    return with_database(options, lambda database: _carried_out(database, options.batch))


def _carried_out(database: Database, batch_id: str) -> int:
    BulkRunner(database, _clock(database)).run(batch_id, _progress())
    _print_status(BulkDesk(database, _clock(database)).status(batch_id))
    return 0


def _status(options: argparse.Namespace) -> int:
    def work(database: Database) -> int:
        _print_status(BulkDesk(database, _clock(database)).status(options.batch))
        return 0

    return with_database(options, work)


def _cancel_batch(options: argparse.Namespace) -> int:
    """Lines that are kept on standard output. 1: some were."""

    def kept(lines: Sequence[KeptLine]) -> None:
        for line in lines:
            print(f"{line.grant_id}  {_said(line.problem)}")

    def work(database: Database) -> int:
        runner = BulkRunner(database, _clock(database))
        done = runner.cancel(_key(options), options.batch, options.why, options.by, kept)
        print(
            f"{done.cancelled_lines:,} lines cancelled ({done.cancelled:,} yen), "
            f"{done.repeated_lines:,} were before, {done.kept_lines:,} kept"
        )
        return 1 if done.kept_lines else 0

    return with_database(options, work)


def _print_status(status: BatchStatus) -> None:
    preview = status.preview
    print(
        f"batch {preview.batch_id} ({preview.file_name}): {status.state.value}, "
        f"{status.granted_lines:,} of {preview.new_lines:,} lines booked "
        f"({status.granted:,} yen), {status.cancelled_lines:,} cancelled "
        f"({status.cancelled:,} yen)"
    )
    if status.state is BatchState.RUNNING:
        print(f"to go on after a crash: choba points resume {preview.batch_id}")


def _progress() -> Callable[[int, int], None]:
    told = [0]

    def progress(done: int, of: int) -> None:
        if done >= told[0] + _STEP or done == of:
            told[0] = done
            print(f"{done:,} of {of:,} lines", file=sys.stderr)

    return progress


def _fate(line: StagedLine) -> str:
    if line.fate is Fate.REPEATED:
        return f"line {line.line}: {line.key}  done before, nothing will happen"
    until = tokyo_time(line.expires_at)
    return (
        f"line {line.line}: {line.key}  {line.operation.name.lower()} {line.amount:,} yen of "
        f"{line.service_id} to {line.user_id}, until {until:%Y-%m-%d %H:%M}"
    )


def _said(found: Problem) -> str:
    column = f" {found.column}" if found.column else ""
    return f"line {found.line}{column}: {found.code}: {found.ja} / {found.en}"


def _key(options: argparse.Namespace) -> str:
    """The given key, or a new one that is told, to be used again when in doubt."""
    if options.key:
        return str(options.key)
    made = new_public_id()
    print(f"key {made}: repeat with --key {made} when in doubt", file=sys.stderr)
    return made


def _clock(database: Database) -> LedgerClock:
    return deciding_clock(database.kind, system_clock)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: a day that exists, YYYY-MM-DD") from None
