"""Proof that the books are whole: chains, balances, lots and signatures computed again."""

import sqlite3
from array import array
from collections.abc import Callable

from sqlalchemy import Connection, select

from server.db.schema import ledger as t
from server.ledger.audit import Audit, Progress, no_progress
from server.ledger.gaps import verify_gaps
from server.ledger.head_keys import PublicKeys
from server.ledger.pay_in import verify_pay_ins
from server.ledger.screen import chains_hold, moved
from server.ledger.verify_accounts import AccountTable, LotTable, read_accounts, read_lots
from server.ledger.verify_balances import verify_lots, verify_wallets
from server.ledger.verify_chains import ChainWalk
from server.ledger.verify_heads import verify_heads


def verify_ledger(
    connection: Connection,
    progress: Progress = no_progress,
    trusted: PublicKeys | None = None,
) -> Audit:
    """Read all of the books once, in the caller's transaction.

    Where others write meanwhile it must be a snapshot (``server.db.streams.long_snapshot``).
    ``trusted``: public keys by id; without them each signature is checked with the key it names.
    """
    audit = Audit()

    def books() -> None:
        accounts, lots = read_accounts(connection, audit), read_lots(connection, audit)
        if not _screened(connection, audit, accounts, lots):
            ChainWalk(connection, audit, accounts, lots, progress).run()
        verify_wallets(connection, audit, accounts)
        verify_lots(connection, audit, accounts, lots)

    def pay_ins() -> None:
        for finding in verify_pay_ins(connection):
            audit.find("pay-ins", finding)

    def gaps() -> None:
        for finding in verify_gaps(connection):
            audit.find("gaps", finding)

    if not _has_identity(connection):
        audit.find("identity", "ledger_identity: one row, number 1, is needed; nothing was read")
        return audit
    _readable(audit, books)
    _readable(audit, pay_ins)
    _readable(audit, gaps)
    _readable(audit, lambda: verify_heads(connection, audit, trusted or {}))
    if audit.lots_of_v1:
        audit.notes.append(
            f"{audit.lots_of_v1:,} lots were issued by entries of layout 1, whose hash does not "
            "cover a lot's price and expiry"
        )
    audit.tell_rest()
    return audit


def _screened(connection: Connection, audit: Audit, accounts: AccountTable, lots: LotTable) -> bool:
    """The database itself says that all entries hold, and what they add up to.

    False: it cannot, or it says no; then the walk reads everything and names what it is.
    """
    if not chains_hold(connection, counts := Audit()):
        return False
    walk = ChainWalk(connection, Audit(), accounts, lots, no_progress)
    if not walk.book_sums(moved(connection)):
        accounts.balances = array("q", bytes(8 * len(accounts.balances)))
        lots.rests = array("q", bytes(8 * len(lots.rests)))
        return False
    audit.entries, audit.postings, audit.lanes = counts.entries, counts.postings, counts.lanes
    audit.lots_of_v1 = counts.lots_of_v1
    return True


def _has_identity(connection: Connection) -> bool:
    return connection.execute(select(t.identity.c.singleton)).scalars().all() == [1]


def _readable(audit: Audit, work: Callable[[], None]) -> None:
    """A value that cannot even be read is a finding, never the end of the audit."""
    try:
        work()
    except (sqlite3.DatabaseError, TypeError, ValueError, ArithmeticError) as error:
        audit.find("rows", f"a row cannot be read ({type(error).__name__}: {error})")
