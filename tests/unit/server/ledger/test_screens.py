"""What SQL hashes is what the layouts say: entries and payments of any values, on PostgreSQL."""

import string
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text

from protos.units import Micros, Yen
from server.db.schema import ledger as books
from server.db.schema import payments as desk_tables
from server.ledger import (
    AccountId,
    EntryDraft,
    LaneId,
    LotId,
    NewLot,
    Operation,
    OwnerKey,
    PostingDraft,
    Unit,
)
from server.ledger.layout import entry_hash, genesis
from server.ledger.screen import CHAIN
from server.ledger.types import MOVES_NOTHING
from server.payments.screen import head_layout, leg_layout, lots_of, packed_legs
from server.payments.screen_sql import legs_of, payments_hold
from server.payments.subject import AFTER, HEAD, LEG, LOT, WHO, payment_subject
from tests.support.postgres import PostgresServer
from tests.support.tampering import Intruder, intruder

_LANE = LaneId(7)
_LEDGER = "L" * 20
_MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ids = st.text(string.ascii_letters + string.digits, min_size=20, max_size=20)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
longs = st.integers(-(2**63), 2**63 - 1)
yen = st.integers(1, 2**62)
money = st.integers(0, 2**40)
digests = st.binary(min_size=32, max_size=32)


@pytest.fixture(scope="module")
def empty_books(postgres: PostgresServer) -> Intruder:
    name = "choba_screens"
    postgres.create(name, "choba_empty")
    return intruder(postgres.url(name, postgres.superuser))


@pytest.fixture
def connection(empty_books: Intruder) -> Iterator[Connection]:
    with empty_books.at_work() as connection:
        yield connection


@st.composite
def _entries(draw: st.DrawFn) -> list[EntryDraft]:
    lots = iter(range(1, 1000))
    entries = []
    for entry_id in draw(st.lists(ids, min_size=1, max_size=5, unique=True)):
        lines = st.builds(PostingDraft, longs, longs, yen, longs)
        new = st.tuples(longs, yen, money, longs)
        operation = draw(st.sampled_from(list(Operation)))
        entries.append(
            EntryDraft(
                entry_id,
                operation,
                draw(digests),
                tuple(draw(st.lists(lines, min_size=operation not in MOVES_NOTHING, max_size=5))),
                new_lots=tuple(
                    NewLot(
                        LotId(next(lots)), AccountId(account), OwnerKey(1), Unit("v"), Yen(face),
                        Yen(price), Micros(expires_at),
                    )
                    for account, face, price, expires_at in draw(st.lists(new, max_size=3))
                ),
            )
        )  # fmt: skip
    return entries


@given(entries=_entries(), since=st.lists(st.integers(1, 2**50), min_size=5, max_size=5))
@_MANY
def test_entries_hash_in_sql_as_in_the_layout(
    connection: Connection, entries: list[EntryDraft], since: list[int]
) -> None:
    with connection.begin_nested() as undone:
        previous, instant = genesis(_LEDGER, _LANE), 0
        for position, entry in enumerate(entries, 1):
            instant += since[position - 1]
            previous = entry_hash(previous, _LANE, position, instant, entry)
            _book(connection, position, instant, entry, previous)
        rows = connection.execute(text(CHAIN), {"ledger": _LEDGER}).all()
        assert len(rows) == len(entries)
        for row in rows:
            entry = entries[row.position - 1]
            assert (row.hashed, row.formed) == (True, True)
            assert (row.lines, row.lots) == (len(entry.postings), len(entry.new_lots))
        connection.execute(text("UPDATE postings SET lot_id = lot_id # 1 WHERE position = 1"))
        changed = connection.execute(text(CHAIN), {"ledger": _LEDGER}).all()
        assert {row.position for row in changed if not row.hashed} == (
            {1} if entries[0].postings else set()
        )
        undone.rollback()


def _book(
    connection: Connection, position: int, instant: int, entry: EntryDraft, hash_: bytes
) -> None:
    connection.execute(
        insert(books.entries).values(
            lane_id=_LANE, position=position, entry_id=entry.entry_id, operation=entry.operation,
            instant=instant, subject=entry.subject, hash=hash_,
        )
    )  # fmt: skip
    if entry.postings:
        connection.execute(
            insert(books.postings),
            [
                {"lane_id": _LANE, "position": position, "line": line, "debit_account": p.debit,
                 "credit_account": p.credit, "amount": p.amount, "lot_id": p.lot}
                for line, p in enumerate(entry.postings, 1)
            ],
        )  # fmt: skip
    for lot in entry.new_lots:
        connection.execute(
            insert(books.lots).values(
                lot_id=lot.lot_id, account_id=lot.account_id, face=lot.face, price=lot.price,
                expires_at=lot.expires_at, entry_id=entry.entry_id,
            )
        )  # fmt: skip


Leg = tuple[str, str, int, int, int, date, list[tuple[int, int]]]
"""Transaction, service, amount, after, closes at, pay day, lots left."""


@st.composite
def _legs(draw: st.DrawFn) -> list[Leg]:
    legs = []
    for transaction_id in draw(st.lists(ids, min_size=1, max_size=4, unique=True)):
        lots = draw(st.lists(st.tuples(st.integers(1, 2**62), money), max_size=8))
        after = sum(rest for _, rest in lots)
        day = draw(st.dates(date(1000, 1, 1)))
        closes_at = draw(st.integers(1 - 2**63, 2**63 - 1))
        legs.append((transaction_id, draw(words), draw(money) + 1, after, closes_at, day, lots))
    return legs


@given(data=st.data(), legs=_legs(), payment_id=ids)
@_MANY
def test_payments_hash_in_sql_as_in_the_layout(
    connection: Connection, data: st.DataObject, legs: list[Leg], payment_id: str
) -> None:
    first_close = min(leg[4] for leg in legs)
    late = data.draw(st.integers(0, 9)) == 0
    payment = {
        "payment_id": payment_id,
        "user_id": data.draw(words),
        "idempotency_key": data.draw(words),
        "request_hash": data.draw(digests),
        "kind": data.draw(st.integers(0, 255)),
        "terminal_number": data.draw(longs),
        "sale_number": data.draw(longs),
        "shop_id": data.draw(words),
        "amount": sum(leg[2] for leg in legs),
        "paid_at": first_close if late else data.draw(st.integers(-(2**63), first_close - 1)),
        "announced_to": data.draw(st.none() | longs),
        "sequence": 1,
    }
    with connection.begin_nested() as undone:
        _pay(connection, payment, legs)
        found = payments_hold(connection)
        many = any(len(leg[6]) > 6 for leg in legs)
        assert [row[0][0] for row in found or []] == ([payment_id] if many or late else [])
        rows = legs_of(connection, [payment_id])[payment_id]
        assert [tuple(lots) for lots in map(lots_of, (row[7] for row in rows))] == [
            tuple(leg[6]) for leg in legs
        ]
        packed = [part for _, amount, part in packed_legs(iter(rows)) if amount > 0]
        assert len(packed) == len(legs)
        connection.execute(text("UPDATE transactions SET closes_at = closes_at # 1"))
        changed = payments_hold(connection)
        assert changed is not None
        assert [row[0] for row, _ in changed] == [payment_id]
        undone.rollback()


def _pay(connection: Connection, payment: dict[str, Any], legs: list[Leg]) -> None:
    subject = payment_subject(
        payment["payment_id"], payment["kind"], payment["terminal_number"],
        payment["sale_number"], payment["amount"], payment["announced_to"],
        payment["request_hash"], payment["user_id"], payment["idempotency_key"],
        payment["shop_id"],
        [
            (transaction_id, service, amount, closes_at, day.toordinal(), after + amount, after,
             lots)
            for transaction_id, service, amount, after, closes_at, day, lots in legs
        ],
    )  # fmt: skip
    draft = EntryDraft(payment["payment_id"], Operation.USE, subject, ())
    connection.execute(
        insert(books.entries).values(
            lane_id=_LANE, position=1, entry_id=draft.entry_id, operation=1,
            instant=payment["paid_at"], subject=subject, hash=bytes(32),
        )
    )  # fmt: skip
    connection.execute(insert(desk_tables.payments).values(**payment))
    connection.execute(
        insert(desk_tables.transactions),
        [
            {"payment_id": payment["payment_id"], "leg": number, "transaction_id": transaction_id,
             "service_id": service, "amount": amount, "before_value": after + amount,
             "after_value": after, "closes_at": closes_at, "pay_day": day.isoformat(),
             "lots_after": "[" + ",".join(f"[{at},{rest}]" for at, rest in lots) + "]"}
            for number, (transaction_id, service, amount, after, closes_at, day, lots) in enumerate(
                legs, 1
            )
        ],
    )  # fmt: skip


def test_the_layouts_put_together_are_those_of_the_subject() -> None:
    assert head_layout(1, 2, 3).size == HEAD.size + WHO.size + 6
    assert leg_layout(5, 2).size == LEG.size + 5 + AFTER.size + 2 * LOT.size
