"""Any changed byte in any book of the ledger and the payments is found and named."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Table, select, text, update

from protos.units import SaleNumber, Yen
from server.db.schema import ledger as books
from server.db.schema import payments as desk_tables
from server.ledger import (
    AccountId,
    EntryDraft,
    HeadKey,
    Operation,
    PayIn,
    PayIns,
    PaySource,
    PostingDraft,
    Unit,
    check_heads,
    process_clock,
    sign_heads,
    signed_heads_after,
    skip_all,
    verify_ledger,
)
from server.ledger.audit import Audit
from server.ledger.layout import entry_hash
from server.payments import ResolveMode
from tests.conftest import BOTH
from tests.support.books import NOON, VOUCHER, Town, legs, new_key, ticket_of
from tests.support.tampering import (
    BOOKS,
    COLUMNS,
    Intruder,
    after_change,
    after_removal,
    change,
    changed,
    findings,
    intruder,
    rows_of,
    scene,
    some_bit,
)

KEY = HeadKey(bytes(range(32)))


async def live_a_day(town: Town) -> None:
    """At least two rows in every book, so that order and neighbours matter."""
    async with town.desk() as desk:
        hanako = town.users["花子"].user_id
        for sale in (7, 8, 9):
            ticket = await ticket_of(desk, town.qr(sale), town)
            await desk.pay(hanako, new_key(), ticket, Yen(1100), legs(1000, 100))
        town.database.write_now(lambda c: skip_all(c, process_clock(town.clock)))
        ticket = await ticket_of(desk, town.stand_qr(), town)
        await desk.pay(town.users["太郎"].user_id, new_key(), ticket, Yen(300), legs(300))
        for sale in (20, 21):
            await desk.resolve(town.matsuya, SaleNumber(sale), ResolveMode.VOID)
    pay_ins = PayIns(town.database, process_clock(town.clock), lambda _c: {VOUCHER})
    for key, source in (("a-1", PaySource.CITY), ("a-2", PaySource.BUYERS)):
        paid = PayIn(key, source, Unit(VOUCHER), Yen(5000), "ﾐﾎﾝｼ 6/5")
        pay_ins.record(paid, by="係", why="入金")
        town.database.write_now(lambda c: sign_heads(c, KEY, town.clock.now))


@pytest.fixture(scope="module", params=BOTH)
def crime_scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Intruder:
    """One database of each kind for all tests here: every test rolls its crime back."""
    return scene(request, tmp_path_factory, live_a_day)


def _last_bit(_bits: int) -> int:
    return 0


NAMES: dict[str, Callable[[Any], tuple[str, ...]]] = {
    "entries": lambda row: (f"lane {row.lane_id} position {row.position}",),
    "postings": lambda row: (f"lane {row.lane_id} position {row.position}",),
    "accounts": lambda row: (f"account {row.account_id}:", f"accounts {row.account_id} to"),
    "account_digests": lambda row: (f"account {row.account_id}:",),
    "lots": lambda row: (f"lot {row.lot_id}", row.entry_id),
    "payments": lambda row: (row.payment_id,),
    "transactions": lambda row: (row.payment_id,),
    "sale_outcomes": lambda row: (
        str(row.payment_id),
        f"terminal number {row.terminal_number} sale",
    ),
    "sale_voids": lambda row: (f"terminal number {row.terminal_number} sale",),
    "stream_gaps": lambda row: (f"gaps of {row.at}",),
    "pay_ins": lambda row: (row.pay_in_id,),
    "signed_heads": lambda row: (f"signed head {row.number}", "heads were signed"),
    "ledger_identity": lambda row: ("",),
}
"""One of these stands in a finding about a row."""


def named(table: Table, row: Any) -> tuple[str, ...]:
    return NAMES[table.name](row)


def test_whole_books_hold(crime_scene: Intruder) -> None:
    with crime_scene.engine.connect() as connection:
        assert findings(connection) == []
        for table in BOOKS:
            least = 1 if table.name == "ledger_identity" else 2
            assert len(rows_of(connection, table)) >= least, table.name


@pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS]
)
def test_a_change_of_any_column_is_found_and_named(
    crime_scene: Intruder, table: Table, column: Column[Any]
) -> None:
    """In the first, a middle and the last row; the last bit of a number, a random one of others."""
    chance = random.Random(f"{table.name}.{column.name}")
    with crime_scene.at_work() as connection:
        rows = rows_of(connection, table)
        for row in {id(r): r for r in (rows[0], rows[len(rows) // 2], rows[-1])}.values():
            number = isinstance(row._mapping[column.name], int)
            turn = _last_bit if number else chance.randrange
            value = changed(row._mapping[column.name], turn)
            found = after_change(connection, table, row, column, value, findings)
            if found is not None:
                assert any(n in one for n in named(table, row) for one in found), (row, found)


@pytest.mark.parametrize("table", BOOKS, ids=lambda table: table.name)
def test_a_removed_row_is_found_and_named(crime_scene: Intruder, table: Table) -> None:
    with crime_scene.at_work() as connection:
        for row in rows_of(connection, table):
            found = after_removal(connection, table, row, findings)
            assert found, row
            if table.name != "postings":
                assert any(name in one for name in named(table, row) for one in found), found


@given(data=st.data())
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bit_of_any_row(crime_scene: Intruder, data: st.DataObject) -> None:
    some_bit(crime_scene, data, COLUMNS, findings)


@pytest.mark.parametrize("column", ["amount", "lot_id", "debit_account"])
def test_swapped_rows_are_found(crime_scene: Intruder, column: str) -> None:
    """Sums stay as they were, the postings stand in each other's entries."""
    table = books.postings
    with crime_scene.at_work() as connection:
        one, other = [r for r in rows_of(connection, table) if r.lot_id][-3:-1]
        left, right = one._mapping[column], other._mapping[column]
        if left == right:
            other = next(r for r in rows_of(connection, table) if r._mapping[column] != left)
            right = other._mapping[column]
        change(connection, table, one, table.c[column], right)
        change(connection, table, other, table.c[column], left)
        found = findings(connection)
    for row in (one, other):
        assert any(f"lane {row.lane_id} position {row.position}" in f for f in found)


LONGER = (
    (books.entries, "entry_id"),
    (books.entries, "subject"),
    (books.entries, "hash"),
    (desk_tables.payments, "request_hash"),
    (desk_tables.transactions, "transaction_id"),
)


@pytest.mark.parametrize(("table", "column"), LONGER, ids=[f"{t.name}.{c}" for t, c in LONGER])
def test_a_byte_too_many_is_found(crime_scene: Intruder, table: Table, column: str) -> None:
    """Packing cuts what is longer than its field: lengths are looked at, too."""
    with crime_scene.at_work() as connection:
        row = rows_of(connection, table)[-1]
        value = row._mapping[column]
        longer = value + ("x" if isinstance(value, str) else b"\0")
        change(connection, table, row, table.c[column], longer)
        assert any(name in one for name in named(table, row) for one in findings(connection))


TYPES = {
    "text for a number": ("postings", "amount", "many"),
    "nothing for a hash": ("entries", "hash", b""),
    "text for an instant": ("entries", "instant", "soon"),
    "a number for an id": ("payments", "shop_id", 5),
    "lots that are none": ("transactions", "lots_after", "[[1]]"),
    "a day that is none": ("transactions", "pay_day", "2024-02-30"),
    "a text for a face": ("lots", "face", "much"),
}


@pytest.mark.parametrize("crime_scene", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", TYPES)
def test_a_value_of_another_kind_ends_no_audit(crime_scene: Intruder, what: str) -> None:
    """SQLite stores whatever it is given."""
    table, column, value = TYPES[what]
    with crime_scene.at_work() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = :value"), {"value": value})
        assert findings(connection)


def cut_off_the_end(connection: Any) -> None:
    """The last payment was never made: every row and every cache agrees, the chain is whole."""
    run = connection.execute
    lane, position, entry_id = run(
        text(
            "SELECT e.lane_id, e.position, e.entry_id FROM entries e JOIN payments p "
            "ON p.payment_id = e.entry_id ORDER BY e.position DESC LIMIT 1"
        )
    ).one()
    last = {"lane": lane, "position": position, "id": entry_id}
    for line in run(
        text("SELECT * FROM postings WHERE lane_id = :lane AND position = :position"), last
    ).all():
        back = {"amount": line.amount, "account": line.debit_account, "lot": line.lot_id}
        run(
            text("UPDATE wallets SET balance = balance + :amount WHERE account_id = :account"), back
        )
        run(
            text("UPDATE lot_balances SET remaining = remaining + :amount WHERE lot_id = :lot"),
            back,
        )
    run(
        text(
            "UPDATE streams SET last_sequence = last_sequence - 1 WHERE stream_id = "
            "(SELECT announced_to FROM payments WHERE payment_id = :id)"
        ),
        last,
    )
    for table, key in (
        ("postings", "lane_id = :lane AND position = :position"),
        ("entries", "entry_id = :id"),
        ("transactions", "payment_id = :id"),
        ("payments", "payment_id = :id"),
        ("sale_outcomes", "payment_id = :id"),
    ):
        run(text(f"DELETE FROM {table} WHERE {key}"), last)
    run(
        text(
            "UPDATE lanes SET position = :position - 1, (last_instant, head) = (SELECT instant, "
            "hash FROM entries WHERE lane_id = :lane AND position = :position - 1) "
            "WHERE lane_id = :lane"
        ),
        last,
    )


def test_a_history_rewritten_with_care_is_found_by_the_signed_heads(
    crime_scene: Intruder,
) -> None:
    with crime_scene.at_work() as connection:
        kept = signed_heads_after(connection, 0, 100)
        cut_off_the_end(connection)
        found = findings(connection)
        assert found
        assert all(one.startswith("signed head") for one in found), found
        assert "is gone" in found[0]
        # and when the intruder removes the signed heads too, the auditor's file still knows
        connection.execute(text("DELETE FROM signed_heads"))
        connection.execute(text("UPDATE counters SET value = 0 WHERE name = 'signed_head'"))
        assert findings(connection) == [], "nothing in the database itself can tell"
        audit = Audit()
        check_heads(connection, audit, kept, {KEY.key_id: KEY.public})
        assert any("the entry that was signed is gone" in one for one in audit.findings)


def test_heads_signed_again_with_another_key_are_not_trusted(crime_scene: Intruder) -> None:
    with crime_scene.at_work() as connection:
        kept = signed_heads_after(connection, 0, 100)
        connection.execute(text("DELETE FROM signed_heads"))
        connection.execute(text("UPDATE counters SET value = 0 WHERE name = 'signed_head'"))
        forger = HeadKey(bytes(32))
        for _ in kept:
            sign_heads(connection, forger, NOON)
        assert findings(connection) == []
        audit = verify_ledger(connection, trusted={KEY.key_id: KEY.public})
        assert all("not among the trusted keys" in one for one in audit.findings)
        assert len(audit.findings) == len(kept)


def test_an_old_entry_that_issued_lots_holds_under_version_1_and_is_told(
    sqlite_town: Town,
) -> None:
    """The last grant as it would have been hashed before there was a version 2."""
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    with intruder(url).at_work() as connection:
        last = rows_of(connection, books.entries)[-1]
        lane = connection.execute(select(books.lanes.c.name)).scalar_one()
        lines = [r for r in rows_of(connection, books.postings) if r.position == last.position]
        before = rows_of(connection, books.entries)[-2]
        drafted = EntryDraft(
            last.entry_id,
            Operation(last.operation),
            last.subject,
            tuple(
                PostingDraft(
                    AccountId(r.debit_account), AccountId(r.credit_account), Yen(r.amount), r.lot_id
                )
                for r in lines
            ),
        )
        old = entry_hash(before.hash, last.lane_id, last.position, last.instant, drafted)
        change(connection, books.entries, last, books.entries.c.hash, old)
        connection.execute(update(books.lanes).values(head=old))
        audit = verify_ledger(connection)
    assert lane == "grants"
    assert (audit.findings, audit.lots_of_v1) == ([], 1)
    assert any("layout 1" in note for note in audit.notes)


def test_the_tables_are_those_of_both_rooms() -> None:
    names = {table.name for table in BOOKS}
    assert {books.entries.name, books.lots.name, desk_tables.sale_voids.name} < names
