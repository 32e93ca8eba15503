"""What cancels and cash refunds take and give: frozen values, whole yen, microseconds UTC."""

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum

from protos.units import Micros, PaymentId, TerminalNumber, TransactionId, UserId, Yen
from server.directory import ServiceId, ShopId


class AcceptExpired(IntEnum):
    """What the caller has said about lots that would be given back and be lost at once.

    The numbers stand in the books.
    """

    NOT_SAID = 0
    """Such a cancel is refused with the amount, so that cash can be offered instead."""
    RESTORE_AND_EXPIRE = 1


class ExpiredLotRule(IntEnum):
    """A service's own rule for lots that have expired before the cancel. Stored numbers."""

    RESTORE_AND_EXPIRE = 1
    """The default: restored and expired at once (有効期限切れ), if the caller says so."""
    REFUSE = 2
    """The cancel is refused; what is left is cash, recorded."""


class ByKind(IntEnum):
    """Who takes a payment back. Stored numbers."""

    OPERATOR = 1
    SHOP = 2
    TERMINAL = 3


@dataclass(frozen=True, slots=True)
class CancelBy:
    """Who acts: keys are unique for each of them. Made by the functions below only."""

    kind: ByKind
    name: str
    shop_id: ShopId | None = None
    """Of a shop that acts: the only shop whose payments it may touch."""
    terminal: TerminalNumber | None = None
    """Of a terminal that acts, as its certificate has proved."""


def by_operator(name: str) -> CancelBy:
    """``name``: as it stands beside the token, or in ``--by``."""
    return CancelBy(ByKind.OPERATOR, name)


def by_shop(shop_id: ShopId) -> CancelBy:
    """A shop in its console; it may cancel its own payments only."""
    return CancelBy(ByKind.SHOP, shop_id, shop_id=shop_id)


def by_terminal(terminal_id: str, number: TerminalNumber) -> CancelBy:
    """A device; it may cancel what it announces only. The key's owner is the place, so that a
    device enrolled again still gets the same answer."""
    return CancelBy(ByKind.TERMINAL, terminal_id, terminal=number)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Id, shop and amount are what was compared with the customer's phone."""

    idempotency_key: str
    payment_id: PaymentId
    shop_id: ShopId
    amount: Yen
    accept_expired: AcceptExpired
    why: str

    def request_hash(self) -> bytes:
        """What makes two requests the same, ``why`` left out: the first reason stands."""
        content = [self.payment_id, self.shop_id, self.amount, int(self.accept_expired)]
        packed = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        return hashlib.sha256(b"choba-cancel-request-v1" + packed).digest()


@dataclass(frozen=True, slots=True)
class CancelSlip:
    """One leg taken back (利用キャンセル)."""

    transaction_id: TransactionId
    """Of the cancel itself."""
    target_transaction_id: TransactionId
    """The leg that was cancelled."""
    service_id: ServiceId
    amount: Yen
    before: Yen
    after: Yen
    """The customer's usable balance of this service before and after."""
    expired: Yen
    """Given back and expired in the same entry (有効期限切れ)."""
    forfeited: Yen
    """Given back and forfeited in the same entry (失効): the customer has left."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A payment that was taken back; true from the commit on, for good."""

    cancel_id: str
    payment_id: PaymentId
    amount: Yen
    cancelled_at: Micros
    slips: tuple[CancelSlip, ...]


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Cash that was handed to a customer. It moves no money in the ledger."""

    idempotency_key: str
    payment_id: PaymentId
    transaction_id: TransactionId | None
    """The leg; None where the payment has only one."""
    amount: Yen
    why: str

    def request_hash(self) -> bytes:
        content = [self.payment_id, self.transaction_id or "", self.amount]
        packed = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        return hashlib.sha256(b"choba-cash-refund-v1" + packed).digest()


@dataclass(frozen=True, slots=True)
class CashRefund:
    """現金返金の記録, as it stands in the books."""

    refund_id: str
    payment_id: PaymentId
    transaction_id: TransactionId
    user_id: UserId
    amount: Yen
    by: str
    why: str
    """Empty once its retention period is over."""
    recorded_at: Micros


@dataclass(frozen=True, slots=True)
class CashRefundPage:
    """Refunds of one customer, newest first."""

    refunds: tuple[CashRefund, ...]
    next_cursor: str
    """Empty at the end."""
