"""``choba``: what the keeper of the books asks them on the server's own machine.

choba db migrate [URL] [--application-role ROLE]  create or upgrade the schema, as its owner
choba trial-balance [--at TIME]                   試算表: every account, debit and credit
choba audit verify | sign | export-heads FILE | check-heads FILE | rotate-key
                                                  everything again; signed heads of the books
choba funds pay-in …                              money from the city or from buyers
choba ledger show (PAYMENT | --code N)            one payment's entries, then the trial balance
choba backup DEST                                 copy the books while servers run, without keys
choba operator add|list|remove                    who may call OperatorService, and as what
choba acts list                                   操作記録: who did what, when, why
choba restore SRC --by NAME --why TEXT            put a backup into an empty place
choba points grant|charge USER SERVICE AMOUNT     付与, チャージ by hand
choba points cancel GRANT                         付与キャンセル of one
choba points import FILE                          dry run of a file: every line's fate
choba points confirm BATCH --shown DIGEST         do exactly what the dry run has shown
choba points status|resume|cancel-batch BATCH     a file's batch: look, go on after a crash, undo
choba points expiry SERVICE KIND                  when what is granted from now on expires
choba campaign terms|eligibility|unlock           a voucher campaign: its terms, who may buy
choba campaign freeze|hold-draw CAMPAIGN          the list that is published, then the draw
choba campaign draw --list FILE --seed TEXT       the draw again, offline, from what was published
choba campaign collected FILE --collector NAME    money that buyers paid; vouchers are issued
choba campaign issue|release|report               issue what waits, release what was not paid
choba payment cancel PAYMENT ...                  利用キャンセル: all of it, before its close
choba payment refund PAYMENT ...                  現金返金の記録: a note that moves no money
choba payment refunds USER                        cash refunds of one customer
choba payment cancel-rule SERVICE RULE            what cancels do with expired balances
choba expiry run                                  有効期限切れ: book what has expired
choba user leave USER                             退会: forfeit the rest, delete the contacts
choba close preview|run SERVICE                   締め処理: what it would end, and ending it
choba close list [SERVICE] | show CLOSE           closes that were made, with their sums
choba settlement schedule --close RULE --pay RULE closes and pay days of a window, without a server
choba settlement show-schedule|set-schedule       when a service closes and is paid
choba payout settings|one-transfer …              from which account a service pays; merchants
choba payout correct|decide-correction|corrections  調整: proposed by one, approved by another
choba payout preview|draft SERVICE                支払: what is due, and a bulk of it
choba payout approve|discard|file|sent|settled BULK   its way to the bank, by two people
choba payout returned PAYOUT                      組戻し: came back; is owed and paid again
choba payout list|show                            bulks, their transfers and events
choba shop bank ask|approve|refuse|list           where shops are paid: asked for, then approved
choba statement make|show SERVICE N               精算明細 of a close, PDF or CSV, for each shop
choba invoice make|show YYYY-MM                   請求書 to the city for a month's closes
choba deposit import|enter|check|list …           入金照合: what the bank paid, against the books
choba transactions list|csv …                     取引: found by user, shop, period and more
choba results daily|monthly --from DAY --to DAY   実績: of everybody, a merchant or a shop
choba bankfile check FILE                         全銀 総合振込: what is wrong where, or a summary
choba bankfile make --input LIST --output FILE …  such a file from a plain list; needs no books

Each takes --state-dir FOLDER (else $STATE_DIRECTORY, else ./var), --config FILE or --database URL.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from server.cli import (
    audit,
    backups,
    bankfile,
    books,
    campaigns,
    cancels,
    closes,
    documents,
    funds,
    operators,
    payees,
    payouts,
    points,
    reports,
    schedules,
)
from server.cli.running import common_options
from server.db import DatabaseError
from server.refusal import Refusal
from server.settings import SettingsError
from server.settlement.paper import PaperError
from server.state import KeyFileError

_AREAS: Final = (
    books,
    audit,
    funds,
    backups,
    operators,
    points,
    campaigns,
    cancels,
    closes,
    schedules,
    payouts,
    payees,
    bankfile,
    reports,
    documents,
)
"""Each adds its commands."""
_KNOWN = (DatabaseError, SettingsError, KeyFileError, PaperError)


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
