"""Reports of the books as plain text, and their audit."""

import argparse
import struct
import sys
import unicodedata
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import wraps
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros
from server.campaigns import verify_grants, verify_lapses
from server.campaigns.selling import verify_campaigns
from server.cli.running import Rooms, database_url, keyring_of, with_database
from server.cli.two_processes import TwoProcesses, Verifier
from server.clock import TOKYO, micros_of, tokyo_time
from server.db import DatabaseKind, migrate
from server.db.streams import long_snapshot
from server.directory import Keyring
from server.ledger import (
    Audit,
    Entry,
    Progress,
    PublicKeys,
    TrialBalance,
    TrialBalanceLine,
    entry_by_id,
    no_progress,
    trial_balance,
    verify_ledger,
)
from server.payments import (
    Payment,
    find_payment,
    verify_cancels,
    verify_outcomes,
    verify_payment_rows,
)
from server.refusal import Refusal, RefusalKind
from server.reports import verify_results
from server.settlement.closes import verify_closes
from server.settlement.payouts import verify_payouts

_WIDTH = 46


_UNREADABLE: Final = (
    Refusal,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    struct.error,
)


def _part(verify: Verifier) -> Verifier:
    """A row that is gone or cannot be read is a finding that names the room, never the end."""

    def read(connection: Connection, progress: Progress) -> list[str]:
        try:
            return verify(connection, progress)
        except _UNREADABLE as error:
            what = verify.__name__.removeprefix("verify_").replace("_", " ")
            return [f"{what}: a row cannot be read ({type(error).__name__}: {error})"]

    return read


def _quiet(verify: Callable[[Connection], list[str]]) -> Verifier:
    """A room whose books are small beside the payments' shows no progress."""
    return _part(wraps(verify)(lambda connection, _progress: verify(connection)))


VERIFIERS: Final[tuple[Verifier, ...]] = (
    _part(verify_payment_rows),
    _part(verify_outcomes),
    _quiet(verify_closes),
    _quiet(verify_cancels),
    _quiet(verify_grants),
    _quiet(verify_campaigns),
    _quiet(verify_lapses),
    _quiet(verify_payouts),
    verify_results,
)
"""What ``choba audit verify`` asks besides the ledger, the longest first: a room that keeps books
adds its own."""


class TimeCode(StrEnum):
    TIME = "CHOBA_CLI_TIME"


def add_to(rooms: Rooms, common: argparse.ArgumentParser) -> None:
    """The commands of the books themselves."""
    database = rooms.add_parser("db").add_subparsers(required=True)
    command = database.add_parser("migrate", parents=[common])
    command.add_argument("url", nargs="?", metavar="URL", help="as the role that owns the schema")
    command.add_argument("--application-role", default="", metavar="ROLE")
    command.set_defaults(run=_migrate)

    balance = rooms.add_parser("trial-balance", parents=[common])
    balance.add_argument("--at", default="", metavar="TIME", help="Asia/Tokyo, 2026-11-25T12:00")
    balance.set_defaults(run=_trial_balance)

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
    at = instant_of(options.at) if options.at else None

    def work(connection: Connection) -> int:
        long_snapshot(connection)
        return show_trial_balance(connection, at)

    return with_database(options, lambda database: database.read_now(work))


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


def instant_of(text: str) -> Micros:
    """A wall-clock time in Japan as typed; with an offset in it, that one's. Raises Refusal."""
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        moment = datetime.fromisoformat(plain)
        return micros_of(moment if moment.tzinfo else moment.replace(tzinfo=TOKYO))
    except (ValueError, OverflowError) as error:
        raise Refusal(
            TimeCode.TIME,
            RefusalKind.INVALID,
            ja="日時は 2026-11-25T12:00 のように書いてください（日本時間）。",
            en=f"--at {text}: write a time of Asia/Tokyo as 2026-11-25T12:00",
            field="at",
        ) from error


def show_trial_balance(connection: Connection, at: Micros | None = None) -> int:
    """試算表. Exit status 1 when debits and credits differ."""
    balance = trial_balance(connection, at)
    if at is not None:
        print(f"{tokyo_time(at):%Y-%m-%d %H:%M:%S.%f} (Asia/Tokyo)")
    print("\n".join(_trial_balance_lines(balance)))
    return 0 if balance.total_debit == balance.total_credit else 1


def audit_verify(
    connection: Connection,
    progress: Progress = no_progress,
    trusted: PublicKeys | None = None,
    both: TwoProcesses | None = None,
) -> int:
    """Compute everything again. Exit status 1 when something does not hold.

    The connection's transaction is made a snapshot, so nothing may have been read before.
    ``both``: parts are taken by a second process, too.
    """
    audit, findings = all_findings(connection, progress, trusted, both)
    print(
        f"{audit.entries:,} entries, {audit.postings:,} postings, {audit.lanes} lanes, "
        f"{audit.accounts:,} accounts, {audit.wallets:,} wallets, {audit.lots:,} lots, "
        f"{audit.signed_heads:,} signed heads read"
    )
    for note in audit.notes:
        print(f"  note: {note}")
    for finding in findings:
        print(f"  does not hold: {finding}")
    print("the books hold" if not findings else f"{len(findings)} findings: the books do NOT hold")
    return 1 if findings else 0


def all_findings(
    connection: Connection,
    progress: Progress = no_progress,
    trusted: PublicKeys | None = None,
    both: TwoProcesses | None = None,
) -> tuple[Audit, list[str]]:
    """What ``audit_verify`` prints."""
    long_snapshot(connection)
    if both is not None:
        both.begin(connection)
        audit = verify_ledger(connection, both.progress, trusted)
        return audit, audit.findings + both.rest(connection)
    audit = verify_ledger(connection, progress, trusted)
    findings = [*audit.findings]
    for verify in VERIFIERS:
        findings += verify(connection, progress)
    return audit, findings


def two_processes(url: str, progress: Progress) -> TwoProcesses | None:
    """For ``audit_verify``; None where one process has to do. Call its ``end``."""
    return TwoProcesses(url, VERIFIERS, progress) if TwoProcesses.possible() else None


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
            f"  {cell(leg.name_ja, 20)} {leg.amount:>12,}  {leg.transaction_id}  "
            f"{leg.before:,} -> {leg.after:,}"
            for leg in payment.legs
        ),
        f"  {cell('合計 total', 20)} {payment.amount:>12,}",
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
    head = f"{cell('Trial balance 試算表', _WIDTH)}{'debit':>16}{'credit':>16}{'balance':>16}"
    rule = "-" * (_WIDTH + 48)
    lines = [
        f"{cell(_account(line), _WIDTH)}{line.debit:>16,}{line.credit:>16,}"
        f"{line.debit - line.credit:>16,}"
        for line in balance.lines
    ]
    debit, credit = balance.total_debit, balance.total_credit
    total = f"{cell('total 合計', _WIDTH)}{debit:>16,}{credit:>16,}{debit - credit:>16,}"
    return [head, rule, *lines, rule, total]


def _account(line: TrialBalanceLine) -> str:
    return f"{line.account}  {line.name.ja}"


def cell(text: str, width: int) -> str:
    """Padded by columns of a terminal: a full-width character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)
