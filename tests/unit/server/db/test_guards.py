"""Books are only added to: tried with every means that SQL has, on both databases."""

import psycopg
import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from protos.units import Yen
from server.db import Database, DatabaseKind, LedgerUnavailable
from server.db.schema import Access, metadata
from server.ledger import ledger_id, skip_all
from server.oversight import Act, record_act
from tests.support.books import (
    END_OF_JUNE,
    NOON,
    POINTS,
    Town,
    legs,
    new_key,
    opened,
    ticket_of,
)
from tests.support.bulk import bulk_desk, csv, looked_at, points, runner, with_rules
from tests.support.campaign import Sale, terms_of
from tests.support.cancels import CLERK, cancels_of, expire, leave, pay, refund_for, request_for
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer

BOOKS = [t.name for t in metadata.sorted_tables if t.info["access"] is Access.BOOK]


def refused(database: Database, statement: str) -> str:
    with pytest.raises(DBAPIError) as caught:
        database.write_now(lambda c: c.execute(text(statement)))
    return str(caught.value.orig)


async def one_row_in_each_book(town: Town) -> None:
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        user = town.users["花子"].user_id
        await desk.pay(user, new_key(), ticket, Yen(1200), legs(1000, 200))
    await one_row_in_each_book_of_what_is_taken_back(town)
    act = Act("係", "test.try", "subject", "guards", NOON)
    town.database.write_now(lambda c: record_act(c, act))
    town.database.write_now(lambda c: skip_all(c, NOON))
    bulk_books(town)
    sale = Sale(town, terms_of(10))
    (buyer,) = sale.people(["1950-01-01"])
    sale.sell(buyer)


def bulk_books(town: Town) -> None:
    """A file's batch, complete, and one of its lines cancelled; an expiry rule."""
    with_rules(town)
    preview, _ = looked_at(bulk_desk(town), csv([points(town, "太郎", "k1")]))
    bulk_desk(town).confirm("c", preview.batch_id, preview.shown_digest, "guards", "係")
    runner(town).run(preview.batch_id)
    runner(town).cancel("x", preview.batch_id, "guards", "係", print)


async def one_row_in_each_book_of_what_is_taken_back(town: Town) -> None:
    cancelled, refunded = await pay(town, 8, voucher=100), await pay(town, 9, voucher=100)
    cancels_of(town).cancel(request_for(cancelled), CLERK)
    cancels_of(town).record_refund(refund_for(refunded, 100), CLERK)
    town.clock.now = END_OF_JUNE
    town.grant(town.users["太郎"], POINTS, 10, END_OF_JUNE)
    expire(town)
    leave(town, "太郎")


def test_the_schema_names_the_books() -> None:
    assert {"entries", "postings", "payments", "transactions", "sale_outcomes", "lots"} <= set(
        BOOKS
    )
    assert all("access" in table.info for table in metadata.sorted_tables)


@pytest.mark.parametrize("table", BOOKS)
async def test_update_delete_and_replace_are_refused(town: Town, table: str) -> None:
    await one_row_in_each_book(town)
    before = town.count(table)
    column = metadata.tables[table].columns.keys()[-1]
    attempts = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if town.database.kind is DatabaseKind.SQLITE:
        attempts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        attempts.append(f"TRUNCATE {table} CASCADE")
    for attempt in attempts:
        said = refused(town.database, attempt)
        assert "CHOBA_DB_BOOK" in said or "permission denied" in said
    assert town.count(table) == before > 0


@pytest.mark.postgres
def test_even_the_owner_of_the_tables_is_refused(
    postgres: PostgresServer, postgres_name: str
) -> None:
    with psycopg.connect(postgres.url(postgres_name, MIGRATOR), autocommit=True) as owner:
        for attempt in (
            "UPDATE ledger_identity SET ledger_id = 'x'",
            "DELETE FROM ledger_identity",
            "TRUNCATE ledger_identity",
        ):
            with pytest.raises(psycopg.Error, match="CHOBA_DB_BOOK"):
                owner.execute(attempt)


@pytest.mark.postgres
def test_the_servers_role_owns_nothing_and_cannot_change_the_guards(
    postgres: PostgresServer, postgres_name: str
) -> None:
    with psycopg.connect(postgres.url(postgres_name, APPLICATION), autocommit=True) as role:
        for attempt in (
            "ALTER TABLE postings DISABLE TRIGGER ALL",
            "DROP TRIGGER postings_insert_only ON postings",
            "CREATE TABLE other (a int)",
            "SET session_replication_role = replica",
            "UPDATE alembic_version SET version_num = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute(attempt)


def test_sqlite_connections_keep_the_promises(sqlite_url: str) -> None:

    pragmas = {"journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1, "foreign_keys": 1}

    def settings(connection: Connection) -> dict[str, object]:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas}

    with opened(sqlite_url) as database:
        assert database.write_now(settings) == pragmas
        assert database.read_now(settings) == pragmas
        with pytest.raises(LedgerUnavailable, match="readonly"):
            database.read_now(lambda c: c.execute(text("UPDATE counters SET value = 0")))


def test_rows_that_cannot_be_are_refused_by_the_tables_themselves(database: Database) -> None:
    for amount, debit, credit in ((0, 1, 2), (-5, 1, 2), (5, 1, 1)):
        said = refused(
            database,
            "INSERT INTO postings (lane_id, position, line, debit_account, credit_account, "
            f"amount, lot_id) VALUES (1, 1, 1, {debit}, {credit}, {amount}, 0)",
        )
        assert "ck_postings" in said
    assert "ck_wallets" in refused(
        database,
        "INSERT INTO wallets (account_id, owner, service_id, balance) VALUES (1, 1, 'v', -1)",
    )


def test_the_migrations_make_exactly_the_schema(database: Database) -> None:
    def compare(connection: Connection) -> dict[str, tuple[set[str], set[str]]]:
        found = inspect(connection)
        return {
            table.name: (
                {column["name"] for column in found.get_columns(table.name)}
                ^ set(table.columns.keys()),
                {str(index["name"]) for index in found.get_indexes(table.name)}
                - {str(index.name) for index in table.indexes}
                - {str(constraint.name) for constraint in table.constraints},
            )
            for table in metadata.sorted_tables
        }

    for name, (columns, indexes) in database.read_now(compare).items():
        assert columns == set(), name
        assert indexes == set(), name


def test_a_new_ledger_has_an_id_of_its_own(database: Database) -> None:

    assert len(database.read_now(ledger_id)) == 20
