"""``choba restore``: a backup becomes the books of an empty place, brought forward and audited.

Nothing can be opened as the books before all of it is there: on SQLite the file gets its name
last, on PostgreSQL the schema's revision is written last, in the transaction that also marks the
books as restored (docs/decisions/0013-restored-books.md).
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from server.clock import Clock, system_clock
from server.db import (
    NEWEST,
    DatabaseKind,
    kind_of,
    migrate_with,
    open_copy,
    parse_url,
    snapshot,
)
from server.house.backup import Audit, into_one_file
from server.house.manifest import Manifest, Progress, check_file, read_manifest
from server.house.places import sync, unusable
from server.house.postgres_tools import plain_url, run_tool
from server.house.refusals import BackupReason, BackupRefused
from server.ledger import process_clock, skip_all
from server.oversight import Act, record_act

_ACT = "books.restore"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What stands now."""

    manifest: Manifest
    migrated_to: str
    whole: bool
    """Whether the audit of the restored books holds."""


def restore_backup(
    source: Path,
    url: str,
    *,
    by: str,
    why: str,
    audit: Audit,
    progress: Progress,
    application_role: str = "",
    clock: Clock = system_clock,
) -> RestoreReport:
    """Put the backup ``source`` into the empty place ``url``.

    On PostgreSQL ``url`` is the migrator's and names a database without tables.
    Raises BackupRefused, DatabaseError.
    """
    parsed = parse_url(url)
    manifest = read_manifest(source)
    _check_fits(manifest, kind_of(parsed))
    marked = partial(_mark, manifest=manifest, by=by, why=why, clock=clock)
    if manifest.kind is DatabaseKind.SQLITE:
        target = Path(parsed.database or "").absolute()
        _check_no_file(target)
        file = check_file(source, manifest, progress)
        whole = _restore_sqlite(file, target, marked, audit)
    else:
        plain = plain_url(parsed)
        with snapshot(url) as (connection, _):
            _check_no_tables(connection)
        file = check_file(source, manifest, progress)
        _restore_dump(file, plain)
        finish = partial(_finish, manifest=manifest)
        migrate_with(url, application_role=application_role, before=finish, after=marked)
        with snapshot(url) as (connection, _):
            whole = audit(connection) == 0
    return RestoreReport(manifest, NEWEST, whole)


def _mark(connection: Connection, *, manifest: Manifest, by: str, why: str, clock: Clock) -> None:
    """Sequences jump beyond what the lost time may have announced; who did it is written down."""
    now = clock()
    skip_all(connection, process_clock(clock))
    detail: dict[str, str | int] = {
        "taken_at": manifest.taken_at,
        "sha256": manifest.sha256,
        "revision": manifest.revision,
    }
    record_act(connection, Act(by, _ACT, manifest.ledger_id, why, now, detail))


def _restore_sqlite(
    file: Path, target: Path, marked: Callable[[Connection], None], audit: Audit
) -> bool:
    partial_file = target.parent / f".{target.name}.restoring-{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(partial_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            os.close(handle)
            shutil.copyfile(file, partial_file)
            migrate_with(f"sqlite:///{partial_file}", after=marked)
            with open_copy(partial_file) as connection:
                whole = audit(connection) == 0
            into_one_file(partial_file)
            sync(partial_file)
            os.link(partial_file, target)  # refuses where somebody was faster
        finally:
            for left in target.parent.glob(f"{partial_file.name}*"):
                left.unlink()
        sync(target.parent)
    except FileExistsError as error:
        raise _not_empty(str(target)) from error
    except OSError as error:
        raise unusable(target, error) from error
    return whole


def _restore_dump(file: Path, plain: str) -> None:
    """Everything but the revision, in one transaction: without it no server opens the books."""
    contents = run_tool("pg_restore", ["--list", str(file)]).decode("utf-8")
    kept = [line for line in contents.splitlines() if not _is_revision(line)]
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as listing:
        listing.write("\n".join(kept) + "\n")
        listing.flush()
        run_tool(
            "pg_restore",
            [
                *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
                *(f"--use-list={listing.name}", f"--dbname={plain}", str(file)),
            ],
        )


def _is_revision(line: str) -> bool:
    return " TABLE DATA " in line and " alembic_version " in line


def _finish(connection: Connection, *, manifest: Manifest) -> None:
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:revision)"),
        {"revision": manifest.revision},
    )


def _check_fits(manifest: Manifest, kind: DatabaseKind) -> None:
    if manifest.kind is not kind:
        raise BackupRefused(
            BackupReason.OTHER_KIND,
            f"このバックアップは {manifest.kind.value} のものです。同じ種類のデータベースを"
            "指定してください。",
            f"the backup is of {manifest.kind.value}, the place is {kind.value}; "
            "name a database of the same kind",
            "database",
        )
    if manifest.revision > NEWEST:
        raise BackupRefused(
            BackupReason.TOO_NEW,
            "このバックアップは新しい版のプログラムで作られています。同じ版をお使いください。",
            f"the backup has schema {manifest.revision}, this program knows up to {NEWEST}; "
            "use the program that made it, or a newer one",
        )


def _check_no_file(target: Path) -> None:
    if any(target.with_name(target.name + end).exists() for end in ("", "-wal", "-shm")):
        raise _not_empty(str(target))


def _check_no_tables(connection: Connection) -> None:
    if inspect(connection).get_table_names():
        raise _not_empty("the database")


def _not_empty(place: str) -> BackupRefused:
    return BackupRefused(
        BackupReason.NOT_EMPTY,
        f"{place} には既にデータがあります。空の場所を指定してください。",
        f"{place}: something is there already; restore into an empty place, "
        "and move what is there aside yourself",
        "database",
    )
