"""``choba``: the operator's command.

choba trial-balance                 debit and credit of every account
choba ledger show PAYMENT           the entries of a payment
choba audit verify                  adds up the books again and walks their chains
choba db migrate URL                brings a database to this release's schema

Each takes --state-dir (SQLite of choba-server) or --database URL (as the application's role).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from server.cli.reports import entries_text, trial_balance_text
from server.db import Database, DatabaseError, migrate, open_database
from server.ledger import trial_balance, verify_ledger
from server.ledger.entry_report import entry_report
from server.state import state_folder

Act = Callable[[Database, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 when what was asked for does not hold or is not there, 78 for settings."""
    options = _parser().parse_args(arguments)
    try:
        if options.act is None:
            migrate(options.url)
            print("the schema is up to date")
            return 0
        url = options.database
        if not url:
            url = f"sqlite:///{state_folder(options.state_dir, os.environ).database}"
        database = open_database(url)
    except DatabaseError as error:
        print(f"choba: {error.code}: {error}", file=sys.stderr)
        return 78
    try:
        act: Act = options.act
        return act(database, options)
    finally:
        database.close_now()


def _trial_balance(database: Database, options: argparse.Namespace) -> int:
    print(trial_balance_text(database.read_now(trial_balance)))
    return 0


def _show(database: Database, options: argparse.Namespace) -> int:
    entries = database.read_now(lambda c: entry_report(c, [options.payment]))
    if not entries:
        print(
            f"choba: CHOBA_LEDGER_UNKNOWN: no entry {options.payment}; "
            "a payment's id has 20 letters and digits, see its detail page",
            file=sys.stderr,
        )
        return 1
    print(entries_text(entries))
    return 0


def _verify(database: Database, options: argparse.Namespace) -> int:
    audit = database.read_now(verify_ledger)
    for finding in audit.findings:
        print(finding)
    print("the books hold" if audit.holds else "the books do NOT hold: see above")
    return 0 if audit.holds else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="choba", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    books = commands.add_parser("trial-balance", help="debit and credit of every account")
    _reads_books(books, _trial_balance)
    ledger = commands.add_parser("ledger", help="entries of the books").add_subparsers(
        required=True, metavar="COMMAND"
    )
    show = ledger.add_parser("show", help="the entries of a payment")
    show.add_argument("payment", metavar="PAYMENT", help="its id, 20 letters and digits")
    _reads_books(show, _show)
    audit = commands.add_parser("audit", help="proofs").add_subparsers(
        required=True, metavar="COMMAND"
    )
    _reads_books(audit.add_parser("verify", help="add up and walk the chains"), _verify)
    schema = commands.add_parser("db", help="the database").add_subparsers(
        required=True, metavar="COMMAND"
    )
    up = schema.add_parser("migrate", help="bring it to this release's schema")
    up.add_argument("url", metavar="URL", help="as the role that owns the schema")
    up.set_defaults(act=None)
    return parser


def _reads_books(parser: argparse.ArgumentParser, act: Act) -> None:
    parser.add_argument("--state-dir", type=Path, metavar="FOLDER", help="of choba-server")
    parser.add_argument("--database", metavar="URL", default="", help="instead of the state folder")
    parser.set_defaults(act=act)


if __name__ == "__main__":
    raise SystemExit(main())
