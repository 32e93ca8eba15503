"""What a grant or charge is, as frozen values."""

import hashlib
import secrets
import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from protos.units import Micros, UserId, Yen
from server.campaigns.digests import digest
from server.directory import ServiceId
from server.ledger import AccountKind, Operation, OwnerKey

SALT_BYTES: Final = 16


class Funding(Enum):
    """Where the part of a lot comes from that its holder did not pay for."""

    ISSUED = AccountKind.ISSUED
    """Given by the operator: points."""
    PREMIUM = AccountKind.PREMIUM
    """Added to what a buyer paid."""
    BONUS = AccountKind.BONUS
    """Given on a purchase, by age."""


class Origin(IntEnum):
    """Numbers stand in the books: never change one."""

    CAMPAIGN = 0
    """By the product itself: a purchase, a bonus, a survey."""
    HAND = 1
    """取引操作 by an operator."""
    FILE = 2
    """CSVから取引操作."""


class GrantError(ValueError):
    """A grant that cannot be; the text names the field."""

    code = "CHOBA_CAMPAIGNS_GRANT"


@dataclass(frozen=True, slots=True)
class Notes:
    """note1 to note3 of the transactions' CSV. They can be deleted; the books hold their hash."""

    note1: str = ""
    note2: str = ""
    note3: str = ""
    salt: bytes = b""
    """So that nobody finds a deleted text by trying; ``salted`` gives one."""

    @classmethod
    def salted(cls, note1: str = "", note2: str = "", note3: str = "") -> "Notes":
        """With fresh randomness, where there is anything to hide."""
        salt = secrets.token_bytes(SALT_BYTES) if note1 or note2 or note3 else b""
        return cls(note1, note2, note3, salt)

    def __bool__(self) -> bool:
        return bool(self.note1 or self.note2 or self.note3)

    @property
    def hash(self) -> bytes:
        """32 bytes; empty without notes."""
        if not self:
            return b""
        return digest("choba-notes-v1", self.salt, self.note1, self.note2, self.note3)


@dataclass(frozen=True, slots=True)
class GrantSource:
    """By what act a grant came about; the default is the product itself."""

    origin: Origin = Origin.CAMPAIGN
    batch_id: str = ""
    """Of a file."""
    line: int = 0
    """Of the file, from 2 (the header is line 1)."""
    act_id: str = ""
    """The operator's act in the audit log."""
    notes: Notes = Notes()


@dataclass(frozen=True, slots=True)
class Grant:
    """One lot for one customer. The same key and content again grants nothing twice."""

    idempotency_key: str
    operation: Operation
    """GRANT (付与) or CHARGE (チャージ)."""
    user_id: UserId
    owner: OwnerKey
    service_id: ServiceId
    amount: Yen
    price: Yen
    """What the customer paid for it; the rest is premium."""
    expires_at: Micros
    """Exclusive: the first instant at which the lot can no longer be used."""
    funding: Funding = Funding.ISSUED
    """Of ``amount - price``; the paid part always comes from what was sold."""
    source: GrantSource = GrantSource()

    def __post_init__(self) -> None:
        if self.operation not in (Operation.GRANT, Operation.CHARGE):
            raise GrantError("operation: GRANT or CHARGE")
        if self.amount <= 0:
            raise GrantError("amount: above 0")
        if not 0 <= self.price <= self.amount:
            raise GrantError("price: from 0 to the amount")
        if not self.idempotency_key:
            raise GrantError("idempotency_key: must not be empty")

    def request_hash(self) -> bytes:
        """Of what is granted, not of who asked for it."""
        packed = struct.pack(
            ">bqqqq", self.operation, self.owner, self.amount, self.price, self.expires_at
        )
        content = packed + self.service_id.encode()
        if self.funding is not Funding.ISSUED:  # what was granted before there was a choice
            content += b"\0" + self.funding.name.encode()
        return hashlib.sha256(b"choba-grant-v1" + content).digest()


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """``grant_id``: the entry's id. ``repeated``: it was there already."""

    grant_id: str
    repeated: bool
