"""The verifiable draw (抽選), version 1: pure, so that anyone can compute it again.

The list. UTF-8 text, lines ended by a line feed (0x0A):
    choba-draw-list-v1
    campaign <campaign id>
    round <number>
    supply <units that can be won>
    event <the public event that gives the seed, named beforehand>
    <application number>,<units applied for>        one per application, sorted by its bytes
An application number is 1 to 64 of ``A-Z a-z 0-9 - _`` and occurs once; units are decimal without
leading zeros, at least 1. The SHA-256 of these bytes is published before the event.

The draw. U is the sum of all units applied for, S the supply. U ≤ S: everybody wins all. Else lay
the units out as an array in the order of the list: the first application's units, then the
second's, and so on; ``a[k]`` is the application that unit k (from 0) belongs to. For j = 0 … S-1:
take r = j + random(U - j), exchange ``a[j]`` and ``a[r]``; unit ``a[j]`` has won. Each set of S
units is as likely as any other, so each unit wins with S/U, whoever applied for it.

Random numbers. Block i (from 0) is HMAC-SHA256 with key = the seed in UTF-8 after NFC, without
white space at its ends, over ``choba-draw-v1`` ‖ SHA-256 of the list (32 bytes) ‖ i as 8 bytes
big-endian. The blocks, one after the other, are read as 8-byte big-endian numbers x.
random(n): let m = 2^64 - 2^64 mod n; take numbers until x < m; the result is x mod n.

The result. The same form: ``choba-draw-result-v1``, ``list <SHA-256, hexadecimal>``,
``seed <seed>``, then ``<application number>,<units won>`` for every application, sorted the same.
"""

import hashlib
import hmac
import re
import struct
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

_LIST_HEAD: Final = "choba-draw-list-v1"
_RESULT_HEAD: Final = "choba-draw-result-v1"
_STREAM: Final = b"choba-draw-v1"
_WORD: Final = 1 << 64
_NUMBERS: Final = struct.Struct(">4Q")
_LINE: Final = re.compile(r"([A-Za-z0-9_-]{1,64}),([1-9][0-9]{0,8})")
_MOST_SUPPLY: Final = 10**9
_MOST_UNITS: Final = 2**32 - 1
LONGEST_TEXT: Final = 200


class DrawListError(ValueError):
    """A list, or a seed, that is not of the form above; the text names the line."""

    code = "CHOBA_CAMPAIGNS_DRAW_LIST"


@dataclass(frozen=True, slots=True)
class DrawList:
    """The published list of one round's applications."""

    campaign_id: str
    round: int
    supply: int
    """Units that can be won."""
    event: str
    """What gives the seed; named before applications end."""
    units: Mapping[str, int]
    """Units applied for (希望口数) by application number."""

    def canonical(self) -> bytes:
        """The bytes that are published and hashed."""
        head = (
            _LIST_HEAD,
            f"campaign {self.campaign_id}",
            f"round {self.round}",
            f"supply {self.supply}",
            f"event {self.event}",
        )
        return _text(head, self.units)

    def sha256(self) -> str:
        """Of the canonical bytes, hexadecimal."""
        return hashlib.sha256(self.canonical()).hexdigest()


@dataclass(frozen=True, slots=True)
class DrawResult:
    """Units won (当選口数) by application number; 0 for those that won none."""

    list_sha256: str
    seed: str
    won: Mapping[str, int]

    def canonical(self) -> bytes:
        """The bytes that are published and hashed."""
        return _text((_RESULT_HEAD, f"list {self.list_sha256}", f"seed {self.seed}"), self.won)

    def sha256(self) -> str:
        """Of the canonical bytes, hexadecimal."""
        return hashlib.sha256(self.canonical()).hexdigest()


def one_line(name: str, text: str) -> str:
    """NFC, without white space at its ends; as it is hashed.

    Raises DrawListError for more than 200 characters or for a control character.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    if len(plain) > LONGEST_TEXT or any(unicodedata.category(c)[0] == "C" for c in plain):
        raise DrawListError(f"{name}: one line of at most {LONGEST_TEXT} characters")
    return plain


def draw(published: DrawList, seed: str) -> DrawResult:
    """Who has won how many units. Raises DrawListError for an empty seed where lots are drawn."""
    plain = one_line("seed", seed)
    total = sum(published.units.values())
    if total > _MOST_UNITS:
        raise DrawListError(f"list: at most {_MOST_UNITS} units can be drawn from")
    digest = published.sha256()
    if total <= published.supply:
        return DrawResult(digest, plain, dict(published.units))
    if not plain:
        raise DrawListError("seed: must not be empty, more units are applied for than there are")
    numbers = sorted(published.units)
    tickets = array(
        "I",
        chain.from_iterable(repeat(i, published.units[n]) for i, n in enumerate(numbers)),
    )
    won = [0] * len(numbers)
    stream = _stream(plain.encode(), bytes.fromhex(digest))
    for j in range(published.supply):
        left = total - j
        fair = _WORD - _WORD % left
        number = next(stream)
        while number >= fair:
            number = next(stream)
        other = j + number % left
        ticket = tickets[other]
        tickets[other] = tickets[j]
        won[ticket] += 1
    return DrawResult(digest, plain, dict(zip(numbers, won, strict=True)))


def parse_list(content: bytes) -> DrawList:
    """A published list. Raises DrawListError unless it is canonical to the byte."""
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise DrawListError("list: not UTF-8; publish and download it as it is") from error
    names = ("campaign", "round", "supply", "event")
    if len(lines) < 6 or lines[0] != _LIST_HEAD or lines[-1]:
        raise DrawListError(f"list: line 1 must be {_LIST_HEAD}, the last must end with a newline")
    facts = dict(zip(names, map(_fact, lines[1:5], names), strict=True))
    units: dict[str, int] = {}
    for at, line in enumerate(lines[5:-1], start=6):
        found = _LINE.fullmatch(line)
        if found is None or found[1] in units:
            raise DrawListError(f"list: line {at}: number,units; each number once")
        units[found[1]] = int(found[2])
    parsed = DrawList(
        facts["campaign"],
        _count(facts["round"], 2),
        _count(facts["supply"], 3),
        facts["event"],
        units,
    )
    if parsed.canonical() != content:
        raise DrawListError("list: not canonical; its lines must be sorted by number")
    return parsed


def _fact(line: str, name: str) -> str:
    if not line.startswith(f"{name} "):
        raise DrawListError(f"list: a line '{name} …' is missing in the head")
    return line[len(name) + 1 :]


def _count(text: str, line: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= _MOST_SUPPLY):
        raise DrawListError(f"list: line {line + 1}: a number is needed")
    return int(text)


def _text(head: Sequence[str], numbers: Mapping[str, int]) -> bytes:
    lines = [f"{number},{numbers[number]}" for number in sorted(numbers)]
    return ("\n".join((*head, *lines)) + "\n").encode()


def _stream(seed: bytes, digest: bytes) -> Iterator[int]:
    block = 0
    while True:
        message = _STREAM + digest + block.to_bytes(8, "big")
        yield from _NUMBERS.unpack(hmac.digest(seed, message, "sha256"))
        block += 1
