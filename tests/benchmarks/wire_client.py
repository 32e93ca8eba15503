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
_NO_PUSHES, _INITIAL_WINDOW, _MAX_FRAME = 2, 4, 5
_FRAME_HEAD, _MESSAGE_HEAD = 9, 5
_FIRST_WINDOW: Final = 65_535
_FIRST_FRAME: Final = 16_384
_STATIC_TABLE: Final = 61
_POST, _HTTPS, _HTTP = 0x83, 0x87, 0x86
_PATH, _AUTHORITY, _CONTENT_TYPE, _AUTHORIZATION = 4, 1, 31, 23


class CallRefused(Exception):  # noqa: N818 -- not of the generator's making
    """The call ended without a message."""


class WireClient(asyncio.Protocol):
    """One connection to one method; ``call`` one at a time.

    It does not read why a call was refused: that is in compressed headers (RFC 7541).
    """

    def __init__(self, authority: str, path: str, tls: bool) -> None:
        self._first, self._again = _header_blocks(authority, path, tls)
        self._indexed: dict[str, int] = {}
        self._table = 0
        self._stream = -1
        self._most_in_frame = _FIRST_FRAME
        self._stream_window = _FIRST_WINDOW
        self._credit = _FIRST_WINDOW
        """Bytes that the server still takes on this connection, of all streams."""
        self._stream_credit = 0
        """The same of the stream that is open."""
        self._unsent = b""
        self._unread = 0
        """Bytes taken that the server was not told of yet."""
        self._buffer = bytearray()
        self._message = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's
        self._transport = transport = cast(asyncio.Transport, transport)
        settings = struct.pack(">HIHI", _NO_PUSHES, 0, _INITIAL_WINDOW, _WINDOW)
        transport.write(_PREFACE + _frame(_SETTINGS, 0, 0, settings) + _more(_WINDOW))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the connection was closed"))

    async def call(self, message: bytes, token: str = "") -> bytes:
        """The answer's message. Without a token the call says nothing of who calls.

        Raises CallRefused where there is none, ConnectionError.
        """
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        assert self._answer is None, "one call at a time"
        self._stream += 2
        self._stream_credit = self._stream_window
        self._unsent = b"\0" + struct.pack(">I", len(message)) + message
        self._message.clear()
        self._answer = asyncio.get_running_loop().create_future()
        headers = _frame(_HEADERS, _END_HEADERS, self._stream, self._headers(token))
        self._transport.write(headers + self._data())
        try:
            return await self._answer
        finally:
            self._answer = None

    def close(self) -> None:
        """A call that is not answered yet raises ConnectionError."""
        if self._transport is not None:
            self._transport.close()
            self.connection_lost(None)  # TLS takes its time to say it

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        at, end = 0, len(buffer)
        while end - at >= _FRAME_HEAD:
            size = int.from_bytes(buffer[at : at + 3], "big")
            begin, at = at + _FRAME_HEAD, at + _FRAME_HEAD + size
            if at > end:
                at = begin - _FRAME_HEAD
                break
            head = begin - _FRAME_HEAD
            stream = int.from_bytes(buffer[head + 5 : begin], "big")
            self._take(buffer[head + 3], buffer[head + 4], stream, bytes(buffer[begin:at]))
        del buffer[:at]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _DATA:
            self._read(payload)
        if kind == _WINDOW_UPDATE:
            self._allowed(stream, int.from_bytes(payload, "big"))
        elif stream:
            ends = kind in (_DATA, _HEADERS) and flags & _END_STREAM
            if stream == self._stream and (ends or kind == _RESET):
                self._end()
        elif kind == _SETTINGS and not flags & _ACK:
            self._settings(payload)
            self._write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._write(_frame(_PING, _ACK, 0, payload))
        elif kind == _GOAWAY:
            self.close()

    def _settings(self, payload: bytes) -> None:
        for name, value in struct.iter_unpack(">HI", payload):
            if name == _INITIAL_WINDOW:
                self._stream_credit += value - self._stream_window
                self._stream_window = value
            elif name == _MAX_FRAME:
                self._most_in_frame = value
        self._write(self._data())

    def _allowed(self, stream: int, more: int) -> None:
        if not stream:
            self._credit += more
        elif stream == self._stream:
            self._stream_credit += more
        self._write(self._data())

    def _data(self) -> bytes:
        """As much of the message as the server takes now."""
        frames = b""
        while self._unsent:
            size = min(len(self._unsent), self._credit, self._stream_credit, self._most_in_frame)
            if size <= 0:
                break
            part, self._unsent = self._unsent[:size], self._unsent[size:]
            self._credit -= size
            self._stream_credit -= size
            frames += _frame(_DATA, 0 if self._unsent else _END_STREAM, self._stream, part)
        return frames

    def _read(self, payload: bytes) -> None:
        self._message += payload
        self._unread += len(payload)
        if self._unread > _WINDOW // 2:
            self._write(_more(self._unread))
            self._unread = 0

    def _write(self, frames: bytes) -> None:
        if frames and self._transport is not None:
            self._transport.write(frames)

    def _end(self) -> None:
        if self._unsent:  # answered before it was asked to the end
            self._unsent = b""
            self._write(_frame(_RESET, 0, self._stream, struct.pack(">I", 0)))
        if self._answer is None or self._answer.done():
            return
        if len(self._message) < _MESSAGE_HEAD:
            self._answer.set_exception(CallRefused("ended without a message"))
        else:
            self._answer.set_result(bytes(self._message[_MESSAGE_HEAD:]))

    def _headers(self, token: str) -> bytes:
        """Each name and value goes out once in full; afterwards its number in the table does."""
        if self._table:
            block = self._block()
        else:
            block, self._table = self._first, _CONSTANTS
        if not token:
            return block
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


def _more(size: int) -> bytes:
    """The server may send as many bytes more on this connection."""
    return _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", size))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    )
