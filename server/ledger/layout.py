"""The bytes that the hash chains cover: the same on every database. docs/audit.md explains them.

entry v1: ``choba-entry-v1`` ‖ previous hash 32 ‖ lane 8 ‖ position 8 ‖ instant 8 ‖ operation 1 ‖
          entry id 20 ‖ subject 32 ‖ number of lines 2 ‖ per line: debit 8 ‖ credit 8 ‖ amount 8 ‖
          lot 8
entry v2: an entry that issues lots: the same under the word ``choba-entry-v2``, then number of
          lots 2 ‖ per lot, by its id: lot 8 ‖ account 8 ‖ face 8 ‖ price 8 ‖ expires at 8
genesis:  ``choba-lane-v1`` ‖ ledger id 20 ‖ lane 8
account:  ``choba-account-v1`` ‖ digest of the account opened before 32 ‖ account 8 ‖ kind 2 ‖
          owner 8 ‖ length of the service id 2 ‖ service id; before the first stands
          ``choba-accounts-v1`` ‖ ledger id 20

Numbers are big-endian and signed, ids ASCII, the hash is SHA-256. A change of any byte here is a
new version under a new word, with the old one kept for the entries that have it.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import Final

from server.ledger.types import EntryDraft, LaneId

WORD_V1: Final = b"choba-entry-v1"
WORD_V2: Final = b"choba-entry-v2"
HEAD: Final = struct.Struct(">14s32sqqqb20s32sH")
LINE: Final = struct.Struct(">qqqq")
_GENESIS: Final = struct.Struct(">13s20sq")
_LOTS: Final = struct.Struct(">H")
_LOT: Final = struct.Struct(">qqqqq")
_ACCOUNT: Final = struct.Struct(">qhqH")

LotFacts = tuple[int, int, int, int, int]
"""Lot, account, face, price, expiry."""


def genesis(ledger_id: str, lane: LaneId) -> bytes:
    """The hash before a lane's first entry."""
    packed = _GENESIS.pack(b"choba-lane-v1", ledger_id.encode("ascii"), lane)
    return hashlib.sha256(packed).digest()


def entry_hash(
    previous: bytes, lane: LaneId, position: int, instant: int, entry: EntryDraft
) -> bytes:
    """32 bytes over the entry, its lines, the lots that it issues and everything before it."""
    new_lots = entry.new_lots
    head = HEAD.pack(
        WORD_V2 if new_lots else WORD_V1,
        previous,
        lane,
        position,
        instant,
        entry.operation,
        entry.entry_id.encode("ascii"),
        entry.subject,
        len(entry.postings),
    )
    lines = [LINE.pack(p.debit, p.credit, p.amount, p.lot) for p in entry.postings]
    if new_lots:
        lines.append(
            lots_bytes((n.lot_id, n.account_id, n.face, n.price, n.expires_at) for n in new_lots)
        )
    return hashlib.sha256(head + b"".join(lines)).digest()


def lots_bytes(lots: Iterable[LotFacts]) -> bytes:
    """What version 2 adds to an entry."""
    ordered = sorted(lots)
    return _LOTS.pack(len(ordered)) + b"".join(_LOT.pack(*lot) for lot in ordered)


def accounts_genesis(ledger_id: str) -> bytes:
    """The digest before the first account."""
    return hashlib.sha256(b"choba-accounts-v1" + ledger_id.encode("ascii")).digest()


def account_digest(
    previous: bytes, account_id: int, kind: int, service_id: str, owner: int
) -> bytes:
    """32 bytes over an account and every one that was opened before it."""
    service = service_id.encode("utf-8")
    facts = _ACCOUNT.pack(account_id, kind, owner, len(service))
    return hashlib.sha256(b"choba-account-v1" + previous + facts + service).digest()
