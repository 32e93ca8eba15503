"""What is signed: lines of plain text that people and other programs read.

    choba-heads-v1
    ledger <id> made <created_at>
    number <n, from 1 without gaps>
    signed-at <microseconds since 1970 UTC>
    previous <SHA-256 of the signature before; 64 zeros for the first>
    key <key id> <public key>
    accounts <last account id> <digest of the register of accounts>
    lane <id> <position> <last instant> <head hash>        one line per lane, by id

The signature is Ed25519 over these lines, each ended by a line feed; it follows in a file as
``signature <128 hexadecimal digits>`` and an empty line.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WORD: Final = "choba-heads-v1"
NOTHING_BEFORE: Final = bytes(32)
_HEX: Final = r"((?:[0-9a-f]{2})+)"
_FORM: Final = re.compile(
    rf"{WORD}\n"
    r"ledger ([0-9A-Za-z]{20}) made (\d+)\n"
    r"number (\d+)\n"
    r"signed-at (\d+)\n"
    rf"previous {_HEX}\n"
    rf"key ([0-9a-f]{{16}}) {_HEX}\n"
    rf"accounts (\d+) {_HEX}\n"
    r"((?:lane \d+ \d+ \d+ [0-9a-f]{64}\n)*)",
    re.ASCII,
)


class StatementError(ValueError):
    """A text that is no signed head; the message says where."""


@dataclass(frozen=True, slots=True)
class LaneHead:
    """Where a lane stood: its last entry's position, instant and hash."""

    lane: int
    position: int
    instant: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """Where all of the books stood."""

    ledger_id: str
    created_at: int
    number: int
    signed_at: int
    previous: bytes
    key_id: str
    public_key: bytes
    accounts: int
    accounts_digest: bytes
    lanes: tuple[LaneHead, ...]

    def text(self) -> str:
        """The bytes that are signed, as ASCII."""
        lines = (
            WORD,
            f"ledger {self.ledger_id} made {self.created_at}",
            f"number {self.number}",
            f"signed-at {self.signed_at}",
            f"previous {self.previous.hex()}",
            f"key {self.key_id} {self.public_key.hex()}",
            f"accounts {self.accounts} {self.accounts_digest.hex()}",
            *(f"lane {h.lane} {h.position} {h.instant} {h.head.hex()}" for h in self.lanes),
        )
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A statement with its signature, as it stands in the books or in an auditor's file."""

    text: str
    signature: bytes

    def exported(self) -> str:
        """As it stands in a file."""
        return f"{self.text}signature {self.signature.hex()}\n\n"

    def digest(self) -> bytes:
        """What the next statement names as the one before."""
        return hashlib.sha256(self.signature).digest()


def parse_statement(text: str) -> Statement:
    """Raises StatementError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise StatementError("is not written as signed heads are")
    lanes = tuple(
        LaneHead(int(lane), int(position), int(instant), bytes.fromhex(head))
        for _, lane, position, instant, head in (line.split(" ") for line in found[10].splitlines())
    )
    statement = Statement(
        found[1],
        int(found[2]),
        int(found[3]),
        int(found[4]),
        bytes.fromhex(found[5]),
        found[6],
        bytes.fromhex(found[7]),
        int(found[8]),
        bytes.fromhex(found[9]),
        lanes,
    )
    if statement.text() != text:
        raise StatementError("is not written as signed heads are")
    return statement


def parse_file(text: str) -> Iterator[SignedHead]:
    """The signed heads of an exported file. Raises StatementError with the number of the part."""
    parts = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    if not parts:
        raise StatementError("the file holds no signed heads")
    for number, part in enumerate(parts, start=1):
        body, _, last = part.strip("\n").rpartition("\n")
        if not re.fullmatch(r"signature [0-9a-f]{128}", last):
            raise StatementError(f"part {number} of the file ends without a signature")
        yield SignedHead(f"{body}\n", bytes.fromhex(last.removeprefix("signature ")))
