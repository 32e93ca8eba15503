"""Feeds the core with events and carries out its effects, strictly in their order.

One event at a time: Tick, the event, the effects. A ``WriteJournal`` is durable before the next
effect begins; when it fails, the transition did not happen.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from device.core.effects import (
    AskResolve,
    Complain,
    Effect,
    PlaySound,
    PrintSlip,
    ProbeParts,
    ProbePrinter,
    ProbeSlip,
    PullPayments,
    PushEvents,
    Reconnect,
    RetryJournal,
    Show,
    SpeakPayment,
    WriteJournal,
)
from device.core.events import Event, JournalFailed, JournalRecovered, Tapped
from device.core.state import OutOfService, State
from device.links.clock import DeviceClock
from protos.operation.logs import say

log = logging.getLogger(__name__)

QUEUE_LIMIT = 1_000
TICK_S = 0.25

Transition = Callable[[State, Event], tuple[State, tuple[Effect, ...]]]


class JournalPort(Protocol):
    """What the driver needs of the journal. Both block; they run on a thread of their own."""

    def write(self, effect: WriteJournal) -> None:
        """Make the records durable; raises JournalTroubleError."""
        ...

    def probe(self) -> None:
        """Raise JournalTroubleError unless writes work again."""
        ...


class JournalTroubleError(Exception):
    """The journal took nothing; ``trouble`` is what staff are told."""

    def __init__(self, trouble: OutOfService, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble


class ServerRunner(Protocol):
    """Questions to the server. Each returns at once; answers come as events."""

    def resolve(self, effect: AskResolve) -> None: ...
    def pull(self, effect: PullPayments) -> None: ...
    def push(self, effect: PushEvents) -> None: ...
    def reconnect(self) -> None: ...


class SoundRunner(Protocol):
    """Sounds, one after the other. Each returns at once."""

    def play(self, effect: PlaySound) -> None: ...
    def speak(self, effect: SpeakPayment) -> None: ...


class PrintRunner(Protocol):
    """The printer. Each returns at once."""

    def print(self, effect: PrintSlip) -> None: ...
    def probe_slip(self, effect: ProbeSlip) -> None: ...
    def probe(self) -> None: ...


class PartsRunner(Protocol):
    """Links and parts that are looked at on demand."""

    def probe(self) -> None: ...


class Driver:
    """Owns the state. ``post`` may be called from the loop's thread only."""

    def __init__(
        self,
        *,
        state: State,
        transition: Transition,
        clock: DeviceClock,
        journal: JournalPort,
        show: Callable[[State], None],
    ) -> None:
        self.state = state
        self._transition = transition
        self._clock = clock
        self._journal = journal
        self._show = show
        self._queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self._runners: tuple[ServerRunner, SoundRunner, PrintRunner, PartsRunner] | None = None

    def connect(
        self,
        server: ServerRunner,
        sound: SoundRunner,
        printer: PrintRunner,
        parts: PartsRunner,
    ) -> None:
        """Name the runners; they post to this driver, so they are made after it."""
        self._runners = (server, sound, printer, parts)

    def tap(self, event: Tapped) -> None:
        """A tap. When more wait than anybody can have meant, it is dropped: staff tap again."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            say(log, logging.WARNING, "tap dropped: the queue is full")

    async def post(self, event: Event) -> None:
        """An event of a link or part; waits while the queue is full, so nothing is lost."""
        await self._queue.put(event)

    async def run(self) -> None:
        """Until cancelled: events as they come, a Tick at least every 250 ms."""
        while True:
            try:
                event = await asyncio.wait_for(self._queue.get(), TICK_S)
            except TimeoutError:
                await self.handle(self._clock.tick())
                continue
            await self.handle(self._clock.tick())
            await self.handle(event)

    async def handle(self, event: Event) -> None:
        """One transition and its effects."""
        state, effects = self._transition(self.state, event)
        if effects and isinstance(effects[0], WriteJournal):
            try:
                await asyncio.to_thread(self._journal.write, effects[0])
            except JournalTroubleError as trouble:
                say(log, logging.ERROR, "journal", code=trouble.trouble.value, error=trouble)
                if not isinstance(event, JournalFailed):
                    await self.handle(JournalFailed(trouble.trouble, str(trouble)))
                return
            effects = effects[1:]
        self.state = state
        for effect in effects:
            await self._carry_out(effect)

    async def _carry_out(self, effect: Effect) -> None:  # noqa: PLR0912 - one case an effect
        assert self._runners is not None, "connect() comes before run()"
        server, sound, printer, parts = self._runners
        match effect:
            case Show():
                self._show(self.state)
            case PlaySound():
                sound.play(effect)
            case SpeakPayment():
                sound.speak(effect)
            case PrintSlip():
                printer.print(effect)
            case ProbeSlip():
                printer.probe_slip(effect)
            case ProbePrinter():
                printer.probe()
            case AskResolve():
                server.resolve(effect)
            case PullPayments():
                server.pull(effect)
            case PushEvents():
                server.push(effect)
            case Reconnect():
                server.reconnect()
            case ProbeParts():
                parts.probe()
            case RetryJournal():
                await self._retry_journal()
            case Complain():
                say(log, logging.WARNING, "complaint", code=effect.code, detail=effect.detail)
            case WriteJournal():
                raise AssertionError("WriteJournal is the first effect, and there is one")

    async def _retry_journal(self) -> None:
        try:
            await asyncio.to_thread(self._journal.probe)
        except JournalTroubleError as trouble:
            say(log, logging.ERROR, "journal", code=trouble.trouble.value, error=trouble)
        else:
            self._queue.put_nowait(JournalRecovered())


class Tasks:
    """Tasks of a runner: kept from being collected, their failures logged, all ended together."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Awaitable[None], name: str) -> None:
        """Run it on its own."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                say(log, logging.ERROR, "task failed", task=name, error=error)

        task = asyncio.get_running_loop().create_task(guarded(), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cancel what still runs and wait for its end."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
