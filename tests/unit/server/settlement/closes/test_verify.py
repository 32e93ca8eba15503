"""Any changed value of any close is found and named; so is a ledger that closes don't fit."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Table, select, text

from protos.units import Micros
from server.cli.books import audit_verify
from server.clock import DAY
from server.db import DatabaseKind
from server.db.schema import closes as t
from server.ledger import verify_ledger
from server.ledger.audit import Audit
from server.ledger.screen import chains_hold
from server.settlement.closes import verify_closes
from tests.conftest import BOTH
from tests.support.books import POINTS, VOUCHER, Town, moment
from tests.support.cancels import CLERK, at, cancels_of, pay, request_for
from tests.support.closes import close, close_desk
from tests.support.tampering import (
    Intruder,
    after_change,
    after_removal,
    change,
    changed,
    rows_of,
    scene,
    some_bit,
)

TABLES: list[Table] = [t.closes, t.close_lanes, t.close_shops]
COLUMNS = [(table, column) for table in TABLES for column in table.columns]


async def live_four_weeks(town: Town) -> None:
    """Two services' closes, some empty; a cancelled payment, and one that is still open."""
    await pay(town, 7, voucher=1000, points=100)
    cancels_of(town).cancel(request_for(await pay(town, 8, voucher=300, points=20)), CLERK)
    at(town, moment(2024, 6, 14, 12))
    await pay(town, 9, voucher=500)
    at(town, moment(2024, 7, 1, 12))
    await pay(town, 10, voucher=50)
    for service in (VOUCHER, POINTS):
        close_desk(town).close_due(service, by="係", why="締め")


@pytest.fixture(scope="module", params=BOTH)
def crime_scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Intruder:
    return scene(request, tmp_path_factory, live_four_weeks)


def test_whole_closes_hold(crime_scene: Intruder) -> None:
    with crime_scene.engine.connect() as connection:
        assert verify_closes(connection) == []
        assert len(rows_of(connection, t.closes)) == 7
        assert len(rows_of(connection, t.close_shops)) == 3


@pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS]
)
def test_a_change_of_any_column_is_found_and_named(
    crime_scene: Intruder, table: Table, column: Column[Any]
) -> None:
    chance = random.Random(f"{table.name}.{column.name}")
    with crime_scene.at_work() as connection:
        for row in rows_of(connection, table):
            value = changed(row._mapping[column.name], chance.randrange)
            found = after_change(connection, table, row, column, value, verify_closes)
            if found is not None:
                assert any(row.close_id in one for one in found), (row, value, found)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_removed_row_is_found_and_named(crime_scene: Intruder, table: Table) -> None:
    with crime_scene.at_work() as connection:
        for row in rows_of(connection, table):
            found = after_removal(connection, table, row, verify_closes)
            assert any(row.close_id in one for one in found), (row, found)


@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bit_of_any_row(crime_scene: Intruder, data: st.DataObject) -> None:
    some_bit(crime_scene, data, COLUMNS, verify_closes)


def moved_between_shops(connection: Connection) -> None:
    """100 yen more for one shop, 100 less for another, in the sums and in the postings alike."""
    for statement in (
        "UPDATE close_shops SET used_yen = used_yen + 100 WHERE used_yen = 500",
        "UPDATE postings SET amount = amount + 100 WHERE amount = 500 AND lot_id <> 0 "
        "AND lane_id = (SELECT lane_id FROM lanes WHERE name = 'main')",
    ):
        assert connection.execute(text(statement)).rowcount == 1


def later_in_the_books(connection: Connection) -> None:
    """The payment of the second week is dated into the third; its slip too."""
    for statement in (
        f"UPDATE entries SET instant = instant + {DAY} WHERE instant BETWEEN "
        f"{moment(2024, 6, 14)} AND {moment(2024, 6, 15)}",
        f"UPDATE payments SET paid_at = paid_at + {DAY} WHERE paid_at BETWEEN "
        f"{moment(2024, 6, 14)} AND {moment(2024, 6, 15)}",
    ):
        assert connection.execute(text(statement)).rowcount == 1


def another_promise(connection: Connection) -> None:
    """A slip of the second week names the third close."""
    statement = (
        f"UPDATE transactions SET closes_at = {moment(2024, 6, 22)} "
        f"WHERE closes_at = {moment(2024, 6, 15)}"
    )
    assert connection.execute(text(statement)).rowcount == 1


def a_close_that_never_was(connection: Connection) -> None:
    """A fifth one, its rows in order, without an entry."""
    (last,) = connection.execute(
        select(t.closes).where(t.closes.c.service_id == VOUCHER, t.closes.c.number == 4)
    ).all()
    row = dict(last._mapping) | {
        "close_id": "F" * 20,
        "number": 5,
        "first_day": "2024-06-29",
        "last_day": "2024-07-05",
        "boundary": moment(2024, 7, 6),
        "closed_at": moment(2024, 7, 6),
    }
    connection.execute(t.closes.insert().values(row))


CRIMES: dict[str, tuple[Callable[[Connection], None], str]] = {
    "another shop's yen": (moved_between_shops, "no. 2)"),
    "a payment after its boundary": (later_in_the_books, "no. 2)"),
    "a slip that promises another close": (another_promise, "no. 3)"),
    "a close that never was": (a_close_that_never_was, "F" * 20),
}


@pytest.mark.parametrize("what", CRIMES)
def test_closes_and_ledger_fit(crime_scene: Intruder, what: str) -> None:
    commit, named = CRIMES[what]
    with crime_scene.at_work() as connection:
        commit(connection)
        found = verify_closes(connection)
        assert any(named in one for one in found), found


def test_rewritten_rows_need_a_rewritten_chain(crime_scene: Intruder) -> None:
    """A new digest in the entry itself makes the closes' rows fit, and the chain break."""
    from server.db.schema import ledger as books
    from server.settlement.closes import find_close, lane_ranges, shop_sums
    from server.settlement.closes.layout import close_subject

    with crime_scene.at_work() as connection:
        row = rows_of(connection, t.closes)[0]
        change(connection, t.closes, row, t.closes.c.pay_day, "2024-09-30")
        assert verify_closes(connection)
        forged = find_close(connection, row.close_id)
        assert forged is not None
        ranges, sums = (
            lane_ranges(connection, row.close_id),
            shop_sums(connection, row.close_id),
        )
        connection.execute(
            books.entries.update()
            .where(books.entries.c.entry_id == row.close_id)
            .values(subject=close_subject(forged, ranges, sums))
        )
        assert verify_closes(connection) == []
        assert any(row.close_id in one for one in verify_ledger(connection).findings)


async def test_choba_audit_verify_asks_for_it(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    await pay(town, 7, voucher=1000)
    at(town, Micros(moment(2024, 6, 8)))
    made = close(town, 1)
    if town.database.kind is DatabaseKind.POSTGRESQL:  # an empty entry is no reason to look closer
        assert town.database.read_now(lambda c: chains_hold(c, Audit()))
    assert town.database.read_now(audit_verify) == 0, capsys.readouterr().out
    row = f"INSERT INTO close_shops VALUES ('{made.close_id}', 'S-0002', 99, 5, 1, 0, 0)"
    town.database.write_now(lambda c: c.execute(text(row)))
    assert town.database.read_now(audit_verify) == 1
    said = capsys.readouterr().out
    assert made.close_id in said
    assert "S-0002" in said
