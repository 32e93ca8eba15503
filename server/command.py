"""``choba-server``: reads settings, starts every part, serves until told to stop.

choba-server                        settings from /etc/choba/*.toml
choba-server --config FILE          settings from this file (may be given more than once)
choba-server --state-dir FOLDER     else $STATE_DIRECTORY, else ./var
choba-server --print-settings       every setting with its sentence, as TOML; then end
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from protos.operation import logs
from protos.operation.service_manager import ServiceManager
from server.announcements.broker import BrokerError
from server.checkpoints import CheckpointPort, no_checkpoint
from server.composition import build_server
from server.db import DatabaseError, LedgerUnavailable
from server.fleet.key_marks import MasterKeyChangedError
from server.rpc.listeners import ListenError
from server.settings import DEFAULT_FOLDER, Settings, SettingsError, describe, load
from server.state import KeyFileError, StateFolder, state_folder
from server.web_listener import WebPortError

log = logging.getLogger("server")

_CONFIGURATION_EXIT = 78
"""EX_CONFIG of sysexits(3): starting again without a change is of no use."""

_Refusal = (
    SettingsError,
    KeyFileError,
    DatabaseError,
    MasterKeyChangedError,
    ListenError,
    WebPortError,
    BrokerError,
)


def run(arguments: Sequence[str] | None = None, checkpoint: CheckpointPort = no_checkpoint) -> int:
    """The command. Exit status 0 after a stop that was asked for, 78 for settings, 1 otherwise.

    ``checkpoint`` is the kill tests' only.
    """
    options = _options(arguments)
    try:
        settings = load(options.config or [DEFAULT_FOLDER])
        if options.print_settings:
            print(describe(settings))  # noqa: T201 -- asked for
            return 0
        # what this process makes is its own: books, keys, codes
        os.umask(0o077)
        logs.start(settings.log.level)
        state = state_folder(options.state_dir, os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, state, checkpoint))
    except _Refusal as refusal:
        _tell(refusal.code, refusal)
        # a database that is not up yet is no mistake in the settings: try again
        return 1 if isinstance(refusal, LedgerUnavailable) else _CONFIGURATION_EXIT
    except OSError as error:
        _tell("CHOBA_SERVER_STATE", error)
        return _CONFIGURATION_EXIT
    return 0


def _tell(code: str, problem: Exception) -> None:
    """For the person who started it: one line, not JSON."""
    sys.stderr.write(f"choba-server: {code}: {problem}\n")


async def _serve(settings: Settings, state: StateFolder, checkpoint: CheckpointPort) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    manager = ServiceManager(os.environ)
    server = await build_server(settings, state, os.environ, checkpoint)
    try:
        await server.start()
        # what was loaded until now stays: the collector need not walk over it again and again
        gc.collect()
        gc.freeze()
        manager.ready("serving")
        watchdog = asyncio.create_task(manager.watchdog(server.healthy), name="watchdog")
        try:
            await server.run(stop)
        finally:
            watchdog.cancel()
    finally:
        manager.stopping()
        logs.say(log, logging.INFO, "stopping")
        await server.stop()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="choba-server", description="The server of Choba.")
    parser.add_argument(
        "--config", type=Path, action="append", metavar="FILE", help="settings, TOML; repeatable"
    )
    parser.add_argument("--state-dir", type=Path, metavar="FOLDER", help="keys, books, broker")
    parser.add_argument("--print-settings", action="store_true", help="print every setting and end")
    return parser.parse_args(arguments)
