"""Statements in one trip: what they give, what a failure leaves, that locks come first."""

import threading

import pytest
from sqlalchemy import Connection, func, literal, select, text, update
from sqlalchemy.exc import IntegrityError

from server.db import Database, DatabaseKind
from server.db.prepared import BY_KEY, Prepared, Rows, Statement, run_all
from server.db.schema import directory as places
from server.db.schema import ledger as t
from server.db.sets import Inserter, RowSet

COUNTER = t.counters.c
VALUES = select(COUNTER.name, COUNTER.value).order_by(COUNTER.name)


def counters(database: Database) -> Rows:
    return database.read_now(lambda c: Prepared(database.kind, VALUES).run(c, {}))


def test_each_statement_has_its_rows_in_turn(database: Database) -> None:
    wanted = RowSet(database.kind, "wanted", word=str)
    named = Prepared(
        database.kind,
        select(COUNTER.name).where(wanted.among(COUNTER.name)).order_by(COUNTER.name),
    )
    raised = Prepared(
        database.kind, update(t.counters).values(value=COUNTER.value + 5).where(COUNTER.name == "a")
    )

    def work(connection: Connection) -> list[Rows]:
        rows = [("a", 1), ("b", 2), ('quote " and \\ 松', 3)]
        Inserter(database.kind, t.counters).insert(connection, rows)
        return run_all(
            connection,
            [
                named.statement(wanted.params([("b",), ("a",), ("nobody",)])),
                raised.statement({}),
                Prepared(database.kind, VALUES).statement({}),
                named.statement(wanted.params([])),
            ],
        )

    before: dict[str, int] = dict(counters(database))
    first, changed, all_rows, none = database.write_now(work)
    assert first == [("a",), ("b",)]
    assert changed == []
    assert none == []
    assert dict(all_rows) == before | {"a": 6, "b": 2, 'quote " and \\ 松': 3}
    assert dict(counters(database)) == dict(all_rows)


def test_numbers_texts_bytes_and_nothing_come_back_as_they_went(database: Database) -> None:
    lane = (7, "lane", 1, -(2**62), 2**62, bytes(range(256)))
    terminal = ("T-1", 1, "S-1", "レジ", "", None)

    def work(connection: Connection) -> list[Rows]:
        Inserter(database.kind, t.lanes).insert(connection, [lane])
        asked = select(t.lanes).where(t.lanes.c.lane_id == literal(7))
        nothing = select(func.max(places.terminals.c.home_terminal_id), literal(terminal[3]))
        return run_all(
            connection,
            [Prepared(database.kind, statement).statement({}) for statement in (asked, nothing)],
        )

    assert database.write_now(work) == [[lane], [(None, "レジ")]]


def test_what_fails_undoes_all_and_the_connection_goes_on(database: Database) -> None:
    """On one connection: what was prepared before the failure stays so, what was not does not."""
    rows = [("twice", 1)]
    inserter = Inserter(database.kind, t.counters)

    def twice(connection: Connection) -> None:
        run_all(
            connection,
            [
                *inserter.statements(rows),
                *inserter.statements(rows),
                Prepared(database.kind, VALUES).statement({}),
            ],
        )

    before = counters(database)
    for _ in range(3):
        with pytest.raises(IntegrityError):
            database.write_now(twice)
    assert counters(database) == before
    database.write_now(lambda c: inserter.insert(c, rows))
    assert ("twice", 1) in counters(database)


def test_a_savepoint_rolled_back_takes_no_prepared_statement_with_it(database: Database) -> None:
    values = Prepared(database.kind, VALUES)

    def work(connection: Connection) -> None:
        for _ in range(8):  # often enough for the driver to prepare statements of its own
            connection.execute(text("SELECT value FROM counters"))
        values.run(connection, {})
        with connection.begin_nested() as inner:
            connection.execute(text("SELECT value FROM counters"))
            inner.rollback()
        connection.execute(text("SELECT value FROM counters"))
        values.run(connection, {})

    database.write_now(work)


async def test_a_look_up_is_a_trip_of_its_own(database: Database) -> None:
    asked = Prepared(database.kind, VALUES).statement({})
    once, again = await database.look_up([asked, asked])
    assert once == again == counters(database)


def test_more_than_both_ends_can_hold_goes_through(database: Database) -> None:
    """Neither end waits for the other to listen: 8 MB there while 16 MB come back."""
    texts = RowSet(database.kind, "texts", word=str)
    echo = Prepared(database.kind, select(texts.source.c.word))
    rows = [(str(i) * 400,) for i in range(1000, 6000)]
    asked = echo.statement(texts.params(rows))
    both = database.read_now(lambda c: run_all(c, [asked, asked]))
    assert both == [rows, rows]


def test_a_value_of_another_kind_is_refused_before_anything_is_sent(database: Database) -> None:
    if database.kind is DatabaseKind.SQLITE:
        pytest.skip("the driver of SQLite refuses by itself")

    def work(connection: Connection) -> Rows:
        with pytest.raises(TypeError, match="float"):
            run_all(connection, [Statement("SELECT $1", [1.5])])
        return Prepared(database.kind, VALUES).run(connection, {})

    assert database.write_now(work) == counters(database)


def test_a_later_statement_sees_what_the_lock_waited_for(database: Database) -> None:
    """One trip, and still: first the lock, then the read."""
    if database.kind is DatabaseKind.SQLITE:
        pytest.skip("its writers take turns")
    database.write_now(lambda c: Inserter(database.kind, t.counters).insert(c, [("x", 1)]))
    one = COUNTER.name == "x"
    lock = Prepared(database.kind, select(COUNTER.name).where(one).with_for_update())
    read = Prepared(database.kind, select(COUNTER.value).where(one))
    held, seen = threading.Event(), list[Rows]()

    def reader() -> None:
        held.wait(5)
        seen.extend(
            database.write_now(
                lambda c: run_all(c, [BY_KEY, lock.statement({}), read.statement({})])
            )
        )

    def writer(connection: Connection) -> None:
        connection.execute(update(t.counters).where(one).values(value=2))
        held.set()
        threading.Event().wait(0.3)

    other = threading.Thread(target=reader)
    other.start()
    database.write_now(writer)
    other.join(10)
    assert seen == [[], [("x",)], [(2,)]]


def test_a_dead_connection_is_replaced(database: Database) -> None:
    if database.kind is DatabaseKind.SQLITE:
        pytest.skip("there is none")
    values, tries = Prepared(database.kind, VALUES), list[int]()

    def work(connection: Connection) -> Rows:
        values.run(connection, {})
        tries.append(1)
        if len(tries) == 1:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            end = text(f"SELECT pg_terminate_backend({pid})")
            database.read_now(lambda other: other.execute(end).one())
        return values.run(connection, {})

    assert database.write_now(work) == counters(database)
    assert len(tries) == 2
