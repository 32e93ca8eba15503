"""``statements``: a week's statements of every shop as PDF, beside the same rows as CSV.

Reported without a limit: minutes, not hours. The week is closed and its bulk approved in a copy of
the big books, by the product's own code.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from protos.units import Micros, Yen
from server.db import Database, migrate, new_public_id, open_database
from server.directory import Keyring
from server.ledger import HeadKey, process_clock
from server.paperwork import Paperwork, paper_pool
from server.settings import Settings
from server.settlement.bankfile import Account, ZenginBanks
from server.settlement.closes import CloseDesk
from server.settlement.payouts import FeeBearer, PayeeDesk, PayoutDesk, PayoutSettings
from server.settlement.statements import Format
from tests.benchmarks.big_books import DATABASE, big_postgres
from tests.benchmarks.machine import describe
from tests.benchmarks.results import Row
from tests.support.books import VOUCHER, moment
from tests.support.postgres import APPLICATION, MIGRATOR

NAME: Final = "statements"
_COPY: Final = "documents"
_WEEK: Final = 2
_AFTER: Final = moment(2024, 6, 15)
_WHY: Final = "statements"


def measure() -> list[Row]:
    """All shops of one whole week. Raises RuntimeError when a run differs from the one before."""
    with _books() as database, paper_pool() as pool, tempfile.TemporaryDirectory() as folder:
        papers = Paperwork(
            database, Keyring(bytes(32)), Settings(), process_clock(lambda: Micros(_AFTER)), pool
        ).statements
        took: dict[Format, float] = {}
        for form in (Format.CSV, Format.PDF):
            began = time.perf_counter()
            made = papers.make(VOUCHER, _WEEK, form, Path(folder) / form.value)
            took[form] = time.perf_counter() - began
        pages = sum(file.stat().st_size for file in (Path(folder) / "pdf").glob("*.pdf"))
    each = 1000 * took[Format.PDF] / made.files
    return [
        Row(
            NAME,
            took[Format.PDF],
            "s",
            took[Format.CSV],
            took[Format.PDF] / took[Format.CSV],
            f"{made.files:,} shops' statements of one week as PDF, {each:,.0f} ms each, "
            f"{pages / (1 << 20):,.0f} MiB, {os.cpu_count()} processes draw; reference: the same "
            f"statements as CSV; {describe()}",
        )
    ]


@contextmanager
def _books() -> Iterator[Database]:
    """Two weeks closed, their bulk approved."""
    with big_postgres() as server:
        server.drop(_COPY)
        server.create(_COPY, template=DATABASE)
        migrate(server.url(_COPY, MIGRATOR), application_role=APPLICATION)
        database = open_database(server.url(_COPY, APPLICATION))
        try:
            _pay_out(database)
            yield database
        finally:
            database.close_now()


def _pay_out(database: Database) -> None:
    def clock() -> Micros:
        return Micros(_AFTER)

    closes = CloseDesk(database, process_clock(clock), HeadKey(bytes(range(32))))
    for week in (1, _WEEK):
        closes.close(VOUCHER, week, by="bench", why=_WHY)
    of = (database, clock, ZenginBanks(), process_clock(clock))
    own = Account("0001", "001", "1", "1234567")
    settings = PayoutSettings(VOUCHER, "1234567890", own, Yen(1), Yen(0), FeeBearer.SHOP)
    PayeeDesk(*of).change_settings(settings, by="bench", why=_WHY)
    desk = PayoutDesk(*of)
    for _ in (1, _WEEK):  # shops without bank details are held; their statements say so
        bulk = desk.draft(new_public_id(), VOUCHER, by="bench", why=_WHY)
        desk.approve(bulk.bulk_id, by="somebody else", why=_WHY)
        desk.make_file(bulk.bulk_id, by="bench", why=_WHY)
        desk.sent(bulk.bulk_id, by="bench", why=_WHY)
