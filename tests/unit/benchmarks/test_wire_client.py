"""The load generator's own client against a real gRPC server: what it counts has to be true."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from server.fleet.authority import open_authority, open_server_identity
from server.state import KeyFiles
from tests.benchmarks.wire_client import CallRefused, WireClient, connect

PATH = "/choba.test.Echo/Call"
SIZES = (0, 1, 500, 16_384, 70_000, 900_000)


class Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stub only
    """Answers with the token's and the message's hash, and as many bytes as it was sent."""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._answer) if details.method == PATH else None

    async def _answer(self, request: bytes, context: Any) -> bytes:
        said = dict(context.invocation_metadata() or ())
        if request == b"refuse":
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no")
        return answer_to(request, str(said.get("authorization", "")))


def answer_to(request: bytes, authorization: str) -> bytes:
    return hashlib.sha256(authorization.encode() + b"\0" + request).digest() + request


@asynccontextmanager
async def echo(
    folder: Path, count: int = 1, *, tls: bool = True
) -> AsyncIterator[Sequence[WireClient]]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Echo(),))
    if tls:
        keys, now = KeyFiles(folder), datetime.now(UTC)
        authority = open_authority(keys, now)
        own = open_server_identity(keys, authority, ("localhost",), now)
        credentials = grpc.ssl_server_credentials([(own.key_pem.reveal(), own.chain_pem)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        context = ssl.create_default_context(cadata=authority.pem)
    else:
        port, context = server.add_insecure_port("127.0.0.1:0"), None
    await server.start()
    clients = await connect("127.0.0.1", port, PATH, context, count)
    try:
        yield clients
    finally:
        for client in clients:
            client.close()
        await server.stop(None)


@pytest.mark.parametrize("tls", [True, False])
async def test_every_call_carries_its_message_and_its_token(tmp_path: Path, tls: bool) -> None:
    # more tokens than the header table keeps, some again, some calls with none
    tokens = [f"token-{i % 37:040}" if i % 5 else "" for i in range(300)]
    async with echo(tmp_path, tls=tls) as (client,), asyncio.timeout(30):
        for i, token in enumerate(tokens):
            message = f"message {i}".encode()
            expected = answer_to(message, f"Bearer {token}" if token else "")
            assert await client.call(message, token) == expected


async def test_messages_larger_than_a_frame_and_a_window(tmp_path: Path) -> None:
    async with echo(tmp_path) as (client,), asyncio.timeout(30):
        for size in (*SIZES, *reversed(SIZES)):
            message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
            assert await client.call(message, "t") == answer_to(message, "Bearer t")


async def test_clients_at_the_same_time(tmp_path: Path) -> None:
    async def calls(client: WireClient, name: str) -> None:
        for i in range(50):
            message = f"{name} {i}".encode() * 100
            assert await client.call(message, name) == answer_to(message, f"Bearer {name}")

    async with echo(tmp_path, 8) as clients, asyncio.timeout(30):
        await asyncio.gather(*(calls(c, f"client-{i}") for i, c in enumerate(clients)))


async def test_a_refusal_is_one_and_the_connection_goes_on(tmp_path: Path) -> None:
    async with echo(tmp_path) as (client,), asyncio.timeout(30):
        for _ in range(3):
            with pytest.raises(CallRefused):
                await client.call(b"refuse", "t")
            assert await client.call(b"again", "t") == answer_to(b"again", "Bearer t")


async def test_a_connection_that_ends_is_told(tmp_path: Path) -> None:
    async with echo(tmp_path) as (client,), asyncio.timeout(30):
        await client.call(b"first", "t")
        client.close()
        with pytest.raises(ConnectionError):
            await client.call(b"second", "t")
