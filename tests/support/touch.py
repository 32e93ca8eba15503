"""A finger on the counter's real window, drawn by SDL's offscreen driver."""

from typing import TYPE_CHECKING

from device.core.intents import Intent
from device.ui.views import View

if TYPE_CHECKING:
    from device.ui.screens.base import Screen


class TouchedCounter:
    """The window as a finger meets it; its clock is moved by the test.

    Kivy has one window per process, so make one of these per process.
    """

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self.seconds = 100.0
        # Kivy reads its surroundings when it is imported: only after prepare_kivy.
        from kivy.base import EventLoop, runTouchApp

        from device.ui.window import CounterWindow

        self.window = CounterWindow(self.intents.append, lambda: self.seconds)
        self._loop = EventLoop
        runTouchApp(embedded=True)
        self.frame()

    def show(self, view: View, *, settled: bool = True) -> None:
        """Show a view; ``settled`` lets the guard against sudden screens pass."""
        self.window.show(view)
        if settled:
            self.seconds += 1
        self.frame()

    @property
    def screen(self) -> "Screen":
        assert self.window.screen is not None
        return self.window.screen

    def frame(self) -> None:
        """One turn of Kivy's loop: input, clock, drawing."""
        self._loop.idle()

    def press(self, x: float, y: float) -> None:
        """A finger lands at a design point."""
        self._mouse("on_mouse_down", x, y)

    def slide(self, x: float, y: float) -> None:
        from kivy.core.window import Window

        px, py = self._pixels(x, y)
        Window.dispatch("on_mouse_move", px, py, [])
        self.frame()

    def lift(self, x: float, y: float) -> None:
        """It leaves."""
        self._mouse("on_mouse_up", x, y)

    def tap(self, x: float, y: float) -> list[Intent]:
        """Press and lift; returns what was emitted."""
        self.intents.clear()
        self.press(x, y)
        self.lift(x, y)
        return list(self.intents)

    def _mouse(self, event: str, x: float, y: float) -> None:
        from kivy.core.window import Window

        px, py = self._pixels(x, y)
        Window.dispatch(event, px, py, "left", [])
        self.frame()

    def _pixels(self, x: float, y: float) -> tuple[int, int]:
        scale = self.window.geometry.scale
        return round(x * scale), round(y * scale)
