"""What customers of each unit were given, spent, got back and lost, in ranges of lanes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, and_, case, func, select

from protos.units import Yen
from server.db.schema import ledger as t
from server.ledger.ranges import LaneRange
from server.ledger.types import NO_LOT, AccountKind, Unit


class Movement(StrEnum):
    """Between which two kinds of account; the words stand in tables, never change one."""

    GIVEN = "given"
    """付与 and チャージ: to a customer, issued by the operator."""
    TAKEN_BACK = "taken_back"
    """付与キャンセル."""
    SPENT = "spent"
    """利用: from a customer to a shop."""
    RETURNED = "returned"
    """利用キャンセル."""
    EXPIRED = "expired"
    """有効期限切れ."""
    FORFEITED = "forfeited"
    """失効."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A sum, and of how many entries: an entry counts once however many lots it touched."""

    amount: Yen = Yen(0)
    count: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(Yen(self.amount + other.amount), self.count + other.count)


Movements = dict[tuple[Unit, Movement], Moved]

_ISSUING: Final = tuple(
    int(kind)
    for kind in (AccountKind.ISSUED, AccountKind.SOLD, AccountKind.PREMIUM, AccountKind.BONUS)
)


def movements(connection: Connection, ranges: Iterable[LaneRange]) -> Movements:
    """By unit and movement; what did not move is not there."""
    total: Movements = {}
    for one in ranges:
        if one.after < one.until:
            for service, kind, amount, count in connection.execute(_of_range(one)):
                key = Unit(service), Movement(kind)
                total[key] = total.get(key, Moved()) + Moved(Yen(int(amount)), count)
    return total


def _of_range(one: LaneRange) -> Any:
    """Within one lane, so that a position names an entry."""
    p = t.postings.c
    debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
    kind = _kind(debit.c.kind, credit.c.kind).label("movement")
    return (
        select(debit.c.service_id, kind, func.sum(p.amount), func.count(p.position.distinct()))
        .select_from(t.postings)
        .join(debit, debit.c.account_id == p.debit_account)
        .join(credit, credit.c.account_id == p.credit_account)
        .where(
            p.lane_id == one.lane,
            p.position > one.after,
            p.position <= one.until,
            p.lot_id != NO_LOT,
            kind.is_not(None),
        )
        .group_by(debit.c.service_id, kind)
    )


def _kind(debit: Any, credit: Any) -> Any:
    customer, shop = int(AccountKind.CUSTOMER), int(AccountKind.SHOP)
    return case(
        (and_(debit == customer, credit == shop), Movement.SPENT.value),
        (and_(debit == shop, credit == customer), Movement.RETURNED.value),
        (and_(debit.in_(_ISSUING), credit == customer), Movement.GIVEN.value),
        (and_(debit == customer, credit.in_(_ISSUING)), Movement.TAKEN_BACK.value),
        (and_(debit == customer, credit == int(AccountKind.EXPIRED)), Movement.EXPIRED.value),
        (and_(debit == customer, credit == int(AccountKind.FORFEITED)), Movement.FORFEITED.value),
    )
