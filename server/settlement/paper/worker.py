"""``python -m server.settlement.paper``: draws what comes on stdin, until stdin ends.

A process of its own and no fork of the server: pango and its fonts stay out of the server's
memory, a page that takes long holds no lock of Python, and a broken one ends nothing else.
In: length (8 bytes, big-endian), HTML. Out: status (1 byte, 0 is fine), length, PDF or error.
"""

import struct
from typing import BinaryIO, Final

from server.settlement.paper.rendering import render_pdf

LENGTH: Final = struct.Struct(">Q")
FINE: Final = b"\x00"
FAILED: Final = b"\x01"


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """One document after the other."""
    while head := incoming.read(LENGTH.size):
        html = incoming.read(LENGTH.unpack(head)[0]).decode("utf-8")
        try:
            status, answer = FINE, render_pdf(html)
        except Exception as error:  # the parent tells it and goes on
            status, answer = FAILED, f"{type(error).__name__}: {error}".encode()
        outgoing.write(status + LENGTH.pack(len(answer)) + answer)
        outgoing.flush()
