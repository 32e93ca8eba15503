"""``choba-device``: the counter terminal.

choba-device                        settings from /etc/choba/*.toml
choba-device --config FILE          settings from this file (may be given more than once)
choba-device --state-dir FOLDER     else $STATE_DIRECTORY, else ./var/device
choba-device --enrol                asks for the pairing code, enrols this terminal, then ends
choba-device --print-settings       every setting with its sentence, as TOML; then end

SIGUSR1 writes what the screen shows to screen.png in the state directory.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from device.checkpoints import Checkpoint, no_checkpoint
from device.journal.journal import JournalError
from device.links.enrolment import EnrolmentError, enrol
from device.links.identity import IdentityError, IdentityStore
from device.settings import DEFAULT_FOLDER, Settings, load_settings
from device.ui.environment import prepare_kivy
from device.ui.theme import Geometry
from hardware.ports import PrinterError
from hardware.screen import INVISIBLE, video_driver
from protos.operation import logs
from protos.operation.service_manager import ServiceManager
from protos.operation.settings_table import SettingsError, describe
from protos.operation.state_directory import state_directory

log = logging.getLogger("device")


class ScreenError(Exception):
    """SDL opened another screen than the one that was asked for."""

    code = "CHOBA_SCREEN_INVISIBLE"

    def __init__(self, asked: str, opened: str) -> None:
        super().__init__(
            f"SDL_VIDEODRIVER {asked} is not there ({opened or 'none'} was opened instead); "
            "check the screen's cable and the groups video and render"
        )


_CONFIGURATION_EXIT = 78
"""EX_CONFIG of sysexits(3): starting again without a change is of no use."""


def main(arguments: Sequence[str] | None = None, checkpoint: Checkpoint = no_checkpoint) -> int:
    """The command. Exit status 0 after a stop that was asked for, 78 for settings, 1 otherwise.

    ``checkpoint`` is the kill tests' only.
    """
    options = _options(arguments)
    try:
        settings = load_settings(options.config or [DEFAULT_FOLDER])
        if options.print_settings:
            print(describe(settings))
            return 0
        state = state_directory(options.state_dir, os.environ, "var/device")
        if options.enrol:
            return _enrol(settings, state)
        logs.start(settings.log.level)
        _run(settings, state, checkpoint)
    except ScreenError as error:
        print(f"choba-device: {error.code}: {error}", file=sys.stderr)
        return 1
    except (SettingsError, IdentityError, JournalError, PrinterError) as refusal:
        print(f"choba-device: {refusal.code}: {refusal}", file=sys.stderr)
        return _CONFIGURATION_EXIT
    return 0


def _enrol(settings: Settings, state: Path) -> int:
    """The code comes by the keyboard: an argument would stand in the list of processes."""
    if sys.stdin.isatty():
        print("登録コード (16文字) / Pairing code: ", end="", file=sys.stderr, flush=True)
    try:
        identity = enrol(
            settings.server.host, settings.server.public_port, sys.stdin.readline().strip()
        )
    except EnrolmentError as error:
        print(f"choba-device: {error.code}: {error}", file=sys.stderr)
        return 1
    IdentityStore(state).save(identity)
    print(f"{identity.terminal_id}", flush=True)
    return 0


def _run(settings: Settings, state: Path, checkpoint: Checkpoint) -> None:
    screen = settings.screen
    prepare_kivy(
        Geometry(screen.width, screen.height), home=state / "kivy", fullscreen=screen.fullscreen
    )
    asyncio.run(_serve(settings, state, checkpoint))


async def _serve(settings: Settings, state: Path, checkpoint: Checkpoint) -> None:
    # Kivy reads its surroundings when it is imported: only after prepare_kivy
    from device.composition import Counter, Surroundings  # noqa: PLC0415
    from device.ui.window import CounterWindow  # noqa: PLC0415

    counter: Counter | None = None
    window = CounterWindow(lambda intent: counter.tapped(intent) if counter else None)
    surroundings = Surroundings(settings, state, ServiceManager(os.environ), checkpoint)
    counter = Counter(surroundings, window)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, window.stop)
    loop.add_signal_handler(signal.SIGUSR1, counter.picture)
    up = asyncio.Event()
    drawing = asyncio.create_task(window.run(up.set), name="window")
    await up.wait()
    driver = video_driver()
    if driver in INVISIBLE and not window.driver.startswith(tuple(INVISIBLE - {""})):
        # systemd tries again; a screen that nobody sees must not pass for a running counter
        window.stop()
        await drawing
        await counter.close()
        raise ScreenError(window.driver, driver)
    working = asyncio.create_task(counter.run(), name="counter")
    done, _ = await asyncio.wait({drawing, working}, return_when=asyncio.FIRST_COMPLETED)
    window.stop()
    working.cancel()
    await asyncio.gather(drawing, working, return_exceptions=True)
    await counter.close()
    for task in done:
        if not task.cancelled():
            task.result()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="choba-device", description="The counter terminal.")
    parser.add_argument(
        "--config", type=Path, action="append", metavar="FILE", help="settings, TOML; repeatable"
    )
    parser.add_argument("--state-dir", type=Path, metavar="FOLDER", help="identity and journal")
    parser.add_argument("--enrol", action="store_true", help="ask for the pairing code, then end")
    parser.add_argument("--print-settings", action="store_true", help="print every setting and end")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
