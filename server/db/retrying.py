"""Which failures of a database are tried again, for how long, and what is known after them.

A transaction that failed before its COMMIT was sent did nothing: the database rolls back what a
dead connection leaves behind. So everything up to there is tried again. Only a COMMIT that was
sent and never answered leaves the outcome unknown; then the same work runs again only when the
caller has said that a second run finds what the first one did (``repeatable``).
"""

import random
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from server.db.errors import CommitUnknown, LedgerUnavailable

PATIENCE_SECONDS: Final = 10.0
"""How long a database that does not answer is asked again, from the first failure on."""
_LONGEST_PAUSE: Final = 0.5

_CONTENTION: Final = frozenset({"40001", "40P01", "55P03"})
"""serialization_failure, deadlock_detected, lock_not_available: rolled back, and said so."""
_AWAY: Final = frozenset({"53300", "57P01", "57P02", "57P03", "57P05", "25P03"})
"""too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout,
idle_in_transaction_session_timeout: the server speaks, and then hangs up."""
_CONNECTION_CLASS: Final = "08"
_SQLITE_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_UNCERTAIN: Final = frozenset({sqlite3.SQLITE_IOERR})
"""A failed sync at a COMMIT: what reached the disk is not known."""


class CommitFailed(Exception):  # noqa: N818 -- what happened, told from one layer to the next
    """COMMIT was sent and its outcome is not known; ``error`` is the driver's."""

    def __init__(self, error: DBAPIError) -> None:
        super().__init__(str(error.orig))
        self.error = error


@dataclass(slots=True)
class Patience:
    """One call's tries: how many, and until when."""

    seconds: float
    tries: int = 0
    unknown: bool = False
    """Some try ended with an unknown outcome."""
    _until: float = field(default=0.0)

    def wait(self, error: DBAPIError, *, repeatable: bool, unknown: bool) -> None:
        """Sleep before the next try. Raises what the caller is told when there is none."""
        self.unknown = self.unknown or unknown
        if not (unknown or is_passing(error)) or (unknown and not repeatable) or self._is_over():
            raise self._last_word(error) from error
        pause = min(0.01 * 2**self.tries, _LONGEST_PAUSE)
        self.tries += 1
        time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 -- jitter

    def _is_over(self) -> bool:
        now = time.monotonic()
        if not self.tries:
            self._until = now + self.seconds
        return now >= self._until

    def _last_word(self, error: DBAPIError) -> Exception:
        if self.unknown:
            return CommitUnknown(short(error))
        return as_unavailable(error)


def is_passing(error: DBAPIError) -> bool:
    """Whether another try may succeed: contention, or a connection that is not there."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_BUSY
    state = _state(error)
    if state in _CONTENTION or state in _AWAY or state.startswith(_CONNECTION_CLASS):
        return True
    return error.connection_invalidated or (not state and isinstance(error, OperationalError))


def outcome_unknown(error: DBAPIError) -> bool:
    """After a failed COMMIT: False when the database itself has said that it rolled back."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_UNCERTAIN
    state = _state(error)
    hung_up = not state or state in _AWAY or state.startswith(_CONNECTION_CLASS)
    return hung_up or error.connection_invalidated


def as_unavailable(error: DBAPIError) -> Exception:
    """LedgerUnavailable for a database that did not answer, the error itself for a defect."""
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return LedgerUnavailable(short(error))
    return error


def short(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its parameters (persons' data)."""
    return f"database: {type(error.orig).__name__}: {error.orig}".splitlines()[0]


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
