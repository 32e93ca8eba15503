"""The books beside the model: after each step the money, in the end everything."""

from collections import Counter
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from server.cli.books import VERIFIERS
from server.cli.two_processes import Verifier
from server.ledger import no_progress, trial_balance
from tests.support.books import Town
from tests.support.model import UNITS_IN_ALL, Model
from tests.support.results import assert_results_are_the_ledger


def rows_of(town: Town, statement: str, **params: object) -> list[Any]:
    """What a statement finds."""
    return list(town.database.read_now(lambda c: c.execute(text(statement), params).all()))


def assert_same_money(town: Town, model: Model) -> None:
    """Every lot, every wallet, every kind of account."""
    lots = Counter(_lots_in_the_books(town))
    assert lots == Counter((x.user, x.service, x.expires_at, x.left) for x in model.lots)
    held = Counter[tuple[str, str]]()
    for lot in model.lots:
        held[lot.user, lot.service] += lot.left
    assert +Counter(town.holdings()) == +held
    lines = town.database.read_now(trial_balance).lines
    net = {(x.kind, str(x.unit)): x.credit - x.debit for x in lines if x.credit != x.debit}
    assert net == {(kind, str(unit)): n for (kind, unit), n in model.accounts.items() if n}
    assert sum(net.values()) == 0


def assert_books_are_the_models(town: Town, model: Model) -> None:
    """Every verifier of the audit, results = ledger, what shops are owed, the cap."""
    town.assert_books_hold()
    for verify in VERIFIERS:
        assert town.database.read_now(partial(_verify, verify=verify)) == [], verify
    assert_results_are_the_ledger(town.database)
    owed = rows_of(
        town,
        "SELECT p.shop_id, l.service_id, SUM(l.amount - COALESCE(s.amount, 0)) AS yen "
        "FROM payments p JOIN transactions l ON l.payment_id = p.payment_id "
        "LEFT JOIN cancel_slips s ON s.target_transaction_id = l.transaction_id GROUP BY 1, 2",
    )
    assert {(r.shop_id, r.service_id): int(r.yen) for r in owed if r.yen} == {
        shop: amount for shop, amount in model.shops.items() if amount
    }
    reserved = rows_of(town, "SELECT reserved FROM campaign_counters")[0].reserved
    assert reserved == sum(x.units for x in model.orders if x.state != "released")
    assert 0 <= reserved <= UNITS_IN_ALL


def _lots_in_the_books(town: Town) -> list[tuple[str, str, int, int]]:
    names = {user.owner: name for name, user in town.users.items()}
    rows = rows_of(
        town,
        "SELECT l.owner, a.service_id, l.expires_at, l.remaining FROM lot_balances l "
        "JOIN accounts a ON a.account_id = l.account_id",
    )
    return [(names[row.owner], row.service_id, row.expires_at, row.remaining) for row in rows]


def _verify(connection: Connection, verify: Verifier) -> list[str]:
    return verify(connection, no_progress)
