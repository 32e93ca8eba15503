"""``choba``: what the keeper of the books asks them on the server's own machine.

choba db migrate [URL] [--application-role ROLE]  create or upgrade the schema, as its owner
choba trial-balance [--at TIME]                   試算表: every account, debit and credit
choba audit verify | sign | export-heads FILE | check-heads FILE | rotate-key
                                                  everything again; signed heads of the books
choba funds pay-in …                              money from the city or from buyers
choba ledger show (PAYMENT | --code N)            one payment's entries, then the trial balance

Each takes --state-dir FOLDER (else $STATE_DIRECTORY, else ./var), --config FILE or --database URL.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from server.cli import audit, books, funds
from server.cli.running import common_options
from server.db import DatabaseError
from server.refusal import Refusal
from server.settings import SettingsError
from server.state import KeyFileError

_AREAS: Final = (books, audit, funds)
"""Each adds its commands."""
_KNOWN = (DatabaseError, SettingsError, KeyFileError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: done and whole; 1: refused or not whole; 2: not a command."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except _KNOWN as refusal:
        print(f"choba: {refusal.code}: {refusal}", file=sys.stderr)
    except Refusal as refusal:
        print(f"choba: {refusal.code}: {refusal.ja}\n  {refusal.en}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="choba", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rooms = parser.add_subparsers(required=True, metavar="COMMAND")
    common = common_options()
    for area in _AREAS:
        area.add_to(rooms, common)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
