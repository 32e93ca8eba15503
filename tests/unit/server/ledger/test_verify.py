"""The audit finds what somebody with all rights over the database has changed."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from protos.units import Yen
from server.db import DatabaseKind
from server.ledger import trial_balance, verify_ledger
from server.payments import verify_payments
from tests.support.books import Town, legs, new_key, ticket_of

TAMPERINGS = {
    "an amount": "UPDATE postings SET amount = amount + 1 WHERE position = 1",
    "an account": "UPDATE postings SET credit_account = credit_account + 1 WHERE position = 1",
    "an instant": "UPDATE entries SET instant = instant - 1 WHERE position = 1",
    "a removed entry": "DELETE FROM entries WHERE position = 2",
    "a removed posting": "DELETE FROM postings WHERE position = 2 AND line = 1",
    "a cached balance": "UPDATE wallets SET balance = balance + 1",
    "a cached lot": "UPDATE lot_balances SET remaining = remaining + 1 WHERE remaining > 0",
    "a lot's expiry": "UPDATE lot_balances SET expires_at = expires_at + 1",
    "a lane's head": "UPDATE lanes SET head = zeroblob(32)",
    "a cut-off end": "UPDATE lanes SET position = position - 1",
    "a payment's amount": "UPDATE payments SET amount = amount + 1",
    "a payment's terminal": "UPDATE payments SET terminal_number = terminal_number + 1",
    "a leg's pay day": "UPDATE transactions SET pay_day = '2024-07-01'",
    "a removed outcome": "DELETE FROM sale_outcomes",
    "an invented outcome": "INSERT INTO sale_outcomes VALUES (1, 99, 2, 'x', 1)",
    "a removed payment": "DELETE FROM payments",
    "a gap in the sequence": "UPDATE payments SET sequence = 9 WHERE sequence = 2",
}


@pytest.fixture
async def paid_town(sqlite_town: Town) -> Town:
    async with sqlite_town.desk() as desk:
        for sale in (7, 8):
            ticket = await ticket_of(desk, sqlite_town.qr(sale), sqlite_town)
            user = sqlite_town.users["花子"].user_id
            await desk.pay(user, new_key(), ticket, Yen(1200), legs(1000, 200))
    return sqlite_town


def findings(connection: Connection) -> list[str]:
    return [*verify_ledger(connection).findings, *verify_payments(connection)]


def without_guards(town: Town, statement: str) -> Callable[[Connection], None]:
    """What the owner of the file can do."""

    def tamper(connection: Connection) -> None:
        triggers = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).scalars()
        for trigger in triggers.all():
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("PRAGMA ignore_check_constraints=ON"))
        connection.execute(text(statement))

    assert town.database.kind is DatabaseKind.SQLITE
    return tamper


async def test_whole_books_hold_on_both_databases(town: Town) -> None:
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        user = town.users["花子"].user_id
        await desk.pay(user, new_key(), ticket, Yen(1200), legs(1000, 200))
    assert town.database.read_now(findings) == []
    audit = town.database.read_now(verify_ledger)
    assert (audit.entries, audit.wallets, audit.lots) == (5, 3, 4)
    balance = town.database.read_now(trial_balance)
    assert balance.total_debit == balance.total_credit == 8500 + 1200


@pytest.mark.parametrize("what", TAMPERINGS)
def test_every_tampering_is_found(paid_town: Town, what: str) -> None:
    assert paid_town.database.read_now(findings) == []
    paid_town.database.write_now(without_guards(paid_town, TAMPERINGS[what]))
    assert paid_town.database.read_now(findings) != []
