"""Today: the list, its totals, and what is still 確認中."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from device.core.japan_time import day_of, start_of
from device.core.sale_data import Attention, Sale, SalePhase
from device.core.state import State
from device.core.telling_data import KnownPayment
from protos.units import Micros, Yen

_LISTED = frozenset(
    {
        SalePhase.CANCELLING,
        SalePhase.RESOLVING,
        SalePhase.UNRESOLVED,
        SalePhase.ACCEPTED,
        SalePhase.DISPUTED,
    }
)

Entry = KnownPayment | Sale
"""A row of the list: a payment that the ledger holds, or a sale that is not final."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Payments that the ledger holds: how many, and how much. Sales in doubt never count."""

    count: int
    amount: Yen


def payments_of(state: State, day: dt.date) -> tuple[KnownPayment, ...]:
    """The payments committed on a day of Japan, oldest first."""
    first, last = start_of(day), start_of(day + dt.timedelta(days=1))
    return tuple(each for each in state.payments if first <= each.payment.paid_at < last)


def totals(payments: Iterable[KnownPayment]) -> Totals:
    """Count and sum."""
    amounts = [known.payment.amount for known in payments]
    return Totals(len(amounts), Yen(sum(amounts)))


def totals_today(state: State, now: Micros) -> Totals:
    """本日."""
    return totals(payments_of(state, day_of(now)))


def doubtful_sales(state: State) -> tuple[Sale, ...]:
    """Sales that staff saw in doubt, or accepted by code, and that the ledger has not settled.

    From any day: a doubt of yesterday is one until it is settled.
    """
    return tuple(
        sale
        for sale in state.sales
        if sale.phase in _LISTED
        and sale.attention is Attention.TOLD
        and sale.number != state.current
    )


def entries(state: State, now: Micros) -> tuple[Entry, ...]:
    """The rows of 本日の一覧, newest first."""
    rows: list[tuple[Micros, Entry]] = [
        (known.payment.paid_at, known) for known in payments_of(state, day_of(now))
    ]
    rows += [(sale.opened_at, sale) for sale in doubtful_sales(state)]
    rows.sort(key=lambda row: row[0], reverse=True)
    return tuple(entry for _, entry in rows)


def page_count(state: State, now: Micros) -> int:
    """How many pages the list has, at least 1."""
    return max(1, -(-len(entries(state, now)) // state.rows))
