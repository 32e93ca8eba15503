"""What every command of ``choba`` shares: where the books stand, who acts and why."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.db import Database, open_database
from server.directory import Keyring
from server.ledger import HeadKey
from server.settings import DEFAULT_FOLDER, Settings, load
from server.state import KeyFiles, StateFolder, state_folder

Rooms = Any
"""What ``add_subparsers`` returns; argparse has no public name for it."""


def common_options() -> argparse.ArgumentParser:
    """Parent of every command that reads or writes the books."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state-dir", type=Path, metavar="FOLDER")
    common.add_argument("--config", type=Path, action="append", metavar="FILE")
    common.add_argument("--database", metavar="URL", help="without a password in it")
    return common


def act_options() -> argparse.ArgumentParser:
    """Parent of every command that changes something: the audit log wants both."""
    acting = argparse.ArgumentParser(add_help=False)
    acting.add_argument("--by", required=True, metavar="NAME", help="who acts, for the audit log")
    acting.add_argument(
        "--why", required=True, metavar="TEXT", help="the reason, for the audit log"
    )
    return acting


def with_database(options: argparse.Namespace, work: Callable[[Database], int]) -> int:
    """Open the books, work, close them; what ``work`` returns is the exit status."""
    database = open_database(database_url(options), readers=1, writers=1)
    try:
        return work(database)
    finally:
        database.close_now()


def keyring_of(options: argparse.Namespace) -> Keyring:
    """Raises KeyFileError."""
    return Keyring(KeyFiles(state_of(options).keys).master_key().reveal())


def head_key_of(options: argparse.Namespace) -> HeadKey:
    """The key that signs lanes' heads; its public half is kept beside it. Raises KeyFileError."""
    files = key_files_of(options)
    key = HeadKey(files.heads_key().reveal())
    files.keep_public_key(key.key_id, key.public)
    return key


def key_files_of(options: argparse.Namespace) -> KeyFiles:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return KeyFiles(state_of(options).keys, Path(credentials) if credentials else None)


def state_of(options: argparse.Namespace) -> StateFolder:
    return state_folder(options.state_dir, os.environ)


def database_url(options: argparse.Namespace) -> str:
    """--database, else the settings' URL, else SQLite in the state folder."""
    if options.database:
        return str(options.database)
    return settings_of(options).database.url or f"sqlite:///{state_of(options).database}"


def settings_of(options: argparse.Namespace) -> Settings:
    """--config, else what stands in /etc/choba. Raises SettingsError."""
    folder = [DEFAULT_FOLDER] if DEFAULT_FOLDER.is_dir() else []
    return load(options.config or folder)
