"""Lots are issued through the ledger, once per key."""

from dataclasses import replace

import pytest

from protos.units import Yen
from server.campaigns import Grant, GrantError, grant_all
from server.ledger import Operation, process_clock
from tests.support.books import END_OF_AUGUST, VOUCHER, Town


def grant_of(town: Town, key: str = "k1", amount: int = 1200) -> Grant:
    user = town.users["花子"]
    return Grant(
        key,
        Operation.CHARGE,
        user.user_id,
        user.owner,
        VOUCHER,
        Yen(amount),
        Yen(1000),
        END_OF_AUGUST,
    )


def test_the_same_grant_again_grants_nothing(town: Town) -> None:
    clock = process_clock(town.clock)
    before = town.holdings()["花子", VOUCHER]
    first = grant_all(town.database, [grant_of(town), grant_of(town)], clock)
    again = grant_all(town.database, [grant_of(town), grant_of(town, "k2")], clock)
    assert [outcome.repeated for outcome in (*first, *again)] == [False, True, True, False]
    assert first[0].grant_id == first[1].grant_id == again[0].grant_id
    assert town.holdings()["花子", VOUCHER] == before + 2400
    town.assert_books_hold()


def test_a_key_of_another_grant_books_nothing_of_its_chunk(town: Town) -> None:
    clock = process_clock(town.clock)
    grant_all(town.database, [grant_of(town)], clock)
    before = town.count("entries")
    with pytest.raises(GrantError, match="idempotency_key"):
        grant_all(town.database, [grant_of(town, "k2"), grant_of(town, amount=1300)], clock)
    assert town.count("entries") == before


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Yen(0)},
        {"amount": Yen(-1)},
        {"price": Yen(1201)},
        {"price": Yen(-1)},
        {"idempotency_key": ""},
        {"operation": Operation.USE},
    ],
)
def test_grants_that_cannot_be(sqlite_town: Town, change: dict[str, object]) -> None:
    with pytest.raises(GrantError):
        replace(grant_of(sqlite_town), **change)  # type: ignore[arg-type]
