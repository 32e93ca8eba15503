"""The load generator, a process of its own: N clients that pay over gRPC with TLS.

python -m tests.benchmarks.load PLAN.json

Driven over its keyboard, one answer in JSON for each line:
    prepare N    make the calls that pay N sales, each with a QR of this moment
    pay          send them with every client at once; the clock runs from the first to the last

A payment counts when its answer says so, with its whole amount.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc
import uvloop

from tests.benchmarks.plan import Load
from tests.benchmarks.results import percentile
from tests.benchmarks.ways import LOOK_UP, WAYS, Call, Sale, Sales, Way
from tests.benchmarks.wire_client import CallRefused, WireClient, connect

_LOOK_UPS_AT_ONCE = 32
_RUN_S = 300.0
_REASON_S = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. Latencies are those of calls. ``refused``: payments, by reason."""

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

    def __init__(
        self, load: Load, way: Way, payers: list[WireClient], look_ups: list[WireClient]
    ) -> None:
        self._load = load
        self._way = way
        self._payers = payers
        self._look_ups = look_ups
        self._sales = Sales(load.counters, load.customers)
        self._calls: list[Call] = []

    async def prepare(self, count: int) -> None:
        """As many payments, each of a new sale."""
        self._calls = []
        payments = iter(self._sales.take(count))
        async with asyncio.timeout(_RUN_S), asyncio.TaskGroup() as group:
            # without look-ups one task makes them all
            for client in self._look_ups or (None,):
                group.create_task(self._prepare(payments, client))

    async def _prepare(self, payments: Iterator[Sale], client: WireClient | None) -> None:
        async for call in self._way.calls(payments, client):
            self._calls.append(call)

    async def pay(self) -> Outcome:
        """Pay what was prepared; each client sends its next when its last is answered."""
        calls = iter(self._calls)
        latencies: list[float] = []
        answers: list[bytes] = []
        failed: list[Call] = []

        async def client(wire: WireClient) -> None:
            for call in calls:
                began = time.perf_counter()
                try:
                    answer = await wire.call(call.message, call.token)
                except CallRefused:
                    failed.append(call)
                else:
                    latencies.append((time.perf_counter() - began) * 1000)
                    answers.append(answer)

        began = time.perf_counter()
        async with asyncio.timeout(_RUN_S):
            await asyncio.gather(*(client(wire) for wire in self._payers))
        seconds = time.perf_counter() - began
        paid, refused = self._way.count(answers)
        for call in failed:
            reason = await self._reason(call) if not refused else "refused as well"
            refused[reason] = refused.get(reason, 0) + call.payments
        if not paid:
            raise RuntimeError(f"nothing was paid: {refused}")
        return Outcome(
            paid,
            seconds,
            sum(latencies) / len(latencies),
            percentile(latencies, 50),
            percentile(latencies, 99),
            refused,
        )

    async def _reason(self, call: Call) -> str:
        """Why: asked again, with a client that reads it; the same key has the same answer."""
        credentials = grpc.ssl_channel_credentials(self._load.ca_pem.encode())
        address = f"{self._load.host}:{self._load.port}"
        metadata = (("authorization", f"Bearer {call.token}"),)
        async with grpc.aio.secure_channel(address, credentials) as channel:
            raw: Any = {"request_serializer": None, "response_deserializer": None}
            ask: Any = channel.unary_unary(self._way.path, **raw)
            try:
                await ask(call.message, metadata=metadata, timeout=_REASON_S)
            except grpc.aio.AioRpcError as error:
                return f"{error.code().name}: {error.details()}"
        return "refused once, paid when asked again"


@asynccontextmanager
async def generator(load: Load) -> AsyncIterator[Generator]:
    """Connected: every client has a TLS connection of its own, as so many backends would."""
    way = WAYS[load.way](load)

    async def connected(path: str, count: int) -> list[WireClient]:
        tls = ssl.create_default_context(cadata=load.ca_pem)
        return list(await connect(load.host, load.port, path, tls, count))

    payers = await connected(way.path, load.clients)
    look_ups = await connected(LOOK_UP, _LOOK_UPS_AT_ONCE) if way.looks_up else []
    try:
        yield Generator(load, way, payers, look_ups)
    finally:
        for client in (*payers, *look_ups):
            client.close()


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
