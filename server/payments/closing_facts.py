"""What a close asks of the payments: what is still under way, and what customers were promised."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from protos.units import Micros, Yen
from server.db.schema import cancels as c
from server.db.schema import payments as t
from server.directory import ServiceId


@dataclass(frozen=True, slots=True)
class OpenSales:
    """Payments that are on their way. None of them can come into a period that is over."""

    claims: int
    """Customers who have a sale in their hands now."""
    unsent: int
    """Payments in the books of which the counter has not been told yet."""


@dataclass(slots=True)
class Promised:
    """What was paid with one instant of close on its slips, and taken back of it. Counts: legs."""

    used: Yen = Yen(0)
    used_count: int = 0
    cancelled: Yen = Yen(0)
    cancelled_count: int = 0
    latest_cancel: Micros = Micros(0)
    """Of payments the audit holds each to its own close: ``screen``."""


def open_sales(connection: Connection, now: Micros) -> OpenSales:
    """As of now."""
    claims = select(func.count()).where(t.claims.c.ended_at.is_(None), t.claims.c.expires_at > now)
    unsent = select(func.count()).where(t.outbox.c.announced_at.is_(None))
    return OpenSales(
        connection.execute(claims).scalar_one(), connection.execute(unsent).scalar_one()
    )


def promised_sums(connection: Connection) -> dict[tuple[ServiceId, Micros], Promised]:
    """By service and the close that the slips name: read from the transactions, not the postings.

    One scan of all legs; for the audit.
    """
    found: dict[tuple[ServiceId, Micros], Promised] = {}
    leg = t.transactions.c
    used = select(leg.service_id, leg.closes_at, func.sum(leg.amount), func.count()).group_by(
        leg.service_id, leg.closes_at
    )
    for service, closes_at, amount, count in connection.execute(used):
        promised = found.setdefault((ServiceId(service), Micros(closes_at)), Promised())
        promised.used, promised.used_count = Yen(int(amount)), count
    slip = c.cancel_slips.c
    cancelled = (
        select(
            leg.service_id,
            leg.closes_at,
            func.sum(slip.amount),
            func.count(),
            func.max(c.cancellations.c.cancelled_at),
        )
        .join_from(c.cancel_slips, t.transactions, leg.transaction_id == slip.target_transaction_id)
        .join(c.cancellations, c.cancellations.c.cancel_id == slip.cancel_id)
        .group_by(leg.service_id, leg.closes_at)
    )
    for service, closes_at, amount, count, latest in connection.execute(cancelled):
        promised = found.setdefault((ServiceId(service), Micros(closes_at)), Promised())
        promised.cancelled, promised.cancelled_count = Yen(int(amount)), count
        promised.latest_cancel = Micros(latest)
    return found
