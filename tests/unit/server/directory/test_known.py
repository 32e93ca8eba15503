"""What an engine remembers of the directory is never older than what its batch could read."""

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, TerminalId
from server.directory import (
    REVISION,
    KnownDirectory,
    ShopId,
    ShopState,
    enrol_terminal,
    set_shop_state,
    set_terminal_drift,
)
from tests.support.books import Town


def revision(connection: Connection) -> int:
    return int(connection.execute(REVISION).scalar_one())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE services SET name_ja = 'x'",
        "UPDATE shops SET state = state",
        "UPDATE terminals SET name_ja = 'x'",
        "UPDATE terminal_numbers SET drift = 1",
        "INSERT INTO service_terms SELECT service_id, version + 1, valid_from, usable_from, "
        "usable_until, close_rule, pay_rule, legal_basis, payer_name FROM service_terms",
    ],
)
def test_the_database_itself_raises_the_revision(town: Town, change: str) -> None:
    before = town.database.read_now(revision)
    town.database.write_now(lambda c: c.execute(text(change)))
    assert town.database.read_now(revision) > before


def test_what_is_remembered_follows_every_change(town: Town) -> None:
    known = KnownDirectory(town.database.kind)

    def refresh(connection: Connection) -> bool:
        return known.refresh(connection, revision(connection), [town.matsuya, town.kissaten])

    assert town.database.read_now(refresh)
    assert not town.database.read_now(refresh)
    assert known.counters[town.matsuya].shop_state is ShopState.OPEN
    town.database.write_now(lambda c: set_shop_state(c, ShopId("S-0001"), ShopState.CLOSED))
    assert town.database.read_now(refresh)
    assert known.counters[town.matsuya].shop_state is ShopState.CLOSED
    town.database.write_now(lambda c: set_terminal_drift(c, town.matsuya, Micros(7)))
    assert town.database.read_now(refresh)
    assert known.counters[town.matsuya].drift == 7
    town.database.write_now(lambda c: enrol_terminal(c, TerminalId("T-000412"), town.clock.now))
    assert town.database.read_now(refresh)
    assert known.counters[town.matsuya].retired
