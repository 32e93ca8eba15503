"""What an engine remembers of the directory is never older than what its batch could read."""

import pkgutil
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from protos.units import Micros, TerminalId, Yen
from server.directory import (
    REVISION,
    KnownDirectory,
    ShopId,
    ShopState,
    enrol_terminal,
    set_shop_state,
    set_terminal_drift,
)
from server.payments import Paid
from tests.support.books import Town, legs, new_key, ticket_of


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
        "usable_until, close_rule, pay_rule, legal_basis, payer_name, on_holiday "
        "FROM service_terms",
    ],
)
def test_the_database_itself_raises_the_revision(town: Town, change: str) -> None:
    before = town.database.read_now(revision)
    town.database.write_now(lambda c: c.execute(text(change)))
    assert town.database.read_now(revision) > before


def test_what_is_remembered_follows_every_change(town: Town) -> None:
    known = KnownDirectory(town.database.kind)

    def refresh(connection: Connection) -> bool:
        """Whether anything was read again."""
        before = known.services
        known.refresh(connection, revision(connection), [town.matsuya, town.kissaten])
        return known.services is not before

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


@pytest.mark.parametrize("reading", ["services", "CounterReader.read", "all_terms"])
async def test_a_connection_that_dies_while_it_is_read_leaves_nothing_half_known(
    town: Town, reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "server.payments.store" if reading == "all_terms" else "server.directory.known"
    really = pkgutil.resolve_name(f"{place}:{reading}")
    died: list[str] = []

    def dies_once(*args: Any) -> Any:
        if not died:
            died.append(reading)
            raise OperationalError("", {}, Exception("the connection is gone"))
        return really(*args)

    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(1), town)
        monkeypatch.setattr(f"{place}.{reading}", dies_once)
        answer = await desk.pay(
            town.users["花子"].user_id, new_key(), ticket, Yen(1200), legs(1000, 200)
        )
    assert died
    assert isinstance(answer, Paid), answer
