"""The tables of files: staged lines, batches, the rows that decide and complete them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from protos.units import Micros, UserId, Yen
from server.campaigns.bulk.types import BatchState, BatchStatus, Fate, Preview, StagedLine
from server.campaigns.grant_types import Notes
from server.db import Database, DatabaseKind
from server.db.schema import campaigns as c
from server.db.schema import grants as t
from server.db.sets import Inserter
from server.directory import OwnerKey, ServiceId
from server.ledger import Operation

PAGE: Final = 500
_DELETED_AT_ONCE: Final = 2000

Known = tuple[int, str, str, int, int]
"""What a key was used for: operation, user, service, amount, price."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The row that decides a batch. ``serial``: 1, 2, …; one batch after the other."""

    batch_id: str
    serial: int
    idempotency_key: str
    file_digest: str
    shown_digest: str
    new_lines: int
    amount: Yen
    confirmed_at: Micros
    act_id: str


class Staging:
    """Writes staged lines; statements are built once."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._lines = Inserter(kind, t.bulk_lines)

    def add(self, connection: Connection, batch_id: str, lines: Sequence[StagedLine]) -> None:
        self._lines.insert(
            connection,
            [
                (
                    batch_id,
                    line.line,
                    line.grant_key,
                    int(line.operation),
                    line.user_id,
                    line.owner,
                    line.service_id,
                    line.amount,
                    line.price,
                    line.expires_at,
                    int(line.fate),
                    line.notes.salt,
                    line.notes.note1,
                    line.notes.note2,
                    line.notes.note3,
                )
                for line in lines
            ],
        )


def known_keys(connection: Connection, keys: Sequence[str]) -> dict[str, Known]:
    """Those keys that have granted something; a few hundred at most at once."""
    g = c.grants.c
    rows = connection.execute(
        select(g.idempotency_key, g.operation, g.user_id, g.service_id, g.amount, g.price).where(
            g.idempotency_key.in_(keys)
        )
    )
    return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in rows}


def staged_page(
    connection: Connection, batch_id: str, after: int, size: int = PAGE
) -> list[StagedLine]:
    """The next lines of a batch after line ``after``."""
    rows = connection.execute(
        select(t.bulk_lines)
        .where(t.bulk_lines.c.batch_id == batch_id, t.bulk_lines.c.line > after)
        .order_by(t.bulk_lines.c.line)
        .limit(size)
    )
    return [_line(row) for row in rows]


def staged_pages(database: Database, batch_id: str) -> Iterator[list[StagedLine]]:
    """All lines of a batch, page by page, each read on its own."""
    after = 0
    while page := database.read_now(partial(staged_page, batch_id=batch_id, after=after)):
        yield page
        after = page[-1].line


def add_batch(connection: Connection, preview: Preview) -> None:
    connection.execute(
        insert(t.bulk_batches).values(
            batch_id=preview.batch_id,
            file_digest=preview.file_digest,
            file_name=preview.file_name,
            by_operator=preview.by,
            previewed_at=preview.previewed_at,
            lines=preview.lines,
            new_lines=preview.new_lines,
            repeated_lines=preview.repeated_lines,
            wrong_lines=preview.wrong_lines,
            amount=preview.amount,
            shown_digest=preview.shown_digest,
        )
    )


def finish_preview(connection: Connection, preview: Preview) -> None:
    """Write what was counted; a preview that crashed before has no digest to confirm."""
    connection.execute(
        update(t.bulk_batches)
        .where(t.bulk_batches.c.batch_id == preview.batch_id)
        .values(
            lines=preview.lines,
            new_lines=preview.new_lines,
            repeated_lines=preview.repeated_lines,
            wrong_lines=preview.wrong_lines,
            amount=preview.amount,
            shown_digest=preview.shown_digest,
        )
    )


def confirmation_of(connection: Connection, batch_id: str) -> Confirmation | None:
    row = connection.execute(
        select(t.bulk_confirmations).where(t.bulk_confirmations.c.batch_id == batch_id)
    ).one_or_none()
    return _confirmation(row) if row else None


def confirmation_by_key(connection: Connection, key: str) -> Confirmation | None:
    row = connection.execute(
        select(t.bulk_confirmations).where(t.bulk_confirmations.c.idempotency_key == key)
    ).one_or_none()
    return _confirmation(row) if row else None


def last_confirmation(connection: Connection) -> Confirmation | None:
    row = connection.execute(
        select(t.bulk_confirmations).order_by(t.bulk_confirmations.c.serial.desc()).limit(1)
    ).one_or_none()
    return _confirmation(row) if row else None


def add_confirmation(connection: Connection, made: Confirmation) -> None:
    """Raises IntegrityError when another batch was confirmed first."""
    connection.execute(
        insert(t.bulk_confirmations).values(
            batch_id=made.batch_id,
            serial=made.serial,
            idempotency_key=made.idempotency_key,
            file_digest=made.file_digest,
            shown_digest=made.shown_digest,
            new_lines=made.new_lines,
            amount=made.amount,
            confirmed_at=made.confirmed_at,
            act_id=made.act_id,
        )
    )


def is_complete(connection: Connection, batch_id: str) -> bool:
    found = connection.execute(
        select(t.bulk_completions.c.batch_id).where(t.bulk_completions.c.batch_id == batch_id)
    )
    return found.scalar_one_or_none() is not None


def complete(connection: Connection, batch_id: str, at: Micros) -> None:
    """Raises IntegrityError when another process said so first."""
    connection.execute(insert(t.bulk_completions).values(batch_id=batch_id, completed_at=at))


def completed_with_lines(connection: Connection) -> list[str]:
    """Complete batches whose staged lines are still there."""
    staged = select(t.bulk_lines.c.batch_id).where(
        t.bulk_lines.c.batch_id == t.bulk_completions.c.batch_id
    )
    rows = connection.execute(select(t.bulk_completions.c.batch_id).where(staged.exists()))
    return list(rows.scalars())


def unfinished(connection: Connection) -> list[str]:
    """Batches that are confirmed and not complete, oldest first; at most one unless a crash
    found two."""
    done = select(t.bulk_completions.c.batch_id)
    rows = connection.execute(
        select(t.bulk_confirmations.c.batch_id)
        .where(t.bulk_confirmations.c.batch_id.not_in(done))
        .order_by(t.bulk_confirmations.c.serial)
    )
    return list(rows.scalars())


def status_of(connection: Connection, batch_id: str) -> BatchStatus | None:
    """Counted from the books; None for a batch that is not there."""
    row = connection.execute(
        select(t.bulk_batches).where(t.bulk_batches.c.batch_id == batch_id)
    ).one_or_none()
    if row is None:
        return None
    state = BatchState.PREVIEWED
    if confirmation_of(connection, batch_id) is not None:
        complete = is_complete(connection, batch_id)
        state = BatchState.COMPLETE if complete else BatchState.RUNNING
    tr, g, x = t.grant_transactions.c, c.grants.c, t.grant_cancels.c
    granted, granted_yen, cancelled, cancelled_yen = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(g.amount), 0),
            func.count(x.cancel_id),
            func.coalesce(func.sum(x.amount), 0),
        )
        .join_from(t.grant_transactions, c.grants, g.grant_id == tr.grant_id)
        .join(t.grant_cancels, x.grant_id == tr.grant_id, isouter=True)
        .where(tr.batch_id == batch_id)
    ).one()
    return BatchStatus(
        _preview(row, same_file_as(connection, row.file_digest, batch_id)),
        state,
        granted,
        Yen(int(granted_yen)),
        cancelled,
        Yen(int(cancelled_yen)),
    )


def same_file_as(connection: Connection, file_digest: str, batch_id: str) -> str:
    """The confirmed batch of the same file, another than this one; empty for none."""
    found = connection.execute(
        select(t.bulk_confirmations.c.batch_id)
        .where(
            t.bulk_confirmations.c.file_digest == file_digest,
            t.bulk_confirmations.c.batch_id != batch_id,
        )
        .order_by(t.bulk_confirmations.c.serial)
        .limit(1)
    )
    return str(found.scalar_one_or_none() or "")


def granted_page(
    connection: Connection, batch_id: str, after: int, size: int
) -> list[tuple[int, str]]:
    """Line and grant of a batch's next grants after line ``after``."""
    tr = t.grant_transactions.c
    rows = connection.execute(
        select(tr.line, tr.grant_id)
        .where(tr.batch_id == batch_id, tr.line > after)
        .order_by(tr.line)
        .limit(size)
    )
    return [(line, grant_id) for line, grant_id in rows]


def granted_count(connection: Connection, batch_id: str) -> int:
    """How many lines of a batch stand in the books."""
    tr = t.grant_transactions.c
    found = connection.execute(select(func.count()).where(tr.batch_id == batch_id))
    return int(found.scalar_one())


def drop_staged(database: Database, batch_id: str) -> None:
    """Delete a batch's staged lines, a few at a time so that nobody waits."""
    last = 0
    while last := database.write_now(
        partial(_drop_some, batch_id=batch_id, after=last), repeatable=True
    ):
        pass


def _drop_some(connection: Connection, batch_id: str, after: int) -> int:
    """The last line that is gone now; 0: there was none."""
    lines = (
        select(t.bulk_lines.c.line)
        .where(t.bulk_lines.c.batch_id == batch_id, t.bulk_lines.c.line > after)
        .order_by(t.bulk_lines.c.line)
        .limit(_DELETED_AT_ONCE)
    )
    found = connection.execute(lines).scalars().all()
    if not found:
        return 0
    connection.execute(
        delete(t.bulk_lines).where(
            t.bulk_lines.c.batch_id == batch_id, t.bulk_lines.c.line <= found[-1]
        )
    )
    return int(found[-1])


def forgettable(connection: Connection, before: Micros) -> list[str]:
    """Previews from before that were never confirmed."""
    rows = connection.execute(
        select(t.bulk_batches.c.batch_id).where(
            t.bulk_batches.c.previewed_at < before,
            t.bulk_batches.c.batch_id.not_in(select(t.bulk_confirmations.c.batch_id)),
        )
    )
    return list(rows.scalars())


def drop_batch(connection: Connection, batch_id: str) -> None:
    connection.execute(delete(t.bulk_batches).where(t.bulk_batches.c.batch_id == batch_id))


def _line(row: Any) -> StagedLine:
    return StagedLine(
        row.line,
        row.grant_key,
        Operation(row.operation),
        UserId(row.user_id),
        OwnerKey(row.owner),
        ServiceId(row.service_id),
        Yen(row.amount),
        Yen(row.price),
        Micros(row.expires_at),
        Fate(row.fate),
        Notes(row.note1, row.note2, row.note3, bytes(row.salt)),
    )


def _preview(row: Any, same_file: str) -> Preview:
    return Preview(
        row.batch_id,
        row.file_digest,
        row.file_name,
        row.by_operator,
        Micros(row.previewed_at),
        row.lines,
        row.new_lines,
        row.repeated_lines,
        row.wrong_lines,
        Yen(row.amount),
        row.shown_digest,
        same_file,
    )


def _confirmation(row: Any) -> Confirmation:
    return Confirmation(
        row.batch_id,
        row.serial,
        row.idempotency_key,
        row.file_digest,
        row.shown_digest,
        row.new_lines,
        Yen(row.amount),
        Micros(row.confirmed_at),
        row.act_id,
    )
