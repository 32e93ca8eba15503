"""The ledger's own values: accounts, lots, drafts of entries. It knows no vouchers, no payments."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NewType

from protos.units import Micros, Yen

AccountId = NewType("AccountId", int)
LotId = NewType("LotId", int)
"""0 stands for "no lot" in the books."""
LaneId = NewType("LaneId", int)
StreamId = NewType("StreamId", int)
"""A terminal number: each device has one gapless stream of announcements."""
OwnerKey = NewType("OwnerKey", int)
"""A customer or a shop inside the ledger; 0 is the operator. It says nothing about a person."""
Unit = NewType("Unit", str)
"""What is counted: the id of a service. Accounts of two units never meet in one posting."""

OPERATOR = OwnerKey(0)
NO_LOT = LotId(0)


class LedgerError(Exception):
    """Base of the ledger's errors. ``code`` is stable: CHOBA_LEDGER_*."""

    code = "CHOBA_LEDGER_ERROR"


class AccountKind(IntEnum):
    """Numbers stand in the books: never change one."""

    ISSUED = 1
    """付与: what the operator has given into circulation without a price, points for instance."""
    CUSTOMER = 2
    SHOP = 3
    """Owed to a shop until it is paid out."""
    EXPIRED = 4
    FORFEITED = 5
    SOLD = 6
    """販売: the paid part of what was issued, at its price."""
    PREMIUM = 7
    """プレミアム: the part of what was issued that the operator adds to the price."""
    BONUS = 8
    """Points granted for age on a purchase."""
    FUNDS = 9
    """The operator's money for this service: from the city, from buyers, out to shops."""
    CITY = 10
    """What the city has paid in."""
    BUYERS = 11
    """What buyers have paid in, through cards and collection agencies."""
    PAID_OUT = 12
    """What has been transferred to shops."""
    CORRECTIONS = 13
    """調整: what the operator owes a shop more, or less, by the decision of two people."""
    FEES = 14
    """Fees of transfers, kept from what shops are owed or taken from the operator's funds."""


class Operation(IntEnum):
    """OP1 to OP5 of the CSV files, then what only the books know. Never change a number."""

    USE = 1
    GRANT = 2
    CHARGE = 3
    CANCEL_USE = 4
    CANCEL_GRANT = 5
    EXPIRE = 6
    FORFEIT = 7
    PAY_IN = 8
    """Money that reaches the operator: from the city or from buyers. Touches no wallet."""
    PAY_OUT = 9
    """Money that leaves for a shop."""
    SKIP = 10
    """Sequences that are never given out (``server.ledger.gaps``). Moves nothing."""
    CLOSE = 11
    """締め: where a period of a service ends, for good. Moves nothing."""
    CORRECT = 12
    """調整: between a shop and the operator, decided by two people."""
    RETURN_PAY_OUT = 13
    """組戻し: a transfer that came back is owed to its shop again."""


MOVES_NOTHING: Final = frozenset({Operation.SKIP, Operation.CLOSE})
"""Entries without postings: the chain holds their subject, and so what it stands for."""


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """One balanced movement. ``lot``: the customer's lot it takes from or gives to."""

    debit: AccountId
    credit: AccountId
    amount: Yen
    lot: LotId


@dataclass(frozen=True, slots=True)
class NewLot:
    """Issued by the entry that carries it; its posting fills it."""

    lot_id: LotId
    account_id: AccountId
    owner: OwnerKey
    unit: Unit
    face: Yen
    price: Yen
    expires_at: Micros


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """What a domain wants booked. The engine gives it lane, position, instant and sequence."""

    entry_id: str
    """Public id, 20 characters."""
    operation: Operation
    subject: bytes
    """32 bytes: the domain's digest of its own row, random ids and numbers only."""
    postings: tuple[PostingDraft, ...]
    announced_on: StreamId | None = None
    new_lots: tuple[NewLot, ...] = ()


@dataclass(frozen=True, slots=True)
class Booking:
    """Where and when an entry stands in the books."""

    lane_id: LaneId
    position: int
    instant: Micros
    sequence: int
    """In its stream; 0 without one."""


@dataclass(slots=True)
class OpenLot:
    """A customer's lot as the batch goes on: ``remaining`` follows the entries before."""

    lot_id: LotId
    account_id: AccountId
    expires_at: Micros
    remaining: int


@dataclass(slots=True)
class Wallet:
    """A customer's account as the batch goes on; lots by expiry, then by age."""

    account_id: AccountId
    owner: OwnerKey
    unit: Unit
    balance: int
    lots: list[OpenLot]
