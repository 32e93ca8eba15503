"""The counter as the bench starts it: the product's own parts, watched.

``python -m tests.benchmarks.counter`` takes the arguments of ``choba-device``. Of every screen
that comes it says when the first frame with it was finished and shown, as the log event "frame"
with ``at`` in microseconds of the machine's clock. SIGUSR2 is a tap on 次のお客様, so that two
hundred customers need not wait for the paid screen's own time.
"""

import asyncio
import logging
import signal
import time
from typing import TYPE_CHECKING

import device.composition
from device.__main__ import main
from device.core.intents import NextCustomer
from device.core.state import State
from protos.operation.logs import say

if TYPE_CHECKING:
    from device.ui.window import CounterWindow

log = logging.getLogger("bench.counter")


class WatchedCounter(device.composition.Counter):
    """A counter that says when a frame was shown and can be tapped from outside."""

    def __init__(self, base: device.composition.Surroundings, window: "CounterWindow") -> None:
        super().__init__(base, window)
        self._new_screen = ""
        self._watch_frames()

    def _watch_frames(self) -> None:
        # Kivy is imported by now; before its surroundings are prepared it must not be
        from kivy.core.window import Window
        from kivy.graphics.opengl import glFinish

        flip = Window.flip

        def flip_and_tell() -> None:
            flip()
            if self._new_screen:
                glFinish()  # the picture is complete, not only ordered
                at = time.time_ns() // 1_000
                say(log, logging.INFO, "frame", screen=self._new_screen, at=at)
                self._new_screen = ""

        Window.flip = flip_and_tell

    def _show(self, state: State) -> None:
        before = self._shown
        super()._show(state)
        if self._shown is not None and self._shown is not before:
            self._new_screen = self._shown.__name__.removesuffix("View")

    async def run(self) -> None:
        """As the product's, and listen for taps."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR2, self.tapped, NextCustomer())
        await super().run()


if __name__ == "__main__":
    device.composition.Counter = WatchedCounter  # type: ignore[misc] # the bench's own root
    raise SystemExit(main())
