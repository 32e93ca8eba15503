"""ESC/POS as a printer reads it: bytes cut into commands and characters, strictly.

A byte, a command or a value that the table doesn't hold is refused with its offset. Data inside a
command is never mistaken for a real-time command.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hardware.printer.status import CLEAR_BUFFERS

Length = Callable[[bytes], int | None]
"""How many bytes follow the prefix, from those that are here; None = too few to tell."""


@dataclass(frozen=True, slots=True)
class Token:
    """One command (``name`` as manuals write it) or one character (``name`` is ``text``).

    ``data`` is what follows the prefix, ``raw`` all bytes, ``offset`` the first one's place.
    """

    name: str
    data: bytes
    raw: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are no known command; nothing after them was read."""

    offset: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    length: Length
    allowed: Callable[[bytes], bool]


def _fixed(count: int) -> Length:
    return lambda _data: count


def _raster_length(data: bytes) -> int | None:
    if len(data) < 5:
        return None
    return 5 + int.from_bytes(data[1:3], "little") * int.from_bytes(data[3:5], "little")


def _block_length(data: bytes) -> int | None:
    return None if len(data) < 2 else 2 + int.from_bytes(data[:2], "little")


def _any(_data: bytes) -> bool:
    return True


def _only(*values: bytes) -> Callable[[bytes], bool]:
    return lambda data: data in values


def _not_zero(data: bytes) -> bool:
    return data[0] > 0


def _raster_header(data: bytes) -> bool:
    return data[0] == 0 and len(data) > 5


REAL_TIME: Final = frozenset({"DLE EOT", "DLE DC4"})

_COMMANDS: Final[Mapping[bytes, _Command]] = {
    b"\n": _Command("LF", _fixed(0), _any),
    b"\x1b@": _Command("ESC @", _fixed(0), _any),
    b"\x1bR": _Command("ESC R", _fixed(1), _only(b"\x08")),
    b"\x1b ": _Command("ESC SP", _fixed(1), _only(b"\x00")),
    b"\x1ba": _Command("ESC a", _fixed(1), _only(b"\x00")),
    b"\x1bE": _Command("ESC E", _fixed(1), _only(b"\x00", b"\x01")),
    b"\x1b3": _Command("ESC 3", _fixed(1), _not_zero),
    b"\x1bJ": _Command("ESC J", _fixed(1), _not_zero),
    b"\x1bd": _Command("ESC d", _fixed(1), _not_zero),
    b"\x1c&": _Command("FS &", _fixed(0), _any),
    b"\x1cC": _Command("FS C", _fixed(1), _only(b"\x01")),
    b"\x1cS": _Command("FS S", _fixed(2), _only(b"\x00\x00")),
    b"\x1c!": _Command("FS !", _fixed(1), _only(b"\x00", b"\x08", b"\x0c")),
    b"\x1d!": _Command("GS !", _fixed(1), _only(b"\x00", b"\x01", b"\x11")),
    b"\x1dB": _Command("GS B", _fixed(1), _only(b"\x00", b"\x01")),
    b"\x1dP": _Command("GS P", _fixed(2), _any),
    b"\x1dV": _Command("GS V", _fixed(2), _only(b"\x42\x00")),
    b"\x1dv0": _Command("GS v 0", _raster_length, _raster_header),
    b"\x1dr": _Command("GS r", _fixed(1), _only(b"\x01", b"1")),
    b"\x1d(H": _Command("GS ( H", _block_length, lambda data: data[:4] == b"\x06\x0000"),
    b"\x10\x04": _Command("DLE EOT", _fixed(1), _only(b"\x01", b"\x02", b"\x03", b"\x04")),
    b"\x10\x14": _Command("DLE DC4", _fixed(8), _only(CLEAR_BUFFERS[2:])),
}
_LONGEST_PREFIX: Final = max(map(len, _COMMANDS))


class Lexer:
    """Cuts a stream, however it arrives. After a refusal it reads nothing until ``reset``."""

    def __init__(self) -> None:
        self._pending = b""
        self._offset = 0
        self._refused = False

    def reset(self) -> None:
        """Begin a new stream."""
        self._pending = b""
        self._offset = 0
        self._refused = False

    @property
    def unfinished(self) -> bytes:
        """The bytes of a command that isn't complete yet."""
        return self._pending

    def feed(self, data: bytes) -> Iterator[Token | Refused]:
        """The tokens that these bytes complete."""
        if self._refused:
            return
        self._pending += data
        while self._pending:
            found = self._next()
            if found is None:
                return
            if isinstance(found, Refused):
                self._refused = True
                self._pending = b""
                yield found
                return
            self._pending = self._pending[len(found.raw) :]
            self._offset += len(found.raw)
            yield found

    def _next(self) -> Token | Refused | None:
        if self._pending[0] >= 0x20:
            return self._character()
        for size in range(1, _LONGEST_PREFIX + 1):
            command = _COMMANDS.get(self._pending[:size])
            if command is not None:
                return self._command(command, size)
        if any(prefix.startswith(self._pending) for prefix in _COMMANDS):
            return None
        return self._refuse("no command that this printer knows", _LONGEST_PREFIX)

    def _command(self, command: _Command, prefix: int) -> Token | Refused | None:
        rest = self._pending[prefix:]
        length = command.length(rest)
        if length is None or len(rest) < length:
            return None
        data = rest[:length]
        if not command.allowed(data):
            return self._refuse(f"{command.name} with a value it doesn't take", prefix + length)
        return Token(command.name, data, self._pending[: prefix + length], self._offset)

    def _character(self) -> Token | Refused | None:
        lead = self._pending[0]
        if lead < 0x7F:
            return self._text(1)
        if not (0x81 <= lead <= 0x9F or 0xE0 <= lead <= 0xFC):
            return self._refuse("no character of this printer", 1)
        if len(self._pending) < 2:
            return None
        try:
            self._pending[:2].decode("cp932")
        except UnicodeDecodeError:
            return self._refuse("no character of this printer's kanji font", 2)
        return self._text(2)

    def _text(self, size: int) -> Token:
        raw = self._pending[:size]
        return Token("text", raw, raw, self._offset)

    def _refuse(self, reason: str, size: int) -> Refused:
        return Refused(self._offset, reason, self._pending[: min(size, 16)])
