"""Posting many commands in small transactions, so that customers are held for moments only."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

from server.db import Database, LedgerOverloaded
from server.ledger import Poster, Postponed, StolenRow, post_patiently

CHUNK: Final = 500
"""Grants of one transaction where nobody else waits for the customers."""
_TRIES: Final = 100
_BUSY_WAIT: Final = 0.05


class Keyed(Protocol):
    """A command with the id of the entry that it may become."""

    @property
    def entry_id(self) -> str: ...


C = TypeVar("C", bound=Keyed)
A = TypeVar("A")


def post_all(
    database: Database, poster: Poster[C, Any, Any, A], commands: Sequence[C]
) -> dict[str, A]:
    """Answers by entry id.

    Raises LedgerOverloaded when a customer stays busy: what was posted stays, the same commands
    again do the rest.
    """
    done: dict[str, A] = {}
    answers: list[A | Postponed] = post_patiently(database, poster, commands)
    for command, answer in zip(commands, answers, strict=True):
        if isinstance(answer, Postponed):
            raise LedgerOverloaded("grants: customers stayed busy; run the same again")
        done[command.entry_id] = answer
    return done


def post_one(
    database: Database,
    poster: Poster[C, Any, Any, A],
    prepare: Callable[[Connection], C],
    booked: Callable[[A], bool],
) -> A:
    """One command whose own rows (an audit row) are written in the posting's transaction.

    ``prepare`` runs again at each try; the same command after it was booked must be answered as
    not ``booked`` (by its key). An answer that is not ``booked`` leaves nothing behind,
    nor does a refusal that is raised.
    """

    def work(connection: Connection) -> A:
        answer = poster.post(connection, (prepare(connection),))[0]
        if isinstance(answer, Postponed):
            raise _Busy
        if not booked(answer):
            raise _NotBooked(answer)
        return answer

    for _ in range(_TRIES):
        try:
            return database.write_now(work, repeatable=True)
        except StolenRow:
            continue
        except _NotBooked as declined:
            answer: A = declined.answer
            return answer
        except _Busy:
            time.sleep(_BUSY_WAIT)
    raise LedgerOverloaded("grants: the customer stayed busy; send the same again")


class _Busy(Exception):  # noqa: N818
    """Rolls back what was prepared for a customer who is busy elsewhere."""


class _NotBooked(Exception):  # noqa: N818
    """Rolls back what was prepared for a command that books nothing."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
