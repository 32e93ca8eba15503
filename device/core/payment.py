"""A payment as the device knows it: what the ledger committed, in frozen values."""

import datetime as dt
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from protos.units import Micros, PaymentId, SaleNumber, Sequence, TransactionId, Yen

STAND_SALE = SaleNumber(0)
"""The sale number of a payment on a static stand (it has none)."""


class ServiceKind(IntEnum):
    """A service's type (サービス種別), with the numbers of the wire."""

    MONEY = 1
    POINTS = 2
    VOUCHER = 3


class Via(StrEnum):
    """How the device learnt of a payment."""

    ANNOUNCED = "announced"
    PULLED = "pulled"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class LotBalance:
    """Part of a customer's balance; ``last_day`` is the last day on which it can be used."""

    amount: Yen
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class Leg:
    """One service's part of a payment. ``closes_at``: its cancel ends there (half-open)."""

    service_id: str
    service_name: str
    kind: ServiceKind
    amount: Yen
    transaction_id: TransactionId
    closes_at: Micros
    pay_day: dt.date
    balance_after: tuple[LotBalance, ...] = ()


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that the ledger holds. Only links that checked its origin may make one."""

    payment_id: PaymentId
    sale: SaleNumber
    """STAND_SALE for a static stand."""
    amount: Yen
    legs: tuple[Leg, ...]
    paid_at: Micros
    """Instant of commit, the server's clock."""
    sequence: Sequence
    confirmation_code: str
    """Six digits."""
    cancel_until: Micros
    """The earliest close of its legs."""
