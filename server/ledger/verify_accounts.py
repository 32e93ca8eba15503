"""The register of accounts: its chain, and what later checks need of each account, in arrays."""

from array import array
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.accounts import ledger_id
from server.ledger.audit import Audit
from server.ledger.layout import account_digest, accounts_genesis

NO_UNIT: Final = 0


@dataclass(slots=True)
class AccountTable:
    """By account number, 22 bytes each: memory grows with accounts and lots, not with entries."""

    units: "array[int]"
    """Number of the account's service in ``services``; 0: there is no such account."""
    kinds: "array[int]"
    owners: "array[int]"
    balances: "array[int]"
    """Of customers: credits less debits, added up by the walk over the postings."""
    services: dict[str, int] = field(default_factory=dict)

    def holds(self, account: int) -> bool:
        return 0 < account < len(self.units) and self.units[account] != NO_UNIT


@dataclass(slots=True)
class LotTable:
    """By lot number, 16 bytes each."""

    accounts: "array[int]"
    """0: there is no such lot."""
    rests: "array[int]"
    """Credits less debits."""


def read_accounts(connection: Connection, audit: Audit) -> AccountTable:
    """Follow the register's chain. Accounts are numbered without gaps, so a lost one shows."""
    given = _counter(connection, "account")
    digest = accounts_genesis(ledger_id(connection))
    table = AccountTable(array("i", [0]), array("h", [0]), array("q", [0]), array("q", [0]))
    rows = stream_rows(
        connection,
        select(
            t.accounts.c.account_id,
            t.accounts.c.kind,
            t.accounts.c.service_id,
            t.accounts.c.owner,
            t.account_digests.c.digest,
        )
        .join_from(
            t.accounts,
            t.account_digests,
            t.account_digests.c.account_id == t.accounts.c.account_id,
            isouter=True,
        )
        .order_by(t.accounts.c.account_id),
    )
    for account, kind, service, owner, written in rows:
        audit.accounts += 1
        if not 0 < account <= given:
            audit.find("accounts", f"account {account}: this number was never given out")
            continue
        _pad(table, account, audit)
        try:
            digest = account_digest(digest, account, kind, service, owner)
        except Exception:  # a value of another kind or size than any account ever had
            digest = b""
        if digest != written:
            audit.find("accounts", f"account {account}: differs from the register of accounts")
            digest = written or b""
        table.units.append(table.services.setdefault(service, len(table.services) + 1))
        table.kinds.append(kind)
        table.owners.append(owner)
        table.balances.append(0)
    if len(table.units) <= given:
        audit.find("accounts", f"accounts {len(table.units)} to {given} are missing")
    _lone_digests(connection, audit)
    return table


def read_lots(connection: Connection, audit: Audit) -> LotTable:
    """Which account each lot belongs to."""
    given = _counter(connection, "lot")
    table = LotTable(array("q", [0]), array("q", [0]))
    for lot, account in stream_rows(
        connection, select(t.lots.c.lot_id, t.lots.c.account_id).order_by(t.lots.c.lot_id)
    ):
        audit.lots += 1
        if not 0 < lot <= given:
            audit.find("lots", f"lot {lot}: this number was never given out")
            continue
        skipped = lot - len(table.accounts)
        table.accounts.extend([0] * skipped)
        table.accounts.append(account)
    table.rests = array("q", bytes(8 * len(table.accounts)))
    return table


def _pad(table: AccountTable, account: int, audit: Audit) -> None:
    first = len(table.units)
    if account > first:
        audit.find("accounts", f"accounts {first} to {account - 1} are missing")
        for column in (table.units, table.kinds, table.owners, table.balances):
            column.extend([0] * (account - first))


def _lone_digests(connection: Connection, audit: Audit) -> None:
    d = t.account_digests.c.account_id
    for (account,) in stream_rows(
        connection, select(d).where(d.not_in(select(t.accounts.c.account_id))).order_by(d)
    ):
        audit.find("accounts", f"account {account}: in the register, but it is gone")


def _counter(connection: Connection, name: str) -> int:
    found = connection.execute(
        select(t.counters.c.value).where(t.counters.c.name == name)
    ).scalar_one_or_none()
    return int(found or 0)
