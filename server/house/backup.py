"""``choba backup``: a copy of the books while payments run.

SQLite: the online backup API out of one read transaction; in WAL mode it sees one instant and
stops nobody. PostgreSQL: pg_dump in a snapshot that we export, and audit while it runs. Either way
the copy is of one instant, is audited, and appears under its name only when everything is there.
Keys are never in it: they stand in files of their own.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from server.clock import Clock, system_clock
from server.db import DatabaseKind, kind_of, open_copy, parse_url, snapshot
from server.house.manifest import NAME, Manifest, Progress, Standing, digest_of, standing_of
from server.house.places import appearing, unusable
from server.house.postgres_tools import plain_url, run_tool, tool
from server.house.refusals import BackupReason, BackupRefused

Audit = Callable[[Connection], int]
"""Prints what it finds; 0 when everything holds. The rooms above know what there is to check."""
SQLITE_FILE: Final = "books.sqlite"
POSTGRES_FILE: Final = "books.pgdump"
_PAGES: Final = 2048


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that stands under its name."""

    folder: Path
    manifest: Manifest


def make_backup(
    url: str,
    destination: Path,
    *,
    audit: Audit,
    progress: Progress,
    clock: Clock = system_clock,
) -> BackupReport:
    """Copy the books behind ``url`` into the new folder ``destination``; servers may run.

    Raises BackupRefused, DatabaseError.
    """
    parsed = parse_url(url)
    sqlite = kind_of(parsed) is DatabaseKind.SQLITE
    destination = destination.absolute()
    with appearing(destination) as folder:
        file = folder / (SQLITE_FILE if sqlite else POSTGRES_FILE)
        taken_at = clock()
        if sqlite:
            standing = _copy_sqlite(Path(parsed.database or ""), file, audit, progress)
        else:
            standing = _dump(url, plain_url(parsed), file, audit)
        manifest = Manifest(
            kind=kind_of(parsed),
            file=file.name,
            bytes=file.stat().st_size,
            sha256=digest_of(file, progress, "checksum"),
            revision=standing.revision,
            ledger_id=standing.ledger_id,
            taken_at=taken_at,
            lanes=standing.lanes,
        )
        (folder / NAME).write_text(manifest.text(), encoding="utf-8")
    return BackupReport(destination, manifest)


def _copy_sqlite(source: Path, file: Path, audit: Audit, progress: Progress) -> Standing:
    if not source.is_file():
        raise BackupRefused(
            BackupReason.PLACE_UNUSABLE,
            f"{source} がありません。--state-dir か --database をご確認ください。",
            f"{source}: no such database; check --state-dir or --database",
            "database",
        )
    try:
        _copy_pages(source, file, progress)
    except sqlite3.Error as error:
        raise _failed(file, error) from error
    with open_copy(file) as connection:
        found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        if found != ["ok"]:
            raise _not_whole(f"integrity_check: {found[0]}")
        if audit(connection):
            raise _not_whole("the audit has findings")
        return standing_of(connection)


def _copy_pages(source: Path, file: Path, progress: Progress) -> None:
    """One read transaction holds one instant for all of the copy, however much is written."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as books,
        closing(sqlite3.connect(file)) as copy,
    ):
        books.isolation_level = None
        books.execute("BEGIN")
        books.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        books.backup(
            copy,
            pages=_PAGES,
            progress=lambda _status, left, total: progress("copy", total - left, total),
            sleep=0.0,
        )
    into_one_file(file)


def into_one_file(file: Path) -> None:
    """Nothing of it stays in a write-ahead log beside it."""
    with closing(sqlite3.connect(file)) as copy:
        (mode,) = copy.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise sqlite3.OperationalError(f"{file.name}: its write-ahead log stays ({mode})")


def _dump(url: str, plain: str, file: Path, audit: Audit) -> Standing:
    """The dump, and the audit of the very snapshot that it is of."""
    tool("pg_restore")  # what is made here has to be read here
    with snapshot(url) as (connection, name):
        run_tool(
            "pg_dump",
            [
                *("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s"),
                *(f"--snapshot={name}", f"--file={file}", f"--dbname={plain}"),
            ],
        )
        if audit(connection):
            raise _not_whole("the audit has findings")
        standing = standing_of(connection)
    run_tool("pg_restore", ["--file=/dev/null", str(file)])  # reads all of it back
    return standing


def _not_whole(why: str) -> BackupRefused:
    return BackupRefused(
        BackupReason.NOT_WHOLE,
        "帳簿に合わないところがあるため、バックアップを作りませんでした。"
        "「choba audit verify」をご確認ください。",
        f"no backup was made: {why}; run choba audit verify and keep the database as it is",
    )


def _failed(file: Path, error: sqlite3.Error) -> BackupRefused:
    return unusable(file.parent, OSError(0, f"SQLite: {error}"))
