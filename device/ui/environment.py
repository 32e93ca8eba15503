"""Kivy reads its surroundings when it is imported: this is the one place that sets them before.

Import nothing of Kivy (nor ``device.ui.window``) before ``prepare_kivy`` has run. It keeps Kivy
from reading the command line, from logging to the console and to files, and from writing a
configuration into anybody's home directory.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from device.ui.theme import Geometry

SIZES: Final = {
    "800x480": Geometry(800, 480),
    "1024x600": Geometry(1024, 600),
    "480x800": Geometry(480, 800),
}
"""The screens the design is drawn and tested for; others are scaled."""
FRAMES: Final = 30
"""The most frames a second: more costs power and shows nothing."""


class KivyImportedTooEarlyError(RuntimeError):
    """Kivy was imported before its surroundings were set.

    ``code`` is ``CHOBA_UI_KIVY_TOO_EARLY``.
    """

    code = "CHOBA_UI_KIVY_TOO_EARLY"

    def __init__(self) -> None:
        super().__init__(
            f"{self.code}: kivy is imported already; call prepare_kivy() before importing "
            "kivy or device.ui.window"
        )


def prepare_kivy(geometry: Geometry, *, home: Path | None = None, fullscreen: bool = False) -> None:
    """Set Kivy's surroundings and the window's size. Call it once, before Kivy's import.

    ``home`` is a directory of this program's own (state directory); without it a temporary one
    is made. Where no display is there, SDL's offscreen driver draws real frames. Raises
    KivyImportedTooEarlyError.
    """
    if "kivy" in sys.modules:
        raise KivyImportedTooEarlyError
    folder = home if home is not None else Path(tempfile.mkdtemp(prefix="choba-kivy-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["KIVY_LOG_MODE"] = "PYTHON"  # else it takes over the root logger and stderr
    for name in ("KIVY_NO_ARGS", "KIVY_NO_CONSOLELOG", "KIVY_NO_FILELOG", "KIVY_NO_CONFIG"):
        os.environ[name] = "1"
    os.environ["KIVY_HOME"] = str(folder)
    os.environ.setdefault("SDL_VIDEODRIVER", _video_driver())
    _configure(geometry, fullscreen=fullscreen)


def _video_driver() -> str:
    """A desktop's display, else the Raspberry Pi's screen, else frames that nobody sees.

    SDL by itself falls back to a driver that can't draw, in silence.
    """
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland,x11"
    if os.environ.get("DISPLAY"):
        return "x11"
    connected = (
        path
        for path in Path("/sys/class/drm").glob("card*-*/status")
        if path.read_text(encoding="ascii").strip() == "connected"
    )
    return "kmsdrm" if next(connected, None) is not None else "offscreen"


def _configure(geometry: Geometry, *, fullscreen: bool) -> None:
    from kivy.config import Config  # noqa: PLC0415 - its import is what must wait

    settings: dict[tuple[str, str], object] = {
        ("graphics", "width"): geometry.width,
        ("graphics", "height"): geometry.height,
        ("graphics", "fullscreen"): "auto" if fullscreen else 0,
        ("graphics", "borderless"): int(fullscreen),
        ("graphics", "show_cursor"): int(not fullscreen),
        ("graphics", "maxfps"): FRAMES,
        ("graphics", "multisamples"): 0,
        ("graphics", "vsync"): 1,
        ("kivy", "exit_on_escape"): 0,  # a keyboard on the counter must not end the program
        ("kivy", "log_level"): "warning",
        ("kivy", "keyboard_mode"): "",
        ("input", "mouse"): "mouse,disable_multitouch",
    }
    for (section, option), value in settings.items():
        Config.set(section, option, str(value))
