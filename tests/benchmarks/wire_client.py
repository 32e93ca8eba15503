"""Unary gRPC calls at next to no cost: a load generator shares two cores with what it measures.

grpc.aio's own client takes about as long for a call as its server does, so half of the machine
would measure the generator. This one writes the frames of HTTP/2 itself (RFC 9113, RFC 7541):
headers as references into the table that the first call filled, one stream at a time for each
connection, and reads no more of an answer than its message and its end. Real TLS, real sockets.
"""

import asyncio
import ssl
import struct
from collections.abc import Sequence
from typing import Final, cast

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_WINDOW: Final = 2**30
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_FIRST_WINDOW: Final = 65_535
_STATIC_TABLE: Final = 61
_POST, _HTTPS, _HTTP = 0x83, 0x87, 0x86
_PATH, _AUTHORITY, _CONTENT_TYPE, _AUTHORIZATION = 4, 1, 31, 23


class CallRefused(Exception):  # noqa: N818 -- not of the generator's making
    """The call ended without a message."""


class WireClient(asyncio.Protocol):
    """One connection; ``call`` one at a time."""

    def __init__(self, authority: str, path: str, tls: bool) -> None:
        self._first, self._again = _header_blocks(authority, path, tls)
        self._indexed: dict[str, int] = {}
        self._table = 0
        self._stream = -1
        self._credit = _FIRST_WINDOW
        self._stream_window = _FIRST_WINDOW
        self._buffer = bytearray()
        self._message = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._room = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's
        self._transport = transport = cast(asyncio.Transport, transport)
        settings = struct.pack(">HIHI", 4, _WINDOW, 2, 0)  # initial window; no pushes
        transport.write(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, settings)
            + _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW))
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))

    async def call(self, message: bytes, token: str) -> bytes:
        """The answer's message. Raises CallRefused where there is none, ConnectionError."""
        assert self._transport is not None
        assert self._answer is None, "one call at a time"
        body = b"\0" + struct.pack(">I", len(message)) + message
        if len(body) > self._stream_window:
            raise ValueError("message: larger than a stream's first window")
        while self._credit < len(body):
            self._room.clear()
            await self._room.wait()
        self._credit -= len(body)
        self._stream += 2
        headers = self._headers(token)
        self._message.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            _frame(_HEADERS, _END_HEADERS, self._stream, headers)
            + _frame(_DATA, _END_STREAM, self._stream, body)
        )
        try:
            return await self._answer
        finally:
            self._answer = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        at, end = 0, len(buffer)
        while end - at >= 9:
            size = int.from_bytes(buffer[at : at + 3], "big")
            if end - at < 9 + size:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big")
            self._take(kind, flags, stream, bytes(buffer[at + 9 : at + 9 + size]))
            at += 9 + size
        del buffer[:at]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        assert self._transport is not None
        if stream and stream == self._stream:
            if kind == _DATA:
                self._message += payload
            if kind == _RESET or (kind in (_DATA, _HEADERS) and flags & _END_STREAM):
                self._end()
        elif kind == _SETTINGS and not flags & _ACK:
            for i in range(0, len(payload), 6):
                name, value = struct.unpack_from(">HI", payload, i)
                if name == 4:
                    self._stream_window = value
            self._transport.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._transport.write(_frame(_PING, _ACK, 0, payload))
        elif kind == _WINDOW_UPDATE:
            self._credit += int.from_bytes(payload, "big")
            self._room.set()
        elif kind == _GOAWAY:
            self._transport.close()

    def _end(self) -> None:
        if self._answer is None or self._answer.done():
            return
        if len(self._message) < 5:
            self._answer.set_exception(CallRefused("ended without a message"))
        else:
            self._answer.set_result(bytes(self._message[5:]))

    def _headers(self, token: str) -> bytes:
        """Each name and value goes out once in full; afterwards its number in the table does."""
        if self._table:
            block = self._block()
        else:
            block, self._table = self._first, _CONSTANTS
        known = self._indexed.get(token)
        if known is not None:
            return block + _number(0x80, 7, _STATIC_TABLE + 1 + self._table - known)
        index = len(self._indexed) < _MOST_TOKENS
        if index:
            self._table += 1
            self._indexed[token] = self._table
        return block + _literal(_AUTHORIZATION, f"Bearer {token}", index=index)

    def _block(self) -> bytes:
        """The constant headers by number: the newest entry of the table is number 62."""
        return self._again + b"".join(
            _number(0x80, 7, _STATIC_TABLE + 1 + self._table - n) for n in range(1, _CONSTANTS + 1)
        )


_CONSTANTS: Final = 4
"""path, authority, content-type, te: entries 1 to 4 of the table."""
_MOST_TOKENS: Final = 20
"""The table has room for about that many before it forgets its first entries."""


async def connect(
    host: str, port: int, path: str, tls: ssl.SSLContext | None, count: int
) -> Sequence[WireClient]:
    """As many connections, each one client."""
    loop = asyncio.get_running_loop()
    if tls is not None:
        tls.set_alpn_protocols(["h2"])
    clients = []
    for _ in range(count):
        _, client = await loop.create_connection(
            lambda: WireClient(f"{host}:{port}", path, tls is not None), host, port, ssl=tls
        )
        clients.append(client)
    return clients


def _header_blocks(authority: str, path: str, tls: bool) -> tuple[bytes, bytes]:
    scheme = bytes([_POST, _HTTPS if tls else _HTTP])
    first = scheme + b"".join(
        (
            _literal(_PATH, path, index=True),
            _literal(_AUTHORITY, authority, index=True),
            _literal(_CONTENT_TYPE, "application/grpc", index=True),
            _literal(0, "trailers", index=True, name="te"),
        )
    )
    return first, scheme


def _literal(name_index: int, value: str, *, index: bool, name: str = "") -> bytes:
    head = _number(0x40, 6, name_index) if index else _number(0x00, 4, name_index)
    if not name_index:
        head += _number(0, 7, len(name)) + name.encode()
    return head + _number(0, 7, len(value)) + value.encode()


def _number(flags: int, bits: int, value: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes([flags | value])
    out = bytearray([flags | most])
    value -= most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    )
