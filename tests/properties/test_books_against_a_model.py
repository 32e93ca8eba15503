"""Random days of everything that moves money, beside ``tests.support.model``.

Payments at counters and on stands, alone, together and as PayMany with duplicates inside; keys
repeated with the same and another request; cancels, cash refunds, grants, charges, files, OP5;
expiry, leaving; purchases under caps; a clock that moves over expiries and closes. After every
step each lot, account and answer is the model's; in the end every verifier finds nothing.
"""

import asyncio
import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from hypothesis import given, settings

from protos.units import Micros
from server.campaigns import ExpiryKind, ExpiryRule, add_expiry_rule
from server.clock import DAY
from server.db import open_database
from tests.support.books import POINTS, VOUCHER, Town, moment
from tests.support.copies import QUIET, postgres_copy, sqlite_copy
from tests.support.days import DAYS
from tests.support.playing import Play, the_sale
from tests.support.postgres import APPLICATION, PostgresServer

_NUMBERS = count(1)
EXAMPLES = int(os.environ.get("CHOBA_MODEL_DAYS", "20"))
"""Random days on SQLite; a fifth as many on PostgreSQL."""


def settle(town: Town) -> Town:
    """The campaign, people on its list, points that last three days."""
    the_sale(town).people(["1944-01-31", "1994-02-01"])
    for service, rule in (
        (POINTS, ExpiryRule(ExpiryKind.DAYS, 3)),
        (VOUCHER, ExpiryRule(ExpiryKind.USABLE_UNTIL)),
    ):
        add = partial(add_expiry_rule, service_id=service, rule=rule, valid_from=Micros(0))
        town.database.write_now(add)
    for user in town.users.values():
        for days, amount in ((12, 700), (21, 1100), (82, 9000)):
            until = Micros(moment(2024, 6, 10) + days * DAY)
            town.grant(user, VOUCHER, amount, until, price=amount // 2)
            town.grant(user, POINTS, amount // 2, until)
    return town


@pytest.fixture(scope="module")
def settled_on_sqlite(
    sqlite_town_template: tuple[Path, Town], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Town]:
    path = tmp_path_factory.mktemp("settled") / "town.db"
    copy(sqlite_town_template[0], path)
    database = open_database(f"sqlite:///{path}")
    town = settle(sqlite_town_template[1].moved_to(database))
    database.close_now()
    return path, town


@pytest.fixture(scope="module")
def settled_on_postgresql(
    postgres: PostgresServer, postgres_town_template: Town
) -> Iterator[tuple[str, Town]]:
    name = f"settled_{next(_NUMBERS)}"
    postgres.create(name, template="choba_town")
    database = open_database(postgres.url(name, APPLICATION))
    town = settle(postgres_town_template.moved_to(database))
    database.close_now()
    yield name, town
    postgres.drop(name)


@settings(QUIET, max_examples=EXAMPLES)
@given(steps=DAYS)
def test_any_day_on_sqlite(steps: list[Any], settled_on_sqlite: tuple[Path, Town]) -> None:
    with sqlite_copy(settled_on_sqlite) as town:
        asyncio.run(Play(town).day(steps))


@pytest.mark.postgres
@settings(QUIET, max_examples=EXAMPLES // 5)
@given(steps=DAYS)
def test_any_day_on_postgresql(
    steps: list[Any], postgres: PostgresServer, settled_on_postgresql: tuple[str, Town]
) -> None:
    name, settled = settled_on_postgresql
    with postgres_copy(postgres, settled, name) as town:
        asyncio.run(Play(town).day(steps))
