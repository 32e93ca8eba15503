"""The bytes that the hash chain covers, version 1: the same on every database.

entry:   ``choba-entry-v1`` ‖ previous hash 32 ‖ lane 8 ‖ position 8 ‖ instant 8 ‖ operation 1 ‖
         entry id 20 ‖ subject 32 ‖ number of lines 2 ‖ per line: debit 8 ‖ credit 8 ‖ amount 8 ‖
         lot 8
genesis: ``choba-lane-v1`` ‖ ledger id 20 ‖ lane 8

Numbers are big-endian and signed, ids ASCII, the hash is SHA-256. A change of any byte here is a
new version under a new word, with the old one kept for the entries that have it.
"""

import hashlib
import struct
from typing import Final

from server.ledger.types import EntryDraft, LaneId

_HEAD: Final = struct.Struct(">14s32sqqqb20s32sH")
_LINE: Final = struct.Struct(">qqqq")
_GENESIS: Final = struct.Struct(">13s20sq")


def genesis(ledger_id: str, lane: LaneId) -> bytes:
    """The hash before a lane's first entry."""
    packed = _GENESIS.pack(b"choba-lane-v1", ledger_id.encode("ascii"), lane)
    return hashlib.sha256(packed).digest()


def entry_hash(
    previous: bytes, lane: LaneId, position: int, instant: int, entry: EntryDraft
) -> bytes:
    """32 bytes over the entry, its lines and everything before it in its lane."""
    head = _HEAD.pack(
        b"choba-entry-v1",
        previous,
        lane,
        position,
        instant,
        entry.operation,
        entry.entry_id.encode("ascii"),
        entry.subject,
        len(entry.postings),
    )
    lines = [_LINE.pack(p.debit, p.credit, p.amount, p.lot) for p in entry.postings]
    return hashlib.sha256(head + b"".join(lines)).digest()
