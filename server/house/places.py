"""A folder that appears whole under its name, or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.house.refusals import BackupReason, BackupRefused

_PRIVATE = 0o700


@contextmanager
def appearing(destination: Path) -> Iterator[Path]:
    """A folder to fill; it gets its name when the block ends well and is removed otherwise.

    Killed in between, it stays as ``.NAME.partial-…`` and may be deleted.
    Raises BackupRefused PLACE_TAKEN, PLACE_UNUSABLE (unwritable, disk full).
    """
    if destination.exists() or destination.is_symlink():
        raise BackupRefused(
            BackupReason.PLACE_TAKEN,
            f"{destination} は既にあります。新しい名前を指定してください。",
            f"{destination}: is there already; name a new folder",
            "destination",
        )
    partial = destination.parent / f".{destination.name}.partial-{secrets.token_hex(4)}"
    try:
        partial.mkdir(mode=_PRIVATE)
        try:
            yield partial
            _settle(partial)
            partial.rename(destination)
            sync(destination.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(partial)
            raise
    except OSError as error:
        raise unusable(destination, error) from error


def unusable(place: Path, error: OSError) -> BackupRefused:
    """Disk full, no permission, no such folder: in the system's own words."""
    why = error.strerror or str(error)
    return BackupRefused(
        BackupReason.PLACE_UNUSABLE,
        f"{place} に書き込めません({why})。空き容量と権限をご確認ください。",
        f"{place}: cannot be written: {why}; check space and permissions",
        "destination",
    )


def sync(path: Path) -> None:
    """Durable: a file's bytes, a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o600)
        sync(file)
    sync(folder)
