"""pg_dump and pg_restore: found on this machine, run without a secret in their arguments."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from server.house.refusals import BackupReason, BackupRefused

_DEBIAN: Final = Path("/usr/lib/postgresql")


def tool(name: str) -> str:
    """Path of a client program. Raises BackupRefused TOOL_MISSING."""
    found = shutil.which(name)
    if found is None:  # Debian keeps them beside the server
        versions = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda p: p.parent.parent.name)
        found = str(versions[-1]) if versions else None
    if found is None:
        raise BackupRefused(
            BackupReason.TOOL_MISSING,
            f"{name} が見つかりません。PostgreSQL のクライアント(postgresql-client)を"
            "インストールしてください。",
            f"{name}: not on PATH; install PostgreSQL's client programs (postgresql-client)",
        )
    return found


def plain_url(url: URL) -> str:
    """For libpq. A password belongs into ~/.pgpass or a service file, never into arguments.

    Raises BackupRefused SECRET_IN_URL.
    """
    if url.password:
        raise BackupRefused(
            BackupReason.SECRET_IN_URL,
            "データベースの URL にパスワードを書かないでください。~/.pgpass をお使いください。",
            "database url: holds a password; put it into ~/.pgpass or a service file",
            "database",
        )
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def run_tool(name: str, arguments: Sequence[str]) -> bytes:
    """What it printed. Raises BackupRefused TOOL_FAILED with its own last line."""
    done = subprocess.run(
        [tool(name), *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise BackupRefused(
            BackupReason.TOOL_FAILED,
            f"{name} が失敗しました: {said[0]}",
            f"{name}: ended with status {done.returncode}: {said[0]}",
        )
    return done.stdout
