"""The caches beside the books: wallets and rests of lots against what the walk added up."""

from sqlalchemy import Connection, select

from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.audit import Audit
from server.ledger.types import AccountKind
from server.ledger.verify_accounts import AccountTable, LotTable


def verify_wallets(connection: Connection, audit: Audit, accounts: AccountTable) -> None:
    """Each customer's account has one wallet, of the same owner and service, with its balance."""
    w = t.wallets.c
    seen = 0
    for account, owner, service, balance in stream_rows(
        connection, select(w.account_id, w.owner, w.service_id, w.balance).order_by(w.account_id)
    ):
        audit.wallets += 1
        if not accounts.holds(account) or accounts.kinds[account] != AccountKind.CUSTOMER:
            audit.find("wallets", f"wallet {account}: there is no customer's account with it")
            continue
        seen += 1
        unit = accounts.services.get(service)
        if (accounts.owners[account], accounts.units[account]) != (owner, unit):
            audit.find("wallets", f"wallet {account}: another owner or service than its account")
        computed = accounts.balances[account]
        if balance != computed:
            audit.find(
                "wallets", f"wallet {account}: cached {balance}, its postings say {computed}"
            )
        if computed < 0:
            audit.find("wallets", f"account {account}: a customer's balance is {computed}")
    wanted = accounts.kinds.count(int(AccountKind.CUSTOMER))
    if seen != wanted:
        audit.find("wallets", f"{wanted} customers' accounts have {seen} wallets")


def verify_lots(
    connection: Connection, audit: Audit, accounts: AccountTable, lots: LotTable
) -> None:
    """Each lot has its entry and its cached rest; the rest is between 0 and its face."""
    n, b = t.lots.c, t.lot_balances.c
    for row in stream_rows(
        connection,
        select(
            n.lot_id,
            n.account_id,
            n.face,
            n.expires_at,
            b.account_id,
            b.owner,
            b.expires_at,
            b.remaining,
        )
        .join_from(t.lots, t.lot_balances, n.lot_id == b.lot_id, isouter=True)
        .order_by(n.lot_id),
    ):
        lot, account, face, expires_at, cached_account, owner, cached_expiry, remaining = row
        if not 0 < lot < len(lots.rests):
            continue  # named before: this number was never given out
        if not accounts.holds(account) or accounts.kinds[account] != AccountKind.CUSTOMER:
            audit.find("lots", f"lot {lot}: account {account} is no customer's")
            continue
        computed = lots.rests[lot]
        if remaining != computed:
            audit.find("lots", f"lot {lot}: cached {remaining}, its postings say {computed}")
        if not 0 <= computed <= face:
            audit.find("lots", f"lot {lot}: {computed} are left of a face of {face}")
        facts = (account, expires_at, accounts.owners[account])
        if (cached_account, cached_expiry, owner) != facts:
            audit.find("lots", f"lot {lot}: its cache names another account, owner or expiry")
    _without(connection, audit)


def _without(connection: Connection, audit: Audit) -> None:
    """Lots without the entry that issued them, cached rests without their lot."""
    n = t.lots.c
    for lot, entry in stream_rows(
        connection,
        select(n.lot_id, n.entry_id).where(
            ~select(t.entries.c.entry_id).where(t.entries.c.entry_id == n.entry_id).exists()
        ),
    ):
        audit.find("lots", f"lot {lot}: entry {entry}, which issued it, is not there")
    b = t.lot_balances.c.lot_id
    for (lot,) in stream_rows(
        connection, select(b).where(~select(n.lot_id).where(n.lot_id == b).exists())
    ):
        audit.find("lots", f"lot {lot}: a rest is cached, but there is no such lot")
