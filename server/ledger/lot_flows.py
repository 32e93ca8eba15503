"""What became of each lot up to the end of some ranges: taken back, used before and in them, lost.

One scan of the postings up to there, grouped before anything is joined.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, false, func, or_, select

from protos.units import Yen
from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.customer_entries import within_ranges
from server.ledger.ranges import LaneRange
from server.ledger.types import NO_LOT, AccountKind, LotId, Unit

_SOURCES: Final = (AccountKind.ISSUED, AccountKind.PREMIUM, AccountKind.BONUS)
"""Where the part of a lot comes from that nobody paid for."""


@dataclass(frozen=True, slots=True)
class LotFlow:
    """One lot. Yen; ``used_inside`` is net of what was cancelled, and so are the others."""

    lot_id: LotId
    entry_id: str
    """Of the entry that issued it."""
    face: Yen
    price: Yen
    """The paid part of the face."""
    source: AccountKind | None
    """Of the part that was not paid for; None where all of it was."""
    taken_back: int
    """付与キャンセル."""
    used_before: int
    used_inside: int
    lost: int
    """有効期限切れ and 失効."""

    def paid_share(self, used: int) -> int:
        """Of so much used, what its holder had paid: ``floor(used × price ÷ face)``."""
        return used * self.price // self.face

    @property
    def paid_inside(self) -> int:
        """The paid share of what was used in the ranges. Over all ranges of a lot's life these add
        up to the paid share of all that was used of it."""
        before = self.used_before
        return self.paid_share(before + self.used_inside) - self.paid_share(before)


def lot_flows(connection: Connection, unit: Unit, ranges: Sequence[LaneRange]) -> Iterator[LotFlow]:
    """Every lot of a unit that was issued up to the ends of ``ranges``, in no order.

    ``ranges``: one for each lane, as a close has them. Memory stays flat.
    """
    p = t.postings.c
    known = or_(*[(p.lane_id == one.lane) & (p.position <= one.until) for one in ranges])
    inside = within_ranges(ranges)
    # a bare 0 would be a column number in GROUP BY
    inside_flag = case((false() if inside is None else inside, 1), else_=0)
    moved = (
        select(
            p.lot_id,
            p.debit_account,
            p.credit_account,
            inside_flag.label("inside"),
            func.sum(p.amount).label("amount"),
        )
        .where(known, p.lot_id != NO_LOT)
        .group_by(p.lot_id, p.debit_account, p.credit_account, inside_flag)
        .subquery("moved")
    )
    debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
    m = moved.c

    def used(flag: int) -> ColumnElement[int]:
        return func.sum(
            case(
                ((m.inside == flag) & (credit.c.kind == int(AccountKind.SHOP)), m.amount),
                ((m.inside == flag) & (debit.c.kind == int(AccountKind.SHOP)), -m.amount),
                else_=0,
            )
        )

    given = [int(kind) for kind in _SOURCES]
    gone = [int(AccountKind.EXPIRED), int(AccountKind.FORFEITED)]
    sums = (
        select(
            m.lot_id,
            func.max(case((debit.c.kind.in_(given), debit.c.kind), else_=0)).label("source"),
            func.sum(
                case(
                    (credit.c.kind.in_([*given, int(AccountKind.SOLD)]), m.amount),
                    else_=0,
                )
            ).label("taken_back"),
            used(0).label("used_before"),
            used(1).label("used_inside"),
            func.sum(case((credit.c.kind.in_(gone), m.amount), else_=0)).label("lost"),
        )
        .join_from(moved, debit, debit.c.account_id == m.debit_account)
        .join(credit, credit.c.account_id == m.credit_account)
        .where(debit.c.service_id == unit)
        .group_by(m.lot_id)
        .subquery("sums")
    )
    lots = t.lots.c
    rows = stream_rows(
        connection,
        select(
            lots.lot_id,
            lots.entry_id,
            lots.face,
            lots.price,
            sums.c.source,
            sums.c.taken_back,
            sums.c.used_before,
            sums.c.used_inside,
            sums.c.lost,
        ).join_from(sums, t.lots, lots.lot_id == sums.c.lot_id),
    )
    for lot, entry_id, face, price, source, taken_back, before, within, lost in rows:
        yield LotFlow(
            LotId(lot),
            entry_id,
            Yen(face),
            Yen(price),
            AccountKind(source) if source else None,
            int(taken_back),
            int(before),
            int(within),
            int(lost),
        )
