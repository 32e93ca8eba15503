"""Reports of the books as plain text."""

import argparse
import sys
import unicodedata

from sqlalchemy import Connection

from server.campaigns import verify_grants, verify_lapses
from server.campaigns.selling import verify_campaigns
from server.cli.running import Rooms, database_url, keyring_of, with_database
from server.clock import tokyo_time
from server.db import DatabaseKind, migrate
from server.directory import Keyring
from server.ledger import Entry, TrialBalance, entry_by_id, trial_balance, verify_ledger
from server.payments import Payment, find_payment, verify_cancels, verify_payments

_WIDTH = 34


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of the books themselves."""
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


def _migrate(options: argparse.Namespace) -> int:
    migrate(options.url or database_url(options), application_role=options.application_role)
    return 0


def _trial_balance(options: argparse.Namespace) -> int:
    return with_database(options, lambda database: database.read_now(show_trial_balance))


def _audit(options: argparse.Namespace) -> int:
    return with_database(options, lambda database: database.read_now(audit_verify))


def _show(options: argparse.Namespace) -> int:
    keyring = keyring_of(options)
    return with_database(
        options,
        lambda database: database.read_now(
            lambda connection: ledger_show(
                connection, database.kind, keyring, code=options.code, wanted=options.payment
            )
        ),
    )


def show_trial_balance(connection: Connection) -> int:
    """試算表. Exit status 1 when debits and credits differ."""
    balance = trial_balance(connection)
    print("\n".join(_trial_balance_lines(balance)))
    return 0 if balance.total_debit == balance.total_credit else 1


def audit_verify(connection: Connection) -> int:
    """Compute everything again. Exit status 1 when something does not hold."""
    audit = verify_ledger(connection)
    findings = [
        *audit.findings,
        *verify_payments(connection),
        *verify_grants(connection),
        *verify_campaigns(connection),
        *verify_cancels(connection),
        *verify_lapses(connection),
    ]
    print(
        f"{audit.entries} entries, {audit.postings} postings, {audit.lanes} lanes, "
        f"{audit.wallets} wallets, {audit.lots} lots read"
    )
    for finding in findings:
        print(f"  does not hold: {finding}")
    print("the books hold" if not findings else f"{len(findings)} findings: the books do NOT hold")
    return 1 if findings else 0


def ledger_show(
    connection: Connection,
    kind: DatabaseKind,
    keyring: Keyring,
    *,
    code: str | None,
    wanted: str | None,
) -> int:
    """One payment with its postings, then the trial balance. Exit status 1 when there is none."""
    payment = find_payment(connection, kind, keyring, code=code or "", wanted=wanted or "")
    entry = entry_by_id(connection, payment.payment_id) if payment else None
    if payment is None or entry is None:
        print(
            f"choba: CHOBA_LEDGER_UNKNOWN: no payment {wanted or code}; its id has 20 letters and "
            "digits and stands on the slip, its code has six digits",
            file=sys.stderr,
        )
        return 1
    print("\n".join([*_payment_lines(payment), "", *_entry_lines(entry), ""]))
    return show_trial_balance(connection)


def _payment_lines(payment: Payment) -> list[str]:
    at = tokyo_time(payment.paid_at)
    return [
        f"Payment {payment.payment_id}  {at:%Y-%m-%d %H:%M:%S.%f} (Asia/Tokyo)",
        f"  {payment.shop_name_ja} {payment.terminal_name_ja} ({payment.terminal_id}), "
        f"sale {payment.sale_number}, announcement {payment.sequence}, "
        f"code {payment.confirmation_code}",
        *(
            f"  {_cell(leg.name_ja, 20)} {leg.amount:>12,}  {leg.transaction_id}  "
            f"{leg.before:,} -> {leg.after:,}"
            for leg in payment.legs
        ),
        f"  {_cell('合計 total', 20)} {payment.amount:>12,}",
        *_cancelled_lines(payment),
    ]


def _cancelled_lines(payment: Payment) -> list[str]:
    if payment.cancelled_at is None:
        return []
    return [f"  取消済み cancelled  {tokyo_time(payment.cancelled_at):%Y-%m-%d %H:%M:%S.%f}"]


def _entry_lines(entry: Entry) -> list[str]:
    return [
        f"Entry in lane {entry.lane_id}, position {entry.position}: {entry.operation.name}, "
        f"hash {entry.hash.hex()[:16]}…",
        *(
            f"  debit {line.debit_kind.name.lower()} #{line.debit} (lot {line.lot}), "
            f"credit {line.credit_kind.name.lower()} #{line.credit}: "
            f"{line.amount:,} of {line.unit}"
            for line in entry.lines
        ),
    ]


def _trial_balance_lines(balance: TrialBalance) -> list[str]:
    head = f"{_cell('Trial balance 試算表', _WIDTH)}{'debit':>16}{'credit':>16}{'balance':>16}"
    rule = "-" * (_WIDTH + 48)
    lines = [
        f"{_cell(line.account, _WIDTH)}{line.debit:>16,}{line.credit:>16,}"
        f"{line.debit - line.credit:>16,}"
        for line in balance.lines
    ]
    debit, credit = balance.total_debit, balance.total_credit
    total = f"{_cell('total 合計', _WIDTH)}{debit:>16,}{credit:>16,}{debit - credit:>16,}"
    return [head, rule, *lines, rule, total]


def _cell(text: str, width: int) -> str:
    """Padded by columns of a terminal: a full-width character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)
