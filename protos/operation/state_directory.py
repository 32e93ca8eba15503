"""Where a program keeps what must survive it: one rule for the server and the counter."""

from collections.abc import Mapping
from pathlib import Path

_PRIVATE_FOLDER = 0o700


def state_directory(option: Path | None, environment: Mapping[str, str], otherwise: str) -> Path:
    """``--state-dir``, else $STATE_DIRECTORY, else ``otherwise``; made, closed to others, if new.

    Raises OSError when it cannot be made.
    """
    # systemd separates several directories by colons; the first one is ours
    named = environment.get("STATE_DIRECTORY", "").split(":")[0]
    folder = (option or Path(named or otherwise)).absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    return folder
