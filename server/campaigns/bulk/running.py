"""Carrying out confirmed batches, a few lines at a time, and taking them back.

A batch is decided by its confirmation; what follows can be interrupted anywhere and goes on where
the books say that it stands. docs/decisions/0011 has the reasons and the measurements.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from protos.units import Yen
from server.campaigns.bulk.refusals import BulkCode, Problem, bulk_refusal, problem_of
from server.campaigns.bulk.store import (
    Confirmation,
    complete,
    confirmation_of,
    drop_staged,
    granted_count,
    granted_page,
    is_complete,
    known_keys,
    staged_page,
    unfinished,
)
from server.campaigns.bulk.types import CancelSummary, Fate, KeptLine, StagedLine
from server.campaigns.chunks import post_all
from server.campaigns.grant_cancels import (
    CancelCommand,
    CancelOutcome,
    CancelRules,
    cancel_commands,
)
from server.campaigns.grant_checks import read_key, read_why
from server.campaigns.grant_refusals import GrantCode, grant_refusal
from server.campaigns.grants import GrantPoster, grant_poster, prepare
from server.db import Database, LedgerUnavailable
from server.ledger import LedgerClock, Poster, open_lane
from server.oversight import Act, record_act

LANE: Final = "bulk"
"""A lane of its own: payments and grants by hand never wait for a file's."""
LINES_AT_ONCE: Final = 100
"""Customers who are held together, for some milliseconds."""
_REST: Final = 1.0
"""Seconds of rest per second of work: the database belongs to the payments."""
_LEAST_REST: Final = 0.002
_TRIES: Final = 20
_WAIT: Final = 0.5

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Lines done and lines in all."""


def no_progress(_done: int, _of: int) -> None:
    """Nobody looks."""


class BulkRunner:
    """Blocks its caller for the whole batch; call it off an event loop.

    Two runners of one batch do no harm: keys are granted once, whoever comes first.
    """

    def __init__(
        self,
        database: Database,
        ledger_clock: LedgerClock,
        *,
        lines_at_once: int = LINES_AT_ONCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._clock = ledger_clock
        self._size = lines_at_once
        self._sleep = sleep

    def run(self, batch_id: str, progress: Progress = no_progress) -> None:
        """Book every line that is not booked yet, then say that the batch is complete.

        Raises BulkRefusal for a batch that nobody confirmed, LedgerUnavailable when the database
        stays away: the same call again goes on.
        """
        decided = self._database.read_now(partial(confirmation_of, batch_id=batch_id))
        if decided is None:
            raise bulk_refusal(BulkCode.NOT_CONFIRMED, field="batch_id")
        if self._database.read_now(partial(is_complete, batch_id=batch_id)):
            progress(decided.new_lines, decided.new_lines)
            return
        poster = grant_poster(self._database, self._clock, LANE)
        line, done = 0, 0
        while page := self._page(batch_id, line):
            self._patiently(partial(self._book, poster, decided, page))
            line = page[-1].line
            done += sum(staged.fate is Fate.NEW for staged in page)
            progress(done, decided.new_lines)
        self._complete(decided)
        drop_staged(self._database, batch_id)

    def run_unfinished(self, progress: Progress = no_progress) -> list[str]:
        """Go on with every batch that a crash left behind; their ids."""
        found = self._database.read_now(unfinished)
        for batch_id in found:
            self.run(batch_id, progress)
        return found

    def cancel(
        self,
        idempotency_key: str,
        batch_id: str,
        why: str,
        by: str,
        kept: Callable[[Sequence[KeptLine]], None],
    ) -> CancelSummary:
        """Take back every line of which nothing is spent; the others go to ``kept``.

        Each line by itself, in small chunks: killed in between, the same call does the rest.
        Raises BulkRefusal for a batch that is not complete, GrantRefusal.
        """
        key, reason = read_key(idempotency_key), read_why(why)
        if not self._database.read_now(partial(is_complete, batch_id=batch_id)):
            known = self._database.read_now(partial(confirmation_of, batch_id=batch_id))
            raise bulk_refusal(BulkCode.RUNNING if known else BulkCode.NOT_CONFIRMED)
        act_id = self._database.write_now(
            lambda c: record_act(c, Act(by, "bulk.cancel", batch_id, reason, self._clock(c)))
        )
        lane = self._database.write_now(partial(open_lane, name=LANE), repeatable=True)
        rules = CancelRules(self._database.kind)
        poster = Poster(self._database.kind, rules, lane, self._clock)
        counted = CancelSummary(0, Yen(0), 0, 0)
        line = 0
        while page := self._database.read_now(
            partial(granted_page, batch_id=batch_id, after=line, size=self._size)
        ):
            keys = [f"batch/{by}/{key}/{grant_id}" for _, grant_id in page]
            grants = [grant_id for _, grant_id in page]
            commands = self._database.read_now(
                partial(cancel_commands, grant_ids=grants, keys=keys, act_id=act_id)
            )
            answers = self._timed(partial(post_all, self._database, poster, commands))
            counted = _counted(counted, page, commands, answers, kept)
            line = page[-1][0]
        return counted

    def _page(self, batch_id: str, after: int) -> list[StagedLine]:
        return self._database.read_now(
            partial(staged_page, batch_id=batch_id, after=after, size=self._size)
        )

    def _book(self, poster: GrantPoster, decided: Confirmation, page: Sequence[StagedLine]) -> None:
        keys = [staged.grant_key for staged in page]
        known = self._database.read_now(partial(known_keys, keys=keys))
        grants = [
            staged.grant(decided.batch_id, decided.act_id)
            for staged in page
            if staged.fate is Fate.NEW and staged.grant_key not in known
        ]
        if grants:
            commands = self._database.write_now(partial(prepare, grants=grants), repeatable=True)
            post_all(self._database, poster, commands)

    def _patiently(self, work: Callable[[], None]) -> None:
        """A confirmed batch does not fail because a customer or the database is busy."""
        for _ in range(_TRIES):
            try:
                self._timed(work)
            except LedgerUnavailable:
                self._sleep(_WAIT)
            else:
                return
        self._timed(work)

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.monotonic()
        done = work()
        self._sleep(max(_LEAST_REST, (time.monotonic() - began) * _REST))
        return done

    def _complete(self, decided: Confirmation) -> None:
        batch_id = decided.batch_id

        def work(connection: Connection) -> None:
            if is_complete(connection, batch_id):
                return
            if granted_count(connection, batch_id) != decided.new_lines:
                raise bulk_refusal(BulkCode.LINES_LOST, batch=batch_id)
            complete(connection, batch_id, self._clock(connection))

        try:
            self._database.write_now(work, repeatable=True)
        except IntegrityError:  # another runner of the same batch was a moment faster
            assert self._database.read_now(partial(is_complete, batch_id=batch_id))


def _counted(
    so_far: CancelSummary,
    page: Sequence[tuple[int, str]],
    commands: Sequence[CancelCommand],
    answers: dict[str, CancelOutcome],
    kept: Callable[[Sequence[KeptLine]], None],
) -> CancelSummary:
    lines = {grant_id: line for line, grant_id in page}
    cancelled, amount, repeated = so_far.cancelled_lines, int(so_far.cancelled), 0
    left: list[KeptLine] = []
    for command in commands:
        answer = answers[command.cancel_id]
        if answer.repeated or answer.refused is GrantCode.CANCEL_AGAIN:
            repeated += 1
        elif answer.refused is not None:
            line = lines[command.grant_id]
            why: Problem = problem_of(line, "", grant_refusal(answer.refused))
            left.append(KeptLine(line, command.grant_id, why))
        else:
            cancelled += 1
            amount += command.amount
    if left:
        kept(left)
    return CancelSummary(
        cancelled, Yen(amount), so_far.repeated_lines + repeated, so_far.kept_lines + len(left)
    )
