"""``python -m tests.support.armed_device``: choba-device with an armed checkpoint and a finger.

The finger reads lines ``x y`` (pixels of the window) from the FIFO ``taps`` in the armed folder
and puts down and lifts there, by the events that Kivy gets from a real one.
"""

import asyncio
import os
import sys
from pathlib import Path

from device.__main__ import main
from device.checkpoints import Point
from tests.support.armed import FOLDER, Trap, trap

PRESS_S = 0.05


class TrapWithFinger:
    """Begins to listen for taps at the first checkpoint: on the counter's loop, window up."""

    def __init__(self, trap: Trap, taps: Path) -> None:
        self._trap = trap
        self._taps = taps
        self._pipe = -1

    def __call__(self, point: Point) -> None:
        if self._pipe < 0:
            # opened for writing too: the pipe must not end when a test closes its side
            self._pipe = os.open(self._taps, os.O_RDWR | os.O_NONBLOCK)
            asyncio.get_running_loop().add_reader(self._pipe, self._read)
        self._trap(point)

    def _read(self) -> None:
        for line in os.read(self._pipe, 4096).decode("ascii").splitlines():
            x, y = map(int, line.split())
            _mouse("on_mouse_down", x, y)
            asyncio.get_running_loop().call_later(PRESS_S, _mouse, "on_mouse_up", x, y)


def _mouse(event: str, x: int, y: int) -> None:
    # Kivy reads its surroundings when it is imported
    from kivy.core.window import Window

    Window.dispatch(event, x, y, "left", [])


if __name__ == "__main__":
    sys.exit(main(checkpoint=TrapWithFinger(trap(), Path(os.environ[FOLDER]) / "taps")))
