"""Books are only added to: tried with every means that SQL has, on both databases."""

import asyncio
import contextlib
import datetime as dt
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from protos.units import SaleNumber, Yen
from server.db import Database, DatabaseKind, LedgerUnavailable
from server.db.schema import Access, metadata
from server.directory import MerchantId, known_units
from server.ledger import (
    HeadKey,
    PayIn,
    PayIns,
    PaySource,
    Unit,
    ledger_id,
    process_clock,
    sign_heads,
    skip_all,
    verify_ledger,
)
from server.oversight import Act, record_act
from server.payments import ResolveMode
from server.settlement.deposits import Arrived, DepositChecker, DepositDesk
from server.settlement.payouts import Payee
from tests.conftest import _copy
from tests.support.books import (
    END_OF_JUNE,
    NOON,
    POINTS,
    VOUCHER,
    Town,
    legs,
    new_key,
    opened,
    ticket_of,
)
from tests.support.bulk import bulk_desk, csv, looked_at, points, runner, with_rules
from tests.support.campaign import Sale, terms_of
from tests.support.cancels import CLERK, cancels_of, expire, leave, pay, refund_for, request_for
from tests.support.closes import close
from tests.support.payouts import (
    MATSUYA,
    correct,
    draft,
    give_details,
    lines_of,
    payee_desk,
    payout_desk,
    send,
    set_up,
)
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer
from tests.unit.server.settlement.statements.test_reading import reader_of

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
        await desk.resolve(town.matsuya, SaleNumber(8), ResolveMode.VOID)
    bulk_books(town)
    await one_row_in_each_book_of_what_is_taken_back(town)
    pay_ins = PayIns(town.database, process_clock(town.clock), known_units)
    city = PayIn("guards-1", PaySource.CITY, Unit(VOUCHER), Yen(1000), "")
    pay_ins.record(city, by="係", why="guards")
    town.database.write_now(lambda c: sign_heads(c, HeadKey(bytes(32)), NOON))
    act = Act("係", "test.try", "subject", "guards", NOON)
    town.database.write_now(lambda c: record_act(c, act))
    town.database.write_now(lambda c: skip_all(c, process_clock(town.clock)))
    close(town, 1)
    books_of_payouts(town)
    sale = Sale(town, terms_of(10))
    (buyer,) = sale.people(["1950-01-01"])
    sale.sell(buyer)


def books_of_payouts(town: Town) -> None:
    """A bulk with a correction in it, handed over; its transfer came back; what a bank paid."""
    set_up(town)
    payee_desk(town).set_one_transfer(MerchantId("M-0001"), True, by="係", why="本部一括")
    give_details(town, Payee.merchant(MerchantId("M-0001")))
    correct(town, 5)
    bulk = send(town, draft(town, dt.date(2024, 7, 2)))
    (payout,) = lines_of(town, bulk)
    payout_desk(town).returned(payout.payout_id, True, by="係", why="口座相違")
    checker = DepositChecker(lambda *_: [], lambda *_: frozenset(), reader_of(town))
    desk = DepositDesk(town.database, checker, process_clock(town.clock))
    desk.enter(MATSUYA, Arrived(dt.date(2024, 7, 2), Yen(5), "ﾐﾎﾝｼ"), by="係", why="通帳")


def bulk_books(town: Town) -> None:
    """A file's batch, complete, and one of its lines cancelled; an expiry rule."""
    with_rules(town)
    preview, _ = looked_at(bulk_desk(town), csv([points(town, "太郎", "k1")]))
    bulk_desk(town).confirm("c", preview.batch_id, preview.shown_digest, "guards", "係")
    runner(town).run(preview.batch_id)
    runner(town).cancel("x", preview.batch_id, "guards", "係", print)


async def one_row_in_each_book_of_what_is_taken_back(town: Town) -> None:
    cancelled, refunded = await pay(town, 18, voucher=100), await pay(town, 19, voucher=100)
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


async def test_update_delete_and_replace_are_refused(town: Town) -> None:
    """All books of one town: to fill it takes longer than all that is tried."""
    await one_row_in_each_book(town)
    for table in BOOKS:
        is_refused_whatever_is_tried(town, table)


def is_refused_whatever_is_tried(town: Town, table: str) -> None:
    before = town.count(table)
    column = metadata.tables[table].columns.keys()[-1]
    attempts = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if town.database.kind is DatabaseKind.SQLITE:
        attempts += [
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
            f"REPLACE INTO main.{table} SELECT * FROM {table}",
            f"INSERT INTO {table} SELECT * FROM {table} WHERE true "
            f"ON CONFLICT DO UPDATE SET {column} = excluded.{column}",
            f"UPDATE OR REPLACE {table} SET {column} = {column}",
            f"WITH a AS (SELECT 1) DELETE FROM {table} WHERE EXISTS (SELECT * FROM a)",
        ]
    else:
        key = ", ".join(c.name for c in metadata.tables[table].primary_key.columns)
        attempts += [
            f"TRUNCATE {table} CASCADE",
            f"INSERT INTO {table} SELECT * FROM {table} "
            f"ON CONFLICT ({key}) DO UPDATE SET {column} = excluded.{column}",
            f"WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone",
            f"MERGE INTO {table} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
            f"SELECT * FROM {table} FOR UPDATE",
        ]
    for attempt in attempts:
        said = refused(town.database, attempt)
        assert "CHOBA_DB_BOOK" in said or "permission denied" in said, (table, attempt, said)
    assert town.count(table) == before > 0, table


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
            "ALTER TABLE postings ENABLE REPLICA TRIGGER postings_insert_only",
            "ALTER TABLE postings DROP CONSTRAINT ck_postings_amount_positive",
            "ALTER TABLE postings RENAME TO elsewhere",
            "ALTER TABLE postings OWNER TO choba_app",
            "DROP TABLE postings",
            "CREATE OR REPLACE FUNCTION choba_book_is_insert_only() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "CREATE RULE nothing AS ON INSERT TO postings DO INSTEAD NOTHING",
            "CREATE TRIGGER other BEFORE INSERT ON postings EXECUTE FUNCTION "
            "choba_book_is_insert_only()",
            "SET ROLE choba_migrator",
            "SET SESSION AUTHORIZATION choba_migrator",
            "ALTER ROLE choba_app SUPERUSER",
            "COPY postings FROM PROGRAM 'true'",
            "UPDATE alembic_version SET version_num = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute(attempt)
        role.execute("GRANT UPDATE ON postings TO choba_app")  # PostgreSQL warns and grants nothing
        asked = "SELECT has_table_privilege('postings', 'UPDATE, DELETE, TRUNCATE, TRIGGER')"
        assert role.execute(asked).fetchone() == (False,)


def test_sqlite_refuses_by_every_name_that_a_table_has(sqlite_town: Town, tmp_path: Path) -> None:
    """Through an attached copy of the name, a view, a renamed trigger's table."""
    asyncio.run(one_row_in_each_book(sqlite_town))
    path = sqlite_town.database._writing.url.database
    for statements in (
        (f"ATTACH DATABASE '{path}' AS again", "DELETE FROM again.postings"),
        ("CREATE TEMP TABLE postings AS SELECT * FROM main.postings", "DELETE FROM main.postings"),
        ("ALTER TABLE postings RENAME TO other", "DELETE FROM other"),
    ):
        attached = sqlite3.connect(str(path), isolation_level=None)
        attached.execute("PRAGMA recursive_triggers=ON")
        attached.execute("BEGIN") if "ATTACH" not in statements[0] else None
        attached.execute(statements[0])
        with pytest.raises(sqlite3.IntegrityError, match="CHOBA_DB_BOOK"):
            attached.execute(statements[1])
        attached.close()
    assert sqlite_town.count("postings") > 0


async def test_what_the_owner_of_the_file_can_do_is_found_by_the_audit(sqlite_town: Town) -> None:
    """Nothing in a file binds who holds it: triggers off or dropped, a row replaced, and found."""
    await one_row_in_each_book(sqlite_town)
    assert sqlite_town.database.read_now(verify_ledger).holds
    with contextlib.closing(
        sqlite3.connect(str(sqlite_town.database._writing.url.database), isolation_level=None)
    ) as owner:
        owner.execute("PRAGMA recursive_triggers=OFF")
        owner.execute(
            "REPLACE INTO postings SELECT lane_id, position, line, debit_account, credit_account, "
            "amount + 1, lot_id FROM postings WHERE lane_id = 1 AND position = 1 AND line = 1"
        )
    found = sqlite_town.database.read_now(verify_ledger).findings
    assert any("lane 1 position 1" in finding for finding in found)


@pytest.mark.postgres
def test_the_audit_finds_what_a_superuser_did(
    postgres: PostgresServer, postgres_town_template: Town
) -> None:
    name = _copy(postgres, "choba_town")
    with psycopg.connect(postgres.url(name, postgres.superuser), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE postings SET amount = amount + 1 WHERE position = 1")
    with opened(postgres.url(name, APPLICATION)) as database:
        found = database.read_now(verify_ledger).findings
    assert any("position 1 entry" in finding for finding in found)


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
