"""Where a program keeps what must survive it: one rule for the server and the counter."""

from collections.abc import Mapping
from pathlib import Path

_PRIVATE_FOLDER = 0o700


def given_state_directory(
    option: Path | None, environment: Mapping[str, str], otherwise: str
) -> Path:
    """``--state-dir``, else $STATE_DIRECTORY, else ``otherwise``; not made."""
    # systemd separates several directories by colons; the first one is ours
    named = environment.get("STATE_DIRECTORY", "").split(":")[0]
    return (option or Path(named or otherwise)).absolute()


def state_directory(option: Path | None, environment: Mapping[str, str], otherwise: str) -> Path:
    """``--state-dir``, else $STATE_DIRECTORY, else ``otherwise``; made, closed to others, if new.

    Raises OSError when it cannot be made.
    """
    folder = given_state_directory(option, environment, otherwise)
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    return folder
