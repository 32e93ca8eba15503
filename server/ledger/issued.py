"""Reading what entries issued: their postings and lots, for many entries at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.ledger.types import AccountId, LotId, PostingDraft


@dataclass(frozen=True, slots=True)
class IssuedLot:
    """A lot as it was issued, and what is left of it now."""

    lot_id: LotId
    entry_id: str
    face: Yen
    price: Yen
    expires_at: Micros
    remaining: int


def postings_of(
    connection: Connection, entry_ids: Sequence[str]
) -> dict[str, tuple[PostingDraft, ...]]:
    """The postings of those entries that exist, in their order; a few hundred at most at once."""
    rows = connection.execute(
        select(t.entries.c.entry_id, t.postings)
        .join_from(
            t.entries,
            t.postings,
            (t.postings.c.lane_id == t.entries.c.lane_id)
            & (t.postings.c.position == t.entries.c.position),
        )
        .where(t.entries.c.entry_id.in_(entry_ids))
        .order_by(t.entries.c.entry_id, t.postings.c.line)
    )
    found: dict[str, list[PostingDraft]] = {}
    for row in rows:
        found.setdefault(row.entry_id, []).append(_posting(row))
    return {entry_id: tuple(postings) for entry_id, postings in found.items()}


def issued_lots(connection: Connection, lot_ids: Sequence[LotId]) -> dict[LotId, IssuedLot]:
    """Those lots that exist; a few hundred at most at once."""
    rows = connection.execute(
        select(t.lots, t.lot_balances.c.remaining)
        .join_from(t.lots, t.lot_balances, t.lots.c.lot_id == t.lot_balances.c.lot_id)
        .where(t.lots.c.lot_id.in_(lot_ids))
    )
    return {
        LotId(r.lot_id): IssuedLot(
            LotId(r.lot_id),
            r.entry_id,
            Yen(r.face),
            Yen(r.price),
            Micros(r.expires_at),
            r.remaining,
        )
        for r in rows
    }


def _posting(row: Any) -> PostingDraft:
    return PostingDraft(
        AccountId(row.debit_account),
        AccountId(row.credit_account),
        Yen(row.amount),
        LotId(row.lot_id),
    )
