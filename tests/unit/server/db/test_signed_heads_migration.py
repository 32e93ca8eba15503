"""Books from before revision 0008, with accounts and voids in them, hold after the upgrade."""

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text

from server.db import migrate
from server.db.upgrading import _config
from server.ledger import AccountKind, OwnerKey, Unit, open_accounts, verify_ledger
from server.payments import verify_payments
from tests.conftest import BOTH
from tests.support.books import opened
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer

BEFORE = (
    "INSERT INTO accounts (account_id, kind, service_id, owner) VALUES "
    "(1, 3, '商品券', 7), (2, 9, '商品券', 0), (3, 3, 'points-2024', 7)",
    "UPDATE counters SET value = 3 WHERE name = 'account'",
    "INSERT INTO streams (stream_id, last_sequence) VALUES (4, 0), (5, 0)",
    "INSERT INTO sale_outcomes (terminal_number, sale_number, state, payment_id, decided_at) "
    "VALUES (4, 9, 3, NULL, 200), (4, 8, 3, NULL, 300), (5, 1, 3, NULL, 100)",
)


def at_0007(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0007")
    for statement in BEFORE:
        connection.execute(text(statement))


@pytest.mark.parametrize("kind", BOTH)
def test_old_accounts_and_voids_are_taken_into_their_chains(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = owner = f"sqlite:///{tmp_path_factory.mktemp('old') / 'old.db'}"
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        server.create("choba_before_0008")
        url = server.url("choba_before_0008", APPLICATION)
        owner = server.url("choba_before_0008", MIGRATOR)
    engine = create_engine(owner.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        at_0007(connection)
    engine.dispose()
    migrate(owner, application_role=APPLICATION if kind == "postgresql" else "")
    with opened(url) as database:
        audit = database.read_now(verify_ledger)
        assert (audit.findings, audit.accounts) == ([], 3)
        assert database.read_now(verify_payments) == []
        database.write_now(
            lambda c: open_accounts(c, AccountKind.SHOP, Unit("商品券"), [OwnerKey(8)])
        )
        assert database.read_now(verify_ledger).findings == []
