"""The load generator, a process of its own: N clients that pay over gRPC with TLS.

python -m tests.benchmarks.load PLAN.json

Driven over its keyboard, one answer in JSON for each line:
    prepare N    look up N sales, so that their tickets are at hand
    pay          pay them all with every client at once; the clock runs from the first to the last
"""

import asyncio
import itertools
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import grpc
import uvloop

from protos.choba.v1 import wallet_service_pb2 as pb
from protos.choba.v1.wallet_service_pb2_grpc import WalletServiceStub
from protos.qr_token import SALE_EPOCH, Token, TokenKind, mint
from protos.units import SaleNumber, TerminalNumber, UnixSeconds, Yen
from tests.benchmarks.results import percentile

_LOOK_UPS_AT_ONCE = 64
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator is told, in a file that only its owner can read."""

    address: str
    ca_pem: str
    clients: int
    legs: list[tuple[str, int]]
    """Service and yen."""
    counters: list[tuple[int, str]]
    """Terminal number and QR key in hexadecimal."""
    tokens: list[str]
    """Bearer tokens of the customers who pay, in turn."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, path: Path) -> Self:
        content = json.loads(path.read_text("utf-8"))
        return cls(**{field.name: content[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. ``refused``: calls that did not pay, by reason."""

    paid: int
    seconds: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    refused: dict[str, int]

    @property
    def per_second(self) -> float:
        return self.paid / self.seconds


class Generator:
    """Clients with a connection each."""

    def __init__(self, load: Load, stubs: list[Any]) -> None:
        self._load = load
        self._stubs = stubs
        self._sales = itertools.count(int(time.time()) - SALE_EPOCH)
        self._waiting: list[tuple[pb.PayRequest, str]] = []

    async def prepare(self, count: int) -> None:
        """Look up as many sales, each with a QR of this moment."""
        numbers = iter(range(count))
        self._waiting = []
        await asyncio.gather(*(self._look_up(numbers, i) for i in range(_LOOK_UPS_AT_ONCE)))

    async def _look_up(self, numbers: Iterator[int], client: int) -> None:
        stub = self._stubs[client % len(self._stubs)]
        for number in numbers:
            offer = await stub.LookUpSale(
                pb.LookUpSaleRequest(qr_text=self._qr(number)), timeout=_TIMEOUT_S
            )
            request = pb.PayRequest(
                idempotency_key=secrets.token_urlsafe(18),
                ticket=offer.ticket,
                amount_yen=sum(amount for _, amount in self._load.legs),
                legs=[pb.LegRequest(service_id=s, amount_yen=y) for s, y in self._load.legs],
            )
            tokens = self._load.tokens
            self._waiting.append((request, tokens[number % len(tokens)]))

    def _qr(self, number: int) -> str:
        terminal, key = self._load.counters[number % len(self._load.counters)]
        token = Token(
            TokenKind.DYNAMIC,
            TerminalNumber(terminal),
            SaleNumber(next(self._sales)),
            UnixSeconds(int(time.time())),
            Yen(0),
        )
        return mint(token, bytes.fromhex(key))

    async def pay(self) -> Outcome:
        """Pay what was prepared; each client sends its next when its last is answered."""
        requests = iter(self._waiting)
        latencies: list[float] = []
        refused: dict[str, int] = {}

        async def client(stub: Any) -> None:
            for request, token in requests:
                metadata = (("authorization", f"Bearer {token}"),)
                began = time.perf_counter()
                try:
                    await stub.Pay(request, metadata=metadata, timeout=_TIMEOUT_S)
                except grpc.aio.AioRpcError as error:
                    reason = f"{error.code().name}: {error.details()}"
                    refused[reason] = refused.get(reason, 0) + 1
                else:
                    latencies.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*(client(stub) for stub in self._stubs))
        seconds = time.perf_counter() - began
        if not latencies:
            raise RuntimeError(f"nothing was paid: {refused}")
        return Outcome(
            len(latencies),
            seconds,
            sum(latencies) / len(latencies),
            percentile(latencies, 50),
            percentile(latencies, 99),
            refused,
        )


@asynccontextmanager
async def generator(load: Load) -> AsyncIterator[Generator]:
    """Connected: every client has a TLS connection of its own, as 32 backends would."""
    credentials = grpc.ssl_channel_credentials(load.ca_pem.encode())
    async with AsyncExitStack() as stack:
        stubs = []
        for _ in range(load.clients):
            channel = await stack.enter_async_context(
                grpc.aio.secure_channel(
                    load.address, credentials, options=[("grpc.use_local_subchannel_pool", 1)]
                )
            )
            await channel.channel_ready()
            stubs.append(WalletServiceStub(channel))
        yield Generator(load, stubs)


async def _serve(load: Load) -> None:
    async with generator(load) as clients:
        _say(ready=load.clients)
        while line := await asyncio.to_thread(sys.stdin.readline):
            match line.split():
                case ["prepare", count]:
                    await clients.prepare(int(count))
                    _say(prepared=int(count))
                case ["pay"]:
                    _say(**asdict(await clients.pay()))
                case words:
                    raise ValueError(f"not understood: {words}")


def _say(**content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Load.read(Path(sys.argv[1]))))
