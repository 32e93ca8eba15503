"""CSVから取引操作: preview, confirm, run, resume. docs/decisions/0011 says why like this."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from protos.units import Micros, Yen
from server.campaigns.bulk.fates import Judge
from server.campaigns.bulk.reading import MOST_LINES, Row, read_rows
from server.campaigns.bulk.refusals import BulkCode, Problem, bulk_refusal
from server.campaigns.bulk.store import (
    PAGE,
    Confirmation,
    Staging,
    add_batch,
    add_confirmation,
    completed_with_lines,
    confirmation_by_key,
    confirmation_of,
    drop_batch,
    drop_staged,
    finish_preview,
    forgettable,
    is_complete,
    last_confirmation,
    same_file_as,
    staged_pages,
    status_of,
)
from server.campaigns.bulk.types import (
    BatchStatus,
    Fate,
    Preview,
    Show,
    ShownDigest,
    StagedLine,
    unseen,
)
from server.campaigns.grant_checks import WhoLeft, place_at, read_key, read_why
from server.clock import DAY
from server.db import Database, new_public_id
from server.directory import departed_users
from server.ledger import LedgerClock
from server.oversight import Act, record_act

MOST_BYTES: Final = 64 << 20
"""Of a file: 250,000 lines with long notes."""
_MIB: Final = 1 << 20
_KEPT: Final = 7 * DAY
"""A preview that nobody confirmed is forgotten after this."""
_NAME_LENGTH: Final = 200


@dataclass(slots=True)
class _Tally:
    """What a preview counts as it goes; its memory does not grow with the file."""

    digest: ShownDigest
    lines: int = 0
    new: int = 0
    repeated: int = 0
    wrong_lines: int = 0
    last_wrong: int = -1
    amount: int = 0

    def add(self, found: StagedLine | Problem) -> None:
        if isinstance(found, Problem):
            self.wrong_lines += found.line != self.last_wrong
            self.lines += found.line != self.last_wrong and found.line > 1
            self.last_wrong = found.line
            return
        self.lines += 1
        if found.fate is Fate.REPEATED:
            self.repeated += 1
            return
        self.new += 1
        self.amount += found.amount
        self.digest.add_line(found)


class BulkDesk:
    """Blocks its caller; call it off an event loop."""

    def __init__(
        self,
        database: Database,
        ledger_clock: LedgerClock,
        who_left: WhoLeft = departed_users,
        most_lines: int = MOST_LINES,
    ) -> None:
        self._database = database
        self._clock = ledger_clock
        self._who_left = who_left
        self._most_lines = most_lines
        self._staging = Staging(database.kind)

    def preview(self, file: BinaryIO, file_name: str, by: str, show: Show) -> Preview:
        """A dry run: every line's fate goes to ``show``; nothing is granted.

        ``file`` is read twice from its start. Raises BulkRefusal when it is too large.
        """
        self.forget()
        file_digest = _digest_of(file)
        at = self._database.write_now(self._clock)
        judge = self._judge(at)
        batch_id = new_public_id()
        blank = Preview(
            batch_id, file_digest, file_name[:_NAME_LENGTH], by, at, 0, 0, 0, 0, Yen(0), ""
        )
        self._database.write_now(partial(add_batch, preview=blank))
        tally = _Tally(ShownDigest())
        for chunk in _chunks(read_rows(file, self._most_lines)):
            found = self._fates(judge, chunk)
            for line in found:
                tally.add(line)
            if not tally.wrong_lines:
                lines = [line for line in found if isinstance(line, StagedLine)]
                self._database.write_now(partial(self._staging.add, batch_id=batch_id, lines=lines))
            show(found)
        if tally.wrong_lines:
            drop_staged(self._database, batch_id)
        preview = replace(
            blank,
            lines=tally.lines,
            new_lines=tally.new,
            repeated_lines=tally.repeated,
            wrong_lines=tally.wrong_lines,
            amount=Yen(tally.amount),
            shown_digest="" if tally.wrong_lines else tally.digest.text(),
        )
        return self._database.write_now(partial(_finished, preview=preview))

    def confirm(
        self,
        idempotency_key: str,
        batch_id: str,
        shown_digest: str,
        why: str,
        by: str,
        judged: Show = unseen,
    ) -> BatchStatus:
        """Decide a previewed batch: from here on all of it will be booked; ``run`` does it.

        Everything is judged again first; what is not exactly as it was shown is refused and
        nothing is done. ``judged`` is told of lines as they are. Raises BulkRefusal, GrantRefusal.
        """
        key = f"{by}/{read_key(idempotency_key)}"
        reason = read_why(why)
        if self._confirmed(key, batch_id, shown_digest):
            return self.status(batch_id)
        preview = self.status(batch_id).preview
        _check_preview(preview, shown_digest)
        last = self._database.read_now(last_confirmation)
        self._check_nothing_runs(last)
        if self._judged_again(preview, judged) != preview.shown_digest:
            raise bulk_refusal(BulkCode.STALE)
        made = Confirmation(
            batch_id,
            last.serial + 1 if last else 1,
            key,
            preview.file_digest,
            preview.shown_digest,
            preview.new_lines,
            preview.amount,
            Micros(0),
            "",
        )
        try:
            self._database.write_now(
                lambda connection: self._decide(connection, made, reason, by), repeatable=True
            )
        except IntegrityError:
            # somebody else confirmed meanwhile: this very batch, or another
            if not self._confirmed(key, batch_id, shown_digest):
                raise bulk_refusal(BulkCode.STALE) from None
        return self.status(batch_id)

    def status(self, batch_id: str) -> BatchStatus:
        """Raises BulkRefusal for a batch that is not there."""
        found = self._database.read_now(lambda connection: status_of(connection, batch_id))
        if found is None:
            raise bulk_refusal(BulkCode.BATCH_UNKNOWN, field="batch_id")
        return found

    def forget(self) -> None:
        """Delete previews that nobody confirmed for a week, and what complete batches staged."""
        for batch_id in self._database.read_now(completed_with_lines):
            drop_staged(self._database, batch_id)
        now = self._database.write_now(self._clock)
        before = Micros(now - _KEPT)
        for batch_id in self._database.read_now(lambda c: forgettable(c, before)):
            drop_staged(self._database, batch_id)
            self._database.write_now(partial(drop_batch, batch_id=batch_id))

    def _judge(self, at: Micros) -> Judge:
        place = self._database.read_now(lambda connection: place_at(connection, at))
        return Judge(place, self._who_left)

    def _fates(self, judge: Judge, chunk: Sequence[Row | Problem]) -> list[StagedLine | Problem]:
        """In the order of the lines, with the problems of the file where they stand."""
        rows = [row for row in chunk if isinstance(row, Row)]
        judged = iter(self._database.read_now(lambda connection: judge.judge(connection, rows)))
        return [next(judged) if isinstance(row, Row) else row for row in chunk]

    def _confirmed(self, key: str, batch_id: str, shown_digest: str) -> bool:
        """Whether this batch was confirmed before, with what was shown."""
        by_key = self._database.read_now(lambda c: confirmation_by_key(c, key))
        if by_key is not None and by_key.batch_id != batch_id:
            raise bulk_refusal(BulkCode.KEY_REUSED, field="idempotency_key")
        found = self._database.read_now(lambda c: confirmation_of(c, batch_id))
        if found is not None and found.shown_digest != shown_digest:
            raise bulk_refusal(BulkCode.DIGEST, field="shown_digest")
        return found is not None

    def _check_nothing_runs(self, last: Confirmation | None) -> None:
        """One batch after the other: keys of two running ones could meet."""
        if last and not self._database.read_now(lambda c: is_complete(c, last.batch_id)):
            raise bulk_refusal(BulkCode.BUSY, batch=last.batch_id)

    def _judged_again(self, preview: Preview, judged: Show) -> str:
        """The digest of what would be booked now."""
        judge = self._judge(self._database.write_now(self._clock))
        tally = _Tally(ShownDigest())
        for page in staged_pages(self._database, preview.batch_id):
            found = self._database.read_now(partial(judge.again, lines=page))
            for line in found:
                tally.add(line)
            judged(found)
        return "" if tally.wrong_lines else tally.digest.text()

    def _decide(self, connection: Connection, made: Confirmation, why: str, by: str) -> None:
        known = confirmation_of(connection, made.batch_id)
        if known is not None and known.idempotency_key == made.idempotency_key:
            return  # nobody said what came of the first COMMIT
        at = self._clock(connection)
        detail: dict[str, str | int] = {
            "file": made.file_digest,
            "shown": made.shown_digest,
            "lines": made.new_lines,
            "amount": made.amount,
        }
        act_id = record_act(connection, Act(by, "bulk.confirm", made.batch_id, why, at, detail))
        add_confirmation(connection, replace(made, confirmed_at=at, act_id=act_id))


def _check_preview(preview: Preview, shown_digest: str) -> None:
    if preview.wrong_lines:
        raise bulk_refusal(BulkCode.WRONG_LINES, count=preview.wrong_lines)
    if not shown_digest or preview.shown_digest != shown_digest:
        raise bulk_refusal(BulkCode.DIGEST, field="shown_digest")
    if not preview.new_lines:
        raise bulk_refusal(BulkCode.NOTHING_NEW)


def _finished(connection: Connection, preview: Preview) -> Preview:
    finish_preview(connection, preview)
    same = same_file_as(connection, preview.file_digest, preview.batch_id)
    return replace(preview, same_file_as=same)


def _digest_of(file: BinaryIO) -> str:
    """SHA-256 of the whole file, in hexadecimal; the file stands at its start again."""
    file.seek(0)
    found, size = hashlib.sha256(), 0
    while part := file.read(_MIB):
        size += len(part)
        if size > MOST_BYTES:
            raise bulk_refusal(BulkCode.TOO_LARGE, most=MOST_BYTES // _MIB)
        found.update(part)
    file.seek(0)
    return found.hexdigest()


def _chunks(rows: Iterator[Row | Problem]) -> Iterator[list[Row | Problem]]:
    while chunk := list(itertools.islice(rows, PAGE)):
        yield chunk
