"""The counter's window: shows a view, reports taps, and can say what it shows as a picture.

``device.ui.environment.prepare_kivy`` must have run before this module is imported.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.text import Label
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glPixelStorei, glReadPixels
from kivy.uix.widget import Widget
from PIL import Image

from device.core.intents import Intent
from device.ui.environment import FRAMES
from device.ui.screens import screen_for
from device.ui.screens.base import Screen
from device.ui.theme import INK, Geometry, rgb
from device.ui.typesetter import Coverage, Typesetter
from device.ui.views import View
from device.ui.widgets.painter import Studio

_PACK_ALIGNMENT = 0x0D05
"""GL_PACK_ALIGNMENT, which Kivy's module doesn't name."""


class CounterApp(App):
    """Kivy's application: its loop alone. No settings panel, no .kv file, no root of its own."""

    title = "Choba 帳場"

    def __init__(self, on_started: Callable[[], None]) -> None:
        super().__init__()
        self._on_started = on_started

    def build(self) -> None:
        """The window has its root already, so that it can be looked at without a loop."""

    def on_start(self) -> None:
        """The first frame is about to be drawn."""
        self._on_started()

    def open_settings(self, *_: object) -> bool:
        """Kivy would open its own settings on F1."""
        return False

    def load_kv(self, filename: str | None = None) -> bool:
        """Nothing here is laid out in .kv."""
        return False


class CounterWindow:
    """The one window. Not for several threads: call it on the loop that runs it."""

    def __init__(
        self, on_intent: Callable[[Intent], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_intent = on_intent
        self._now = now
        self._typesetter = Typesetter(Label, Coverage.read())
        self._root = Widget()
        self._screens: dict[type[Screen], Screen] = {}
        self._screen: Screen | None = None
        self._view: View | None = None
        self._mover: Any = None
        self._studio = Studio(Geometry(*_pixels()), self._typesetter)
        self._app: CounterApp | None = None
        Window.clearcolor = (*rgb(INK), 1)
        Window.add_widget(self._root)
        Window.bind(size=self._on_resize)

    # --- running -----------------------------------------------------------------------------

    async def run(self, on_started: Callable[[], None] = lambda: None) -> None:
        """Draw until ``stop``; shares the running asyncio loop.

        ``on_started`` is called when the window is up, just before its first frame.
        """
        self._app = CounterApp(on_started)
        await self._app.async_run("asyncio")

    def stop(self) -> None:
        """End ``run``; the window closes."""
        if self._app is not None:
            self._app.stop()

    @property
    def driver(self) -> str:
        """SDL's video driver in use: ``offscreen`` draws frames that nobody sees."""
        return os.environ.get("SDL_VIDEODRIVER", "")

    @property
    def geometry(self) -> Geometry:
        """The window's size."""
        return self._studio.geometry

    # --- showing -----------------------------------------------------------------------------

    def show(self, view: View) -> None:
        """Draw a view; another screen replaces the one before in the same frame."""
        self._view = view
        kind = screen_for(view)
        screen = self._screens.get(kind)
        if screen is None:
            screen = self._screens[kind] = kind(self._studio, self._on_intent, self._now)
        changed = screen is not self._screen
        if changed:
            screen.enter()
        screen.show(view)
        if changed:
            self._root.clear_widgets()
            self._root.add_widget(screen)
            self._screen = screen
        self._pace(screen)

    @property
    def screen(self) -> Screen | None:
        """The screen that is shown (for tests and the gallery)."""
        return self._screen

    def _pace(self, screen: Screen) -> None:
        """Move at the rate of the fastest part, and not at all on a still screen."""
        rate = min(screen.rate, FRAMES)
        if self._mover is not None:
            if self._mover.timeout == (1 / rate if rate else None):
                return
            self._mover.cancel()
            self._mover = None
        if rate:
            self._mover = Clock.schedule_interval(self._move, 1 / rate)

    def _move(self, _dt: float) -> None:
        if self._screen is not None:
            self._screen.move(self._now())

    def _on_resize(self, *_: object) -> None:
        geometry = Geometry(*_pixels())
        if geometry == self._studio.geometry or 0 in (geometry.width, geometry.height):
            return
        self._studio = Studio(geometry, self._typesetter)
        self._screens.clear()
        self._screen = None
        self._root.clear_widgets()
        if self._view is not None:
            self.show(self._view)

    # --- looking -----------------------------------------------------------------------------

    def picture(self) -> Image.Image:
        """What is shown now, read back from the frame buffer."""
        width, height = _pixels()
        Window.dispatch("on_draw")
        glPixelStorei(_PACK_ALIGNMENT, 1)
        pixels = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
        image = Image.frombytes("RGB", (width, height), pixels)
        return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)

    def screenshot(self, path: Path) -> Path:
        """Write what is shown now as PNG, whole or not at all. Raises OSError."""
        partial = path.with_name(path.name + ".part")
        self.picture().save(partial, format="PNG")
        os.replace(partial, path)
        return path


def _pixels() -> tuple[int, int]:
    width, height = Window.size
    return int(width), int(height)
