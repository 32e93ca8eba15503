"""The window as a program runs it: under asyncio, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from device.ui import environment
from device.ui.views import View

PROGRAM = """
import asyncio, logging, sys
from pathlib import Path
from device.ui.environment import SIZES, prepare_kivy
prepare_kivy(SIZES["480x800"], home=Path(sys.argv[1]) / "kivy")
from device.ui.window import CounterWindow
from device.ui.samples import samples

async def main():
    window = CounterWindow(print)
    window.show(samples(480, 800)[0].view)
    up = asyncio.Event()
    task = asyncio.create_task(window.run(up.set))
    await asyncio.wait_for(up.wait(), 10)
    await asyncio.sleep(0.2)
    window.screenshot(Path(sys.argv[1]) / "screen.png")
    window.stop()
    await asyncio.wait_for(task, 10)

asyncio.run(main())
print(type(logging.getLogger()).__name__, sys.stderr is sys.__stderr__)
"""


def test_it_runs_in_one_loop_and_leaves_no_trace(tmp_path: Path) -> None:
    """No file in the home directory, nothing on stderr, logging left as it was."""
    home = tmp_path / "home"
    state = tmp_path / "state"
    home.mkdir()
    state.mkdir()
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SDL_VIDEODRIVER": "offscreen",
        "PYTHONPATH": str(Path(__file__).parents[4]),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(state)],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "RootLogger True\n"
    assert list(home.iterdir()) == []
    with Image.open(state / "screen.png") as picture:
        assert picture.size == (480, 800)
        assert picture.getpixel((5, 5)) == (0x1C, 0x3A, 0x66)


def test_every_view_has_its_screen(counter: object) -> None:
    from device.ui.screens import SCREENS

    assert set(SCREENS) == set(get_args(View))
    assert len(set(SCREENS.values())) == len(SCREENS)


def test_kivy_imported_too_early_is_said(counter: object) -> None:
    with pytest.raises(environment.KivyImportedTooEarlyError, match="CHOBA_UI_KIVY_TOO_EARLY"):
        environment.prepare_kivy(environment.SIZES["800x480"])
