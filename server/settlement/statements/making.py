"""Statements as files: many at once, one after the other, with progress.

What was killed is run again: the same close gives the same bytes, and a file is whole or not there.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from server.db import Database
from server.directory import ServiceId, ShopId
from server.ledger import Progress, no_progress
from server.settlement.paper import PdfPool, csv_bytes, file_name, text_cell, write_whole
from server.settlement.statements.drawing import statement_html
from server.settlement.statements.listing import statement_csv
from server.settlement.statements.reading import StatementReader
from server.settlement.statements.refusals import StatementCode, statement_refusal
from server.settlement.statements.types import Statement

INDEX: Final = "index.csv"
_INDEX_COLUMNS: Final = ("明細番号", "店舗ID", "店舗", "お振込額", "ファイル", "SHA-256")
_SHOPS_AT_ONCE: Final = 50
"""Read in one go, in memory: no transaction lasts while pages are drawn."""
_AHEAD: Final = 8
"""Documents that may wait for being drawn."""


class Format(Enum):
    PDF = "pdf"
    CSV = "csv"


class Existing(Enum):
    """What becomes of files that are there."""

    REPLACE = "replace"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Document:
    """A statement as a file."""

    statement: Statement
    format: Format
    content: bytes

    @property
    def file_name(self) -> str:
        return file_name(self.statement.number, self.format.value)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """``files``: written or kept."""

    files: int
    kept: int
    transferred: int
    """お振込額 of all of them, yen."""


class StatementDesk:
    """Blocks its caller; call it off an event loop."""

    def __init__(self, database: Database, reader: StatementReader, pool: PdfPool) -> None:
        self._database = database
        self._reader = reader
        self._pool = pool

    def statement(self, service: ServiceId, close: int, shop: ShopId) -> Statement:
        """One shop's. Raises Refusal CHOBA_STATEMENT_*."""
        (found,) = self._read(service, close, [shop])
        return found

    def documents(
        self,
        service: ServiceId,
        close: int,
        form: Format,
        wanted: Sequence[ShopId] = (),
        skip: Callable[[Statement], bool] = lambda _: False,
    ) -> Iterator[tuple[int, int, Statement, Document | None]]:
        """Number, total, statement, its file; in the order of shops' ids. A few are in memory.

        ``wanted``: empty for every shop that gets one. ``skip``: what needs no drawing (None).
        Raises Refusal CHOBA_STATEMENT_*, PaperError.
        """
        shops = sorted(set(wanted)) or list(
            self._database.read_now(lambda c: self._reader.shops_of(c, service, close))
        )
        waiting: deque[tuple[Statement, Future[bytes] | None]] = deque()
        done = 0
        for statement in self._all(service, close, shops):
            waiting.append((statement, None if skip(statement) else self._draw(statement, form)))
            if len(waiting) >= _AHEAD:
                done += 1
                yield done, len(shops), *_drawn(*waiting.popleft(), form)
        while waiting:
            done += 1
            yield done, len(shops), *_drawn(*waiting.popleft(), form)

    def make(
        self,
        service: ServiceId,
        close: int,
        form: Format,
        folder: Path,
        *,
        wanted: Sequence[ShopId] = (),
        existing: Existing = Existing.REPLACE,
        progress: Progress = no_progress,
    ) -> Made:
        """A file each, and ``index.csv`` at the end. ``folder`` is made when it is not there.

        Raises Refusal CHOBA_STATEMENT_*, PaperError; what was written until then stays.
        """
        keep = existing is Existing.KEEP

        def is_there(statement: Statement) -> bool:
            return keep and (folder / file_name(statement.number, form.value)).exists()

        rows: list[tuple[str | int, ...]] = []
        kept = transferred = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for done, total, statement, document in self.documents(
                service, close, form, wanted, is_there
            ):
                path = folder / file_name(statement.number, form.value)
                if document is None:
                    kept += 1
                    content = path.read_bytes()
                else:
                    content = document.content
                    write_whole(path, content)
                transferred += statement.payout.transferred
                rows.append(_index_row(statement, path.name, content))
                progress("statements", done, total)
            write_whole(folder / INDEX, csv_bytes(_INDEX_COLUMNS, rows))
        except OSError as error:
            raise statement_refusal(
                StatementCode.OUTPUT, field="output", path=str(folder), why=str(error.strerror)
            ) from error
        return Made(len(rows), kept, transferred)

    def _draw(self, statement: Statement, form: Format) -> Future[bytes]:
        if form is Format.PDF:
            return self._pool.submit(statement_html(statement))
        made: Future[bytes] = Future()
        made.set_result(statement_csv(statement))
        return made

    def _all(self, service: ServiceId, close: int, shops: Sequence[ShopId]) -> Iterator[Statement]:
        for start in range(0, len(shops), _SHOPS_AT_ONCE):
            yield from self._read(service, close, shops[start : start + _SHOPS_AT_ONCE])

    def _read(self, service: ServiceId, close: int, shops: Sequence[ShopId]) -> list[Statement]:
        found = self._database.read_now(
            lambda c: list(self._reader.statements(c, service, close, shops))
        )
        return sorted(found, key=lambda one: one.shop_id)


def _drawn(
    statement: Statement, drawing: Future[bytes] | None, form: Format
) -> tuple[Statement, Document | None]:
    if drawing is None:
        return statement, None
    return statement, Document(statement, form, drawing.result())


def _index_row(statement: Statement, name: str, content: bytes) -> tuple[str | int, ...]:
    return (
        statement.number,
        text_cell(statement.shop_id),
        text_cell(statement.shop_name),
        statement.payout.transferred,
        name,
        hashlib.sha256(content).hexdigest(),
    )
