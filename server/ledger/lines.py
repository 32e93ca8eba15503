"""The postings of many entries at once, with the expiry of the lots that they touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from protos.units import Micros, Yen
from server.db.kinds import DatabaseKind
from server.db.schema import ledger as t
from server.db.sets import RowSet
from server.ledger.types import AccountId, AccountKind, LotId, OwnerKey, Unit


@dataclass(frozen=True, slots=True)
class LotLine:
    """One posting of an entry."""

    debit: AccountId
    debit_kind: AccountKind
    debit_owner: OwnerKey
    credit: AccountId
    credit_kind: AccountKind
    credit_owner: OwnerKey
    unit: Unit
    amount: Yen
    lot: LotId
    """0 for none."""
    expires_at: Micros
    """Of the lot, exclusive; 0 for none."""


class LineReader:
    """Prebuilt: one statement for any number of entries."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._ids: Final = RowSet(kind, "ids", entry_id=str)
        debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
        same = (t.postings.c.lane_id == t.entries.c.lane_id) & (
            t.postings.c.position == t.entries.c.position
        )
        self._statement: Final = (
            select(
                t.entries.c.entry_id,
                t.postings.c.debit_account,
                debit.c.kind,
                debit.c.owner,
                t.postings.c.credit_account,
                credit.c.kind,
                credit.c.owner,
                debit.c.service_id,
                t.postings.c.amount,
                t.postings.c.lot_id,
                t.lots.c.expires_at,
            )
            .join_from(t.entries, t.postings, same)
            .join(debit, debit.c.account_id == t.postings.c.debit_account)
            .join(credit, credit.c.account_id == t.postings.c.credit_account)
            .join(t.lots, t.lots.c.lot_id == t.postings.c.lot_id, isouter=True)
            .where(t.entries.c.entry_id.in_(select(self._ids.source.c.entry_id)))
            .order_by(t.entries.c.entry_id, t.postings.c.line)
        )

    def read(
        self, connection: Connection, entry_ids: Sequence[str]
    ) -> dict[str, tuple[LotLine, ...]]:
        """Lines in their order, of those entries that exist."""
        found: dict[str, list[LotLine]] = {}
        params = self._ids.params([(entry_id,) for entry_id in entry_ids])
        for row in connection.execute(self._statement, params):
            found.setdefault(row[0], []).append(
                LotLine(
                    AccountId(row[1]),
                    AccountKind(row[2]),
                    OwnerKey(row[3]),
                    AccountId(row[4]),
                    AccountKind(row[5]),
                    OwnerKey(row[6]),
                    Unit(row[7]),
                    Yen(row[8]),
                    LotId(row[9]),
                    Micros(row[10] or 0),
                )
            )
        return {entry_id: tuple(lines) for entry_id, lines in found.items()}
