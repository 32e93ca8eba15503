"""Hands each effect of the core to the link or part that carries it out."""

import logging
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
from protos.operation.logs import say

log = logging.getLogger(__name__)


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


class Runners:
    """The driver's ``run``: one case an effect. Nothing here blocks or raises."""

    def __init__(
        self,
        *,
        server: ServerRunner | None,
        sound: SoundRunner,
        printer: PrintRunner,
        parts: PartsRunner,
    ) -> None:
        """``server`` is None on a terminal that is not enrolled: it has nobody to ask."""
        self._server = server
        self._sound = sound
        self._printer = printer
        self._parts = parts

    def __call__(self, effect: Effect) -> None:
        """Carry out one effect."""
        match effect:
            case PlaySound():
                self._sound.play(effect)
            case SpeakPayment():
                self._sound.speak(effect)
            case PrintSlip():
                self._printer.print(effect)
            case ProbeSlip():
                self._printer.probe_slip(effect)
            case ProbePrinter():
                self._printer.probe()
            case ProbeParts():
                self._parts.probe()
            case Complain():
                say(log, logging.WARNING, "complaint", code=effect.code, detail=effect.detail)
            case AskResolve() | PullPayments() | PushEvents() | Reconnect():
                self._ask(effect)
            case WriteJournal() | Show() | RetryJournal():
                raise AssertionError("the driver's own")

    def _ask(self, effect: AskResolve | PullPayments | PushEvents | Reconnect) -> None:
        if self._server is None:
            return
        match effect:
            case AskResolve():
                self._server.resolve(effect)
            case PullPayments():
                self._server.pull(effect)
            case PushEvents():
                self._server.push(effect)
            case Reconnect():
                self._server.reconnect()
