"""The loop around the core: one event at a time, effects strictly in their order.

It owns the state and knows nothing of threads: whoever calls ``send`` does so from one thread (on
the device, the event loop's). Runners answer with events, later or from within ``run``.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from device.checkpoints import Checkpoint, Point, no_checkpoint
from device.core.counter import transition
from device.core.effects import (
    AskResolve,
    Effect,
    PrintSlip,
    PullPayments,
    PushEvents,
    RetryJournal,
    Show,
    SpeakPayment,
    WriteJournal,
)
from device.core.events import (
    Event,
    EventsPushed,
    JournalFailed,
    JournalRecovered,
    PrintFinished,
    SpeechFinished,
    Tick,
)
from device.core.records import JournalRecord
from device.core.state import State
from device.journal.journal import JournalError


class Kept(Enum):
    """What became of an event, so that a link knows whether it may acknowledge a message."""

    DONE = "done"
    """Its transition happened, and what it had to journal is durable."""
    QUEUED = "queued"
    """It was sent from within another event and comes right after it."""
    REFUSED = "refused"
    """The journal took nothing: the event did not happen; don't acknowledge."""


class JournalPort(Protocol):
    """What the driver needs of a journal."""

    def write(self, records: tuple[JournalRecord, ...]) -> None:
        """All or nothing, durable. Raises JournalError."""

    def probe(self) -> None:
        """Raises JournalError unless it takes writes again."""


_BEFORE: dict[type[Effect], Point] = {
    SpeakPayment: Point.BEFORE_SPEECH,
    PrintSlip: Point.BEFORE_PRINT,
    AskResolve: Point.BEFORE_RESOLVE,
    PullPayments: Point.BEFORE_PULL,
    PushEvents: Point.BEFORE_PUSH,
}
_AFTER: dict[type[Event], Point] = {
    SpeechFinished: Point.AFTER_SPEECH,
    PrintFinished: Point.AFTER_PRINT,
    EventsPushed: Point.AFTER_PUSH,
}


class Driver:
    """Feeds events to the core and carries out what it asks."""

    def __init__(
        self,
        state: State,
        journal: JournalPort,
        clock: Callable[[], Tick],
        run: Callable[[Effect], None],
        show: Callable[[State], None],
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        """``run`` carries out every effect but WriteJournal, Show and RetryJournal.

        It must not block and must not raise: a runner reports its failures as events.
        """
        self.state = state
        self._journal = journal
        self._clock = clock
        self._run = run
        self._show = show
        self._checkpoint = checkpoint
        self._queue: deque[Event] = deque()
        self._busy = False

    def send(self, event: Event) -> Kept:
        """One event, with a Tick right before it; then those that were sent meanwhile."""
        self._queue.append(event)
        if self._busy:
            return Kept.QUEUED
        self._busy = True
        try:
            kept = self._next()
            while self._queue:
                self._next()
            return kept
        finally:
            self._busy = False

    def tick(self) -> None:
        """To be called about four times a second."""
        self.send(self._clock())

    def _next(self) -> Kept:
        event = self._queue.popleft()
        if not isinstance(event, Tick):
            self._step(self._clock())
        point = _AFTER.get(type(event))
        if point is not None:
            self._checkpoint(point)
        return self._step(event)

    def _step(self, event: Event) -> Kept:
        state, effects = transition(self.state, event)
        if effects and isinstance(effects[0], WriteJournal):
            try:
                self._journal.write(effects[0].records)
            except JournalError as error:
                self._queue.appendleft(JournalFailed(error.trouble, str(error)))
                return Kept.REFUSED
        self.state = state
        for effect in effects:
            self._carry_out(effect)
        return Kept.DONE

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case WriteJournal():
                return  # done before anything else
            case Show():
                self._checkpoint(Point.BEFORE_SHOW)
                self._show(self.state)
                self._checkpoint(Point.AFTER_SHOW)
            case RetryJournal():
                self._retry_journal()
            case _:
                point = _BEFORE.get(type(effect))
                if point is not None:
                    self._checkpoint(point)
                self._run(effect)

    def _retry_journal(self) -> None:
        try:
            self._journal.probe()
        except JournalError:
            return  # the core asks again in 30 s
        self._queue.append(JournalRecovered())
