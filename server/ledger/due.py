"""Which customers hold lots whose expiry has passed."""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, text

from protos.units import Micros
from server.db.schema import ledger as t
from server.ledger.types import OwnerKey, Unit

_DUE: Final[Select[Any]] = (
    select(t.lot_balances.c.owner)
    .where(
        t.lot_balances.c.remaining > text("0"),
        t.lot_balances.c.expires_at <= bindparam("until"),
        t.lot_balances.c.owner > bindparam("after"),
    )
    .group_by(t.lot_balances.c.owner)
    .order_by(t.lot_balances.c.owner)
    .limit(bindparam("most"))
)
"""Walks the index of open lots by owner: no index of its own, which every payment would pay for."""
_UNITS: Final[Select[Any]] = (
    select(t.lot_balances.c.owner, t.accounts.c.service_id)
    .join_from(t.lot_balances, t.accounts, t.accounts.c.account_id == t.lot_balances.c.account_id)
    .where(
        t.lot_balances.c.remaining > text("0"),
        t.lot_balances.c.expires_at <= bindparam("until"),
        t.lot_balances.c.owner > bindparam("after"),
        t.lot_balances.c.owner <= bindparam("last"),
    )
    .distinct()
    .order_by(t.lot_balances.c.owner, t.accounts.c.service_id)
)


def due_wallets(
    connection: Connection, until: Micros, after: OwnerKey, most: int
) -> list[tuple[OwnerKey, Unit]]:
    """Customer and unit wherever something is left of a lot that expires at ``until`` or before.

    The first ``most`` customers above ``after``, in order; a customer is never cut in two.
    """
    owners = (
        connection.execute(_DUE, {"until": until, "after": after, "most": most}).scalars().all()
    )
    if not owners:
        return []
    found = connection.execute(_UNITS, {"until": until, "after": after, "last": owners[-1]})
    return [(OwnerKey(owner), Unit(unit)) for owner, unit in found]
