"""Posting without an event loop: jobs, the command line, an operator's single act."""

import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, TypeVar

from server.db.database import Database
from server.db.errors import LedgerOverloaded
from server.ledger.posting import Poster, Postponed, StolenRow

C = TypeVar("C")
A = TypeVar("A")

_STOLEN_TRIES: Final = 20
_BUSY_TRIES: Final = 60
_BUSY_WAIT: Final = 0.05
"""Seconds between two looks at customers who are busy in another transaction: 3 s in all."""


def post_patiently(
    database: Database, poster: Poster[C, Any, Any, A], commands: Sequence[C]
) -> list[A | Postponed]:
    """Each command's outcome, committed. ``Postponed``: its customer stayed busy for 3 seconds.

    The same command again must change nothing and answer the same (by its key or its entry's id):
    a batch runs again when nobody said what came of its COMMIT.
    Raises LedgerUnavailable (unknown), LedgerOverloaded when every race for a row was lost.
    """
    answers: list[A | Postponed] = [Postponed.BUSY] * len(commands)
    pending = list(range(len(commands)))
    for _ in range(_BUSY_TRIES):
        batch = tuple(commands[index] for index in pending)
        posted: list[A | Postponed] = _post(database, poster, batch)
        for index, answer in zip(pending, posted, strict=True):
            answers[index] = answer
        pending = [index for index in pending if isinstance(answers[index], Postponed)]
        if not pending:
            break
        time.sleep(_BUSY_WAIT)
    return answers


def _post(
    database: Database, poster: Poster[C, Any, Any, A], batch: Sequence[C]
) -> list[A | Postponed]:
    for attempt in range(_STOLEN_TRIES):
        try:
            return database.write_now(partial(poster.post, commands=batch), repeatable=True)
        except StolenRow:
            time.sleep(random.uniform(0, 0.002 * (attempt + 1)))  # noqa: S311 -- jitter
    raise LedgerOverloaded("batch: lost every race; try again later")
