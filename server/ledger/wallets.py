"""Reading customers' wallets with their open lots, one statement for any number of customers."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Select, select, text

from protos.units import Micros
from server.db.kinds import DatabaseKind
from server.db.prepared import Prepared, Rows, Statement, run_all
from server.db.schema import ledger as t
from server.db.sets import RowSet
from server.ledger.types import AccountId, LotId, OpenLot, OwnerKey, Unit, Wallet


class WalletReader:
    """Prebuilt for one kind of database."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._owners = RowSet(kind, "owners", owner=int)
        self._statement: Final = Prepared(kind, _statement(self._owners))
        self._lots = RowSet(kind, "closed", lot_id=int)
        self._closed: Final = Prepared(
            kind,
            select(
                t.lot_balances.c.lot_id, t.lot_balances.c.account_id, t.lot_balances.c.expires_at
            ).where(
                self._lots.among(t.lot_balances.c.lot_id),
                t.lot_balances.c.remaining == text("0"),
            ),
        )

    def read(
        self,
        connection: Connection,
        owners: Iterable[OwnerKey],
        closed_lots: Iterable[LotId] = (),
    ) -> list[Wallet]:
        """All wallets of these customers; lots with something left, in order of spending.

        ``closed_lots``: also these, of the same customers, though nothing is left of them.
        """
        return self.wallets(run_all(connection, self.questions(owners, closed_lots)))

    def questions(
        self, owners: Iterable[OwnerKey], closed_lots: Iterable[LotId] = ()
    ) -> list[Statement]:
        """What ``read`` asks, for a caller that asks other things with it."""
        open_lots = self._owners.params([(owner,) for owner in sorted(set(owners))])
        asked = [self._statement.statement(open_lots)]
        if wanted := sorted(set(closed_lots)):
            closed = self._lots.params([(lot,) for lot in wanted])
            asked.append(self._closed.statement(closed))
        return asked

    def wallets(self, answers: Sequence[Rows]) -> list[Wallet]:
        """What ``read`` gives, from the answers to its questions."""
        rows, *closed = answers
        wallets: dict[int, Wallet] = {}
        for row in rows:
            account, owner, unit, balance, lot, expires_at, remaining = row
            wallet = wallets.get(account)
            if wallet is None:
                wallet = Wallet(AccountId(account), OwnerKey(owner), Unit(unit), balance, [])
                wallets[account] = wallet
            if lot is not None:
                wallet.lots.append(
                    OpenLot(LotId(lot), wallet.account_id, Micros(expires_at), remaining)
                )
        for lot, account, expires_at in chain.from_iterable(closed):
            if account in wallets:
                lots = wallets[account].lots
                lots.append(OpenLot(LotId(lot), AccountId(account), Micros(expires_at), 0))
        for wallet in wallets.values():
            wallet.lots.sort(key=lambda lot: (lot.expires_at, lot.lot_id))
        return list(wallets.values())


def _statement(owners: RowSet) -> Select[Any]:
    lots = t.lot_balances
    return (
        select(
            t.wallets.c.account_id,
            t.wallets.c.owner,
            t.wallets.c.service_id,
            t.wallets.c.balance,
            lots.c.lot_id,
            lots.c.expires_at,
            lots.c.remaining,
        )
        .join_from(
            t.wallets,
            lots,
            (lots.c.owner == t.wallets.c.owner)
            & (lots.c.account_id == t.wallets.c.account_id)
            & (lots.c.remaining > text("0")),
            isouter=True,
        )
        .where(owners.among(t.wallets.c.owner))
    )
