"""``choba``: what the keeper of the books asks them on the server's own machine.

choba db migrate [URL] [--application-role ROLE]  create or upgrade the schema, as its owner
choba trial-balance                               試算表: every account, debit and credit
choba audit verify                                chains, balances, lots, payments again
choba ledger show (PAYMENT | --code N)            one payment's entries, then the trial balance

Each takes --state-dir FOLDER (else $STATE_DIRECTORY, else ./var), --config FILE or --database URL.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from server.cli.books import audit_verify, ledger_show, show_trial_balance
from server.db import Database, DatabaseError, migrate, open_database
from server.directory import Keyring
from server.settings import DEFAULT_FOLDER, SettingsError, load
from server.state import KeyFileError, KeyFiles, StateFolder, state_folder

_KNOWN = (DatabaseError, SettingsError, KeyFileError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: done and whole; 1: refused or not whole; 2: not a command."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except _KNOWN as refusal:
        print(f"choba: {refusal.code}: {refusal}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state-dir", type=Path, metavar="FOLDER")
    common.add_argument("--config", type=Path, action="append", metavar="FILE")
    common.add_argument("--database", metavar="URL", help="without a password in it")
    parser = argparse.ArgumentParser(
        prog="choba", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rooms = parser.add_subparsers(required=True, metavar="COMMAND")

    database = rooms.add_parser("db").add_subparsers(required=True)
    command = database.add_parser("migrate", parents=[common])
    command.add_argument("url", nargs="?", metavar="URL", help="as the role that owns the schema")
    command.add_argument("--application-role", default="", metavar="ROLE")
    command.set_defaults(run=_migrate)

    rooms.add_parser("trial-balance", parents=[common]).set_defaults(run=_trial_balance)

    audit = rooms.add_parser("audit").add_subparsers(required=True)
    audit.add_parser("verify", parents=[common]).set_defaults(run=_audit)

    ledger = rooms.add_parser("ledger").add_subparsers(required=True)
    show = ledger.add_parser("show", parents=[common])
    which = show.add_mutually_exclusive_group(required=True)
    which.add_argument("--code", help="confirmation code, six digits; the newest payment with it")
    which.add_argument(
        "payment", nargs="?", metavar="PAYMENT", help="id of a payment or of one of its legs"
    )
    show.set_defaults(run=_show)
    return parser


def _migrate(options: argparse.Namespace) -> int:
    migrate(options.url or _url(options), application_role=options.application_role)
    return 0


def _trial_balance(options: argparse.Namespace) -> int:
    return _with(options, lambda database: database.read_now(show_trial_balance))


def _audit(options: argparse.Namespace) -> int:
    return _with(options, lambda database: database.read_now(audit_verify))


def _show(options: argparse.Namespace) -> int:
    keys = KeyFiles(_state(options).keys)
    keyring = Keyring(keys.master_key().reveal())
    return _with(
        options,
        lambda database: database.read_now(
            lambda connection: ledger_show(
                connection, database.kind, keyring, code=options.code, wanted=options.payment
            )
        ),
    )


def _with(options: argparse.Namespace, work: Callable[[Database], int]) -> int:
    database = open_database(_url(options), readers=1, writers=1)
    try:
        return work(database)
    finally:
        database.close_now()


def _state(options: argparse.Namespace) -> StateFolder:
    return state_folder(options.state_dir, os.environ)


def _url(options: argparse.Namespace) -> str:
    """--database, else the settings' URL, else SQLite in the state folder."""
    if options.database:
        return str(options.database)
    folder = [DEFAULT_FOLDER] if DEFAULT_FOLDER.is_dir() else []
    configured = load(options.config or folder).database.url
    return configured or f"sqlite:///{_state(options).database}"


if __name__ == "__main__":
    raise SystemExit(main())
