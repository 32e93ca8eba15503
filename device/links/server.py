"""gRPC to the server: connect, watch the configuration, pull, resolve, push.

One task keeps the link: it connects, follows the configuration stream and asks again after a
failure, with a growing and jittered pause. Questions of the core run beside it, each with its
deadline; every answer tells how the link is and what time the server has.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from device.core import effects
from device.core.configuration import ConfigurationError
from device.core.events import (
    ConfigurationArrived,
    Connected,
    Event,
    EventsPushed,
    Outcome,
    PaymentArrived,
    PullFailed,
    PullFinished,
    PushFailed,
    Resolved,
    ResolveFailed,
    ServerLinkChanged,
)
from device.core.outgoing import OutgoingEvent
from device.core.payment import Payment, Via
from device.core.state import LinkState
from device.links.calls import link_after, open_channel, reason_of
from device.links.clock import DeviceClock
from device.links.identity import Identity
from device.links.tasks import Tasks
from device.links.wire import WireError, configuration_of, payment_of
from protos.choba.v1 import terminal_service_pb2 as pb
from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceStub
from protos.operation.logs import say
from protos.units import SaleNumber, Sequence

if TYPE_CHECKING:
    from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceAsyncStub

log = logging.getLogger(__name__)

PULL_LIMIT = 200
DEADLINE_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0

_MODES = {
    effects.ResolveMode.ASK: pb.RESOLVE_MODE_ASK,
    effects.ResolveMode.VOID: pb.RESOLVE_MODE_VOID,
}
_OUTCOMES = {
    pb.SALE_OUTCOME_OPEN: Outcome.OPEN,
    pb.SALE_OUTCOME_PAID: Outcome.PAID,
    pb.SALE_OUTCOME_VOID: Outcome.VOID,
}

Post = Callable[[Event], Awaitable[None]]
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Standing:
    """What this device tells when it connects."""

    boot_id: str
    highest_sale: SaleNumber
    last_sequence: Sequence
    configuration_version: str
    software_version: str


class ServerLink:
    """The server behind the core's questions."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        identity: Identity,
        clock: DeviceClock,
        standing: Callable[[], Standing],
        post: Post,
        on_connected: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._address = (host, port)
        self._identity = identity
        self._clock = clock
        self._standing = standing
        self._post = post
        self._on_connected = on_connected
        self._tasks = Tasks()
        self._hurry = asyncio.Event()
        self._link: LinkState | None = None
        self._channel: grpc.aio.Channel | None = None
        self._stub: TerminalServiceAsyncStub | None = None

    async def run(self) -> None:
        """Until cancelled: keep the link."""
        pause = FIRST_PAUSE_S
        try:
            while True:
                self._open()
                try:
                    await self._follow()
                    pause = FIRST_PAUSE_S
                except grpc.aio.AioRpcError as error:
                    await self._failed(error)
                except asyncio.CancelledError:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    # nobody ended us: the channel was closed under the stream for a new certificate
                await self._wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
                pause = min(pause * 2, LONGEST_PAUSE_S)
                if self._link is LinkState.UP:
                    pause = FIRST_PAUSE_S
        finally:
            await self._tasks.close()
            await self._close()

    def _open(self) -> None:
        if self._channel is None:
            self._channel = open_channel(*self._address, self._identity)
            self._stub = TerminalServiceStub(self._channel)

    async def _close(self) -> None:
        if self._channel is not None:
            channel, self._channel, self._stub = self._channel, None, None
            await channel.close(None)

    async def _wait(self, seconds: float) -> None:
        # not wait_for: in Python 3.11 it can lose a cancellation
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        self._hurry.clear()

    def reconnect(self) -> None:
        """Staff tapped もう一度: don't wait for the pause to end."""
        self._hurry.set()

    async def renewed(self, identity: Identity) -> None:
        """A new certificate: the next call uses it."""
        self._identity = identity
        await self._close()
        self._open()
        self._hurry.set()

    # --- keeping the link -----------------------------------------------------------------

    async def _follow(self) -> None:
        standing = self._standing()
        answer: pb.ConnectResponse = await self._timed(
            "Connect",
            pb.ConnectRequest(
                boot_id=standing.boot_id,
                highest_sale_number=standing.highest_sale,
                last_sequence=standing.last_sequence,
                software_version=standing.software_version,
                device_time_micros=self._clock.wall(),
            ),
        )
        self._on_connected(answer.connection_number)
        await self._post(
            Connected(SaleNumber(answer.highest_sale_number), Sequence(answer.last_sequence))
        )
        assert self._stub is not None
        stream = self._stub.WatchConfiguration(
            pb.WatchConfigurationRequest(version=standing.configuration_version)
        )
        async for news in stream:
            await self._configure(news.configuration)

    async def _configure(self, message: pb.TerminalConfiguration) -> None:
        try:
            configuration = configuration_of(message)
        except (WireError, ConfigurationError) as error:
            say(log, logging.ERROR, "configuration refused", code=error.code, error=error)
            return
        await self._post(ConfigurationArrived(configuration))

    async def _timed(self, name: str, request: Message, deadline_s: float = DEADLINE_S) -> Response:
        """One call: its round trip, the server's time and the link's state come with it."""
        self._open()
        call = getattr(self._stub, name)
        sent = self._clock.mono()
        response: Response = await call(request, timeout=deadline_s)
        received = self._clock.mono()
        server_time = getattr(response, "server_time_micros", 0)
        if server_time:
            self._clock.sync(server_time, sent, received)
        if self._link is not LinkState.UP:
            say(log, logging.INFO, "server link", link=LinkState.UP)
        self._link = LinkState.UP
        await self._post(ServerLinkChanged(LinkState.UP, round_trip_ms=received - sent))
        return response

    async def _failed(self, error: grpc.aio.AioRpcError) -> None:
        link = link_after(error)
        if link is not self._link:
            say(log, logging.WARNING, "server link", link=link, reason=reason_of(error))
        self._link = link
        await self._post(ServerLinkChanged(link, reason=reason_of(error)))

    # --- the core's questions ------------------------------------------------------------

    def resolve(self, effect: effects.AskResolve) -> None:
        """Answered by Resolved or ResolveFailed."""
        self._tasks.start(self._resolve(effect), "resolve")

    async def _resolve(self, effect: effects.AskResolve) -> None:
        request = pb.ResolveSaleRequest(sale_number=effect.sale, mode=_MODES[effect.mode])
        try:
            answer: pb.ResolveSaleResponse = await self._timed(
                "ResolveSale", request, effect.deadline_ms / 1000
            )
            outcome = _OUTCOMES.get(answer.outcome)
            if outcome is None:
                raise WireError("outcome", str(answer.outcome))
            payment = self._payment(answer) if outcome is Outcome.PAID else None
        except grpc.aio.AioRpcError as error:
            await self._failed(error)
            await self._post(ResolveFailed(effect.sale, effect.attempt, reason_of(error)))
        except WireError as error:
            say(log, logging.ERROR, "answer refused", code=error.code, error=error)
            await self._post(ResolveFailed(effect.sale, effect.attempt, str(error)))
        else:
            await self._post(Resolved(effect.sale, effect.mode, outcome, payment))

    def _payment(self, answer: pb.ResolveSaleResponse) -> Payment:
        return payment_of(answer.payment, self._identity.terminal_number)

    def pull(self, effect: effects.PullPayments) -> None:
        """Answered by PaymentArrived for each, then PullFinished; or PullFailed."""
        self._tasks.start(self._pull(effect.after), "pull")

    async def _pull(self, after: Sequence) -> None:
        request = pb.PullPaymentsRequest(after_sequence=after, limit=PULL_LIMIT)
        try:
            answer: pb.PullPaymentsResponse = await self._timed("PullPayments", request)
            terminal = self._identity.terminal_number
            payments = [payment_of(message, terminal) for message in answer.payments]
        except grpc.aio.AioRpcError as error:
            await self._failed(error)
            await self._post(PullFailed(reason_of(error)))
        except WireError as error:
            say(log, logging.ERROR, "answer refused", code=error.code, error=error)
            await self._post(PullFailed(str(error)))
        else:
            for payment in payments:
                await self._post(PaymentArrived(payment, Via.PULLED))
            await self._post(
                PullFinished(Sequence(answer.last_sequence), Sequence(answer.resumes_after))
            )

    def push(self, effect: effects.PushEvents) -> None:
        """Answered by EventsPushed or PushFailed."""
        self._tasks.start(self._push(effect.events), "push")

    async def _push(self, events: tuple[OutgoingEvent, ...]) -> None:
        request = pb.PushEventsRequest(events=[_event(event) for event in events])
        try:
            answer: pb.PushEventsResponse = await self._timed("PushEvents", request)
        except grpc.aio.AioRpcError as error:
            await self._failed(error)
            await self._post(PushFailed(reason_of(error)))
        else:
            await self._post(EventsPushed(tuple(answer.event_ids)))


def _event(event: OutgoingEvent) -> pb.DeviceEvent:
    return pb.DeviceEvent(
        event_id=event.event_id,
        kind=pb.DeviceEventKind.ValueType(int(event.kind)),
        at_micros=event.at,
        payment_id=event.payment_id or "",
        sale_number=event.sale or 0,
        detail=event.detail,
    )
