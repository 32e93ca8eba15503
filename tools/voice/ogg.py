"""Ogg Vorbis files that come out the same, byte for byte, every time.

The encoder is deterministic, but each Ogg stream gets a random serial number. It is replaced by one
made from the sound's name, and the checksum of every page is computed again (RFC 3533, section 6).
"""

import io
import struct
import zlib
from typing import Final

import soundfile

from tools.voice.signal import RATE, Samples

QUALITY: Final = 0.4
"""Vorbis quality 4 of 10."""

_SERIAL_AT: Final = 14
_CHECKSUM_AT: Final = 22
_HEADER_BYTES: Final = 27


def vorbis_bytes(name: str, samples: Samples, *, copyright_line: str, licence: str) -> bytes:
    """Encode a sound; its licence travels inside the file."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", RATE, 1, "VORBIS", format="OGG", compression_level=1 - QUALITY
    ) as out:
        out.title, out.copyright, out.license = name, copyright_line, licence
        out.write(samples)
    return _with_serial(buffer.getvalue(), zlib.crc32(name.encode()))


def _with_serial(stream: bytes, serial: int) -> bytes:
    pages = bytearray(stream)
    at = 0
    while at < len(pages):
        assert pages[at : at + 4] == b"OggS"
        segments = pages[at + 26]
        end = at + _HEADER_BYTES + segments
        end += sum(pages[at + _HEADER_BYTES : end])
        struct.pack_into("<I", pages, at + _SERIAL_AT, serial)
        struct.pack_into("<I", pages, at + _CHECKSUM_AT, 0)
        struct.pack_into("<I", pages, at + _CHECKSUM_AT, _page_checksum(pages[at:end]))
        at = end
    return bytes(pages)


def _page_checksum(page: bytearray) -> int:
    register = 0
    for byte in page:
        register = ((register << 8) & 0xFFFFFFFF) ^ _TABLE[(register >> 24) ^ byte]
    return register


def _table_entry(index: int) -> int:
    register = index << 24
    for _ in range(8):
        register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
    return register & 0xFFFFFFFF


_TABLE: Final = tuple(_table_entry(index) for index in range(256))
