"""Any changed value and any removed row in the books of cancels, expiry, closes and payouts.

On SQLite: these rooms read their books by the same statements on both databases. What PostgreSQL
hashes by itself is tried in ``ledger/test_tampering.py``.
"""

import random
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Table

from protos.units import Micros
from server.cli.books import VERIFIERS
from server.db.schema import cancels, closes, grants, lapses, payouts
from server.db.schema.base import Access
from server.ledger import no_progress, verify_ledger
from server.reports import verify_results
from tests.support.books import Town, moment
from tests.support.cancels import CLERK, at, cancels_of, expire, leave, pay, refund_for, request_for
from tests.support.closes import close
from tests.support.payouts import (
    FRIDAY,
    HANAKO,
    correct,
    draft,
    lines_of,
    payout_desk,
    send,
    set_up,
)
from tests.support.tampering import (
    Intruder,
    after_change,
    after_removal,
    changed,
    rows_of,
    scene,
)

ROOMS = (cancels, closes, grants, lapses, payouts)
TABLES: list[Table] = sorted(
    {
        value
        for room in ROOMS
        for value in vars(room).values()
        if isinstance(value, Table) and value.info["access"] is Access.BOOK
    },
    key=lambda table: table.name,
)
COLUMNS = [(table, column) for table in TABLES for column in table.columns]

_ROWS = 1
"""Of each table: an audit for each of them takes the longest."""

NOT_COVERED = {
    "bank_decisions.decided_by",
    "bank_requests.idempotency_key",
    "bank_requests.requested_by",
    "cash_refunds",
    "cash_refunds.by_kind",
    "cash_refunds.by_name",
    "cash_refunds.idempotency_key",
    "cash_refunds.recorded_at",
    "cash_refunds.refund_id",
    "corrections.idempotency_key",
    "payout_bulks.idempotency_key",
    "payout_bulks.pay_day",
    "payout_bulks.payer_name",
    "payout_bulks.settings_version",
    "payout_events.by_operator",
    "payout_returns.recorded_at",
    "payout_settings",
    *(f"payout_settings.{column.name}" for column in payouts.payout_settings.columns),
}
"""What no entry's hash holds: rows that say who asked, how it is paid, what was paid in cash. When
one is covered this list is wrong, and the test says so."""


async def live_a_summer(town: Town) -> None:
    """Two weeks that are closed and paid out, a transfer that came back, an end of August."""
    set_up(town)
    first = await pay(town, 7, voucher=1000, points=100)
    for sale, amount in ((8, 300), (9, 200)):
        cancels_of(town).cancel(request_for(await pay(town, sale, voucher=amount)), CLERK)
    at(town, FRIDAY)
    close(town, 1)
    for amount in (300, 200):
        cancels_of(town).record_refund(refund_for(first, amount), CLERK)
    await pay(town, 10, voucher=700)
    correct(town, -50)
    at(town, moment(2024, 6, 15))
    close(town, 2)
    for _ in range(2):
        bulk = send(town, draft(town))
        payout_desk(town).returned(
            lines_of(town, bulk)[0].payout_id, False, by=HANAKO, why="銀行の障害"
        )
    leave(town, "太郎")
    at(town, Micros(moment(2024, 9, 1) + 1))
    expire(town)
    leave(town, "花子")


@pytest.fixture(scope="module", params=["sqlite"])
def crime_scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Intruder:
    return scene(request, tmp_path_factory, live_a_summer)


def findings(connection: Connection) -> list[str]:
    """Of the ledger and of every room that keeps books; results are none."""
    found = [*verify_ledger(connection).findings]
    for verify in VERIFIERS:
        if verify is not verify_results:
            found += verify(connection, no_progress)
    return found


def test_whole_books_hold(crime_scene: Intruder) -> None:
    with crime_scene.engine.connect() as connection:
        assert findings(connection) == []


@pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS]
)
def test_a_change_of_any_column_is_found(
    crime_scene: Intruder, table: Table, column: Column[Any]
) -> None:
    chance = random.Random(f"{table.name}.{column.name}")
    with crime_scene.at_work() as connection:
        missed = []
        for row in rows_of(connection, table)[:_ROWS]:
            if row._mapping[column.name] in ("", b""):
                continue  # no bit to change
            value = changed(row._mapping[column.name], chance.randrange)
            found = after_change(connection, table, row, column, value, findings)
            if found == []:
                missed.append((row, value))
        assert bool(missed) == (f"{table.name}.{column.name}" in NOT_COVERED), missed


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_removed_row_is_found(crime_scene: Intruder, table: Table) -> None:
    with crime_scene.at_work() as connection:
        rows = rows_of(connection, table)[:_ROWS]
        missed = [row for row in rows if not after_removal(connection, table, row, findings)]
        assert bool(missed) == (table.name in NOT_COVERED), missed
