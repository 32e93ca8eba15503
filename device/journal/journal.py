"""The journal: what the counter must still know after a power cut. SQLite, WAL, FULL.

One process, one thread, one connection. Every ``write`` is one transaction that is on the disk
when it returns. A damaged file is moved aside and a new one begun, with an alarm: sale numbers
go on by the seconds rule, payments are pulled again from the ledger.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from device.checkpoints import Checkpoint, Point, no_checkpoint
from device.core.records import JournalOrigin, JournalRecord, Snapshot
from device.core.state import OutOfService
from device.journal.reading import read_snapshot
from device.journal.schema import MIGRATIONS
from device.journal.writing import Writer
from protos.units import Micros, TerminalNumber

KEEP_US = 400 * 86_400 * 1_000_000
"""Rows are kept for 400 days: a year's questions can still be answered at the counter."""
_SIDE_FILES = ("", "-wal", "-shm")


class JournalError(Exception):
    """The journal can't be read or written. ``code`` is stable; ``trouble`` is for the counter."""

    def __init__(self, code: str, remedy: str, trouble: OutOfService) -> None:
        super().__init__(f"{code}: {remedy}")
        self.code = code
        self.trouble = trouble


def full(path: Path) -> JournalError:
    """No room for the next record."""
    return JournalError(
        "CHOBA_JOURNAL_FULL",
        f"the disk of {path.parent} is full; make room, then tap もう一度",
        OutOfService.JOURNAL_FULL,
    )


def failed(path: Path, error: Exception) -> JournalError:
    """The disk does not take or give the journal."""
    return JournalError(
        "CHOBA_JOURNAL_FAILED",
        f"{path} can't be used ({error}); restart the device, then replace its card",
        OutOfService.JOURNAL_FAILED,
    )


class Journal:
    """The open journal of one enrolment of a terminal."""

    def __init__(
        self,
        path: Path,
        terminal: TerminalNumber,
        now: Micros,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> None:
        """Open, repair or begin the journal at ``path``. ``terminal`` 0: not enrolled yet.

        ``now`` dates a new journal. Raises JournalError: CHOBA_JOURNAL_FULL,
        CHOBA_JOURNAL_FAILED, CHOBA_JOURNAL_NEWER (written by a later release).
        """
        self._path = path
        self._checkpoint = checkpoint
        self.moved_aside: Path | None = None
        """Where a damaged journal went."""
        existed = path.exists()
        try:
            self._connection = self._open(now)
        except sqlite3.DatabaseError as error:
            if _is_full(error):
                raise full(path) from error
            if not existed or not _is_damage(error):
                raise failed(path, error) from error
            self.moved_aside = _move_aside(path, now)
            self._connection = self._begin_again(now)
        except OSError as error:
            raise failed(path, error) from error
        if self.moved_aside is not None:
            self.origin = JournalOrigin.REPLACED
        else:
            self.origin = JournalOrigin.KEPT if existed else JournalOrigin.NEW
        self._terminal = terminal
        self._writer = Writer(self._connection, terminal)

    def _begin_again(self, now: Micros) -> sqlite3.Connection:
        try:
            return self._open(now)
        except (sqlite3.DatabaseError, OSError) as error:
            raise failed(self._path, error) from error

    def _open(self, now: Micros) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"quick_check: {verdict}")
            self._migrate(connection, now)
        except BaseException:
            connection.close()
            raise
        with contextlib.suppress(OSError):
            self._path.chmod(0o600)
        return connection

    def _migrate(self, connection: sqlite3.Connection, now: Micros) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise JournalError(
                "CHOBA_JOURNAL_NEWER",
                f"{self._path} was written by a later release (schema {version}, this one knows "
                f"{len(MIGRATIONS)}); install that release again",
                OutOfService.JOURNAL_FAILED,
            )
        for number in range(version + 1, len(MIGRATIONS) + 1):
            connection.execute("BEGIN IMMEDIATE")
            with _rolled_back_on_error(connection):
                for statement in _statements(MIGRATIONS[number - 1]):
                    connection.execute(statement)
                if number == 1:
                    connection.execute("INSERT INTO kv VALUES ('began_at', ?)", (str(now),))
                connection.execute(f"PRAGMA user_version = {number:d}")
                connection.execute("COMMIT")

    def load(self) -> Snapshot:
        """What the journal knows. Raises JournalError (CHOBA_JOURNAL_FAILED)."""
        try:
            return read_snapshot(self._connection, self._terminal, self.origin)
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
            raise failed(self._path, error) from error

    def write(self, records: Iterable[JournalRecord]) -> None:
        """All records in one durable transaction, or none.

        Raises JournalError: CHOBA_JOURNAL_FULL or CHOBA_JOURNAL_FAILED.
        """
        self._checkpoint(Point.BEFORE_JOURNAL)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with _rolled_back_on_error(self._connection):
                for record in records:
                    self._writer.write(record)
                    self._checkpoint(Point.IN_JOURNAL)
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise (full(self._path) if _is_full(error) else failed(self._path, error)) from error
        self._checkpoint(Point.AFTER_JOURNAL)

    def probe(self) -> None:
        """Whether it takes writes again. Raises JournalError as ``write`` does."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with _rolled_back_on_error(self._connection):
                self._connection.execute(
                    "INSERT OR REPLACE INTO kv VALUES ('probe', hex(zeroblob(4096)))"
                )
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise (full(self._path) if _is_full(error) else failed(self._path, error)) from error

    def prune(self, now: Micros) -> None:
        """Delete what is final and older than 400 days; once a day, outside business hours.

        Raises JournalError as ``write`` does.
        """
        before = (now - KEEP_US,)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with _rolled_back_on_error(self._connection):
                self._connection.execute(
                    "DELETE FROM sales WHERE saved_at < ? "
                    "AND phase IN ('paid', 'expired', 'cancelled', 'lapsed') "
                    "AND number < (SELECT MAX(number) FROM sales)",
                    before,
                )
                self._connection.execute(
                    "DELETE FROM prints WHERE queued_at < ? "
                    "AND phase IN ('printed', 'doubtful', 'dropped')",
                    before,
                )
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise (full(self._path) if _is_full(error) else failed(self._path, error)) from error

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def _rolled_back_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> list[str]:
    return [part for part in script.split(";") if part.strip()]


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Damage of the file, and not a disk that is away, read-only or locked."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _move_aside(path: Path, now: Micros) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now}")
    for suffix in _SIDE_FILES:
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    return aside
