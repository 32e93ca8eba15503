"""What stands beside a copy of the books: what it is of, when, and its checksum."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from server.db import DatabaseKind, revision_of
from server.db.schema import ledger as t
from server.house.refusals import BackupReason, BackupRefused
from server.ledger import ledger_id

NAME: Final = "manifest.json"
_FORMAT: Final = 1
_CHUNK: Final = 1 << 20
Progress = Callable[[str, int, int], None]
"""What is being done, done so far, of how many."""


@dataclass(frozen=True, slots=True)
class LaneMark:
    """Where a lane stood: compare it with a signed head of that time."""

    lane_id: int
    name: str
    position: int
    head: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. ``taken_at``: microseconds UTC; nothing later is in it."""

    kind: DatabaseKind
    file: str
    bytes: int
    sha256: str
    revision: str
    ledger_id: str
    taken_at: int
    lanes: tuple[LaneMark, ...]

    def text(self) -> str:
        content = asdict(self) | {"format": _FORMAT, "kind": self.kind.value}
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True)
class Standing:
    """What one snapshot of the books says of itself."""

    revision: str
    ledger_id: str
    lanes: tuple[LaneMark, ...]


def standing_of(connection: Connection) -> Standing:
    """In the snapshot that is copied, or in the copy itself."""
    columns = (t.lanes.c.lane_id, t.lanes.c.name, t.lanes.c.position, t.lanes.c.head)
    rows = connection.execute(select(*columns).order_by(t.lanes.c.lane_id))
    lanes = tuple(LaneMark(i, name, at, bytes(head).hex()) for i, name, at, head in rows)
    return Standing(revision_of(connection), ledger_id(connection), lanes)


def digest_of(path: Path, progress: Progress, what: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(what, done, size)
    return digest.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupRefused DAMAGED: no manifest, not ours, or of a newer format."""
    path = folder / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise ValueError("format")
        lanes = tuple(LaneMark(**lane) for lane in content.pop("lanes"))
        found = Manifest(**content | {"kind": DatabaseKind(content["kind"]), "lanes": lanes})
        if Path(found.file).name != found.file:
            raise ValueError("file")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupRefused(
            BackupReason.DAMAGED,
            f"{path} を読み取れません。「choba backup」が作ったフォルダーを指定してください。",
            f"{path}: cannot be read ({type(error).__name__}); name a folder that choba backup "
            "has made",
        ) from error
    return found


def check_file(folder: Path, manifest: Manifest, progress: Progress) -> Path:
    """The copy, once its bytes are those that were written. Raises BackupRefused DAMAGED."""
    path = folder / manifest.file
    try:
        whole = (
            path.stat().st_size == manifest.bytes
            and digest_of(path, progress, "checksum") == manifest.sha256
        )
    except OSError as error:
        raise _damaged(path, f"cannot be read: {error.strerror}") from error
    if not whole:
        raise _damaged(path, "is not what was backed up: its size or checksum differs")
    return path


def _damaged(path: Path, why: str) -> BackupRefused:
    return BackupRefused(
        BackupReason.DAMAGED,
        f"{path} は壊れているか、読み取れません。別のバックアップをお使いください。",
        f"{path}: {why}; use another backup",
    )
