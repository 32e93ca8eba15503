"""Results = ledger (実績＝台帳), with the numbers of two days written out by hand."""

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros
from server.campaigns import GrantDesk
from server.clock import DAY
from server.ledger import AccountKind, process_clock
from server.payments import AcceptExpired
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town
from tests.support.campaign import Sale, terms_of
from tests.support.cancels import CLERK, cancels_of, expire, leave, pay, request_for
from tests.support.results import (
    Line,
    Sums,
    assert_results_are_the_ledger,
    sums_of_postings,
    sums_of_rows,
)

K = AccountKind
MATSUYA = "S-0001"
FIFTH = (date(2024, 6, 5) - date(1970, 1, 1)).days


async def two_days(town: Town) -> None:
    """Grants, four payments; on the day after two cancels, an OP5, an expiry, a leave."""
    await pay(town, 1, voucher=1000, points=150)
    back = await pay(town, 2, points=100)
    short = Micros(town.clock.now + DAY // 24)
    town.grant(town.users["太郎"], POINTS, 90, short)
    late = await pay(town, 3, points=70, user="太郎")
    await pay(town, 4, voucher=400, user="太郎")
    town.clock.forward(86_400)
    cancels_of(town).cancel(request_for(back), CLERK)
    expired = request_for(late, accept_expired=AcceptExpired.RESTORE_AND_EXPIRE)
    cancels_of(town).cancel(expired, CLERK)
    given = town.grant(town.users["花子"], VOUCHER, 600, END_OF_AUGUST, price=500)
    GrantDesk(town.database, process_clock(town.clock)).cancel("k1", given, "誤り", "係")
    expire(town)
    leave(town, "太郎")


async def test_two_days_add_up_by_day_service_and_shop(town: Town) -> None:
    await two_days(town)
    first = {
        (K.SOLD, VOUCHER, ""): -4166 - 2500,
        (K.ISSUED, VOUCHER, ""): -834 - 500,
        (K.ISSUED, POINTS, ""): -300 - 200 - 90,
        (K.CUSTOMER, VOUCHER, ""): 8000 - 1400,
        (K.CUSTOMER, POINTS, ""): 590 - 320,
        (K.SHOP, VOUCHER, MATSUYA): 1400,
        (K.SHOP, POINTS, MATSUYA): 320,
    }
    second = {
        (K.SHOP, POINTS, MATSUYA): -100 - 70,
        (K.CUSTOMER, POINTS, ""): 100 - 20,
        (K.EXPIRED, POINTS, ""): 70 + 20,
        (K.CUSTOMER, VOUCHER, ""): -2600,
        (K.FORFEITED, VOUCHER, ""): 2600,
    }
    days = ((FIFTH, first), (FIFTH + 1, second))
    wanted = Sums({Line(day, *key): n for day, kinds in days for key, n in kinds.items()})
    assert sums_of_postings(town.database) == wanted
    assert sums_of_rows(town.database) == wanted
    assert_results_are_the_ledger(town.database)


def test_a_purchase_with_premium_and_bonus(town: Town) -> None:
    sale = Sale(town, terms_of(100))
    sale.sell(sale.people(["1944-01-31"])[0], 10)
    net = Counter[tuple[AccountKind, str]]()
    for line, yen in sums_of_rows(town.database).items():
        if line.kind not in {K.CUSTOMER, K.ISSUED}:
            net[line.kind, line.service] += yen
    assert net == {
        (K.BUYERS, VOUCHER): -10_000,
        (K.FUNDS, VOUCHER): 10_000,
        (K.SOLD, VOUCHER): -4166 - 2500 - 10_000,
        (K.PREMIUM, VOUCHER): -2000,
        (K.BONUS, POINTS): -300,
    }
    assert_results_are_the_ledger(town.database)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cancel_slips SET amount = amount + 1",
        "UPDATE transactions SET amount = amount + 1",
        "UPDATE payments SET shop_id = 'S-0002' WHERE sequence = 1",
        "UPDATE payments SET paid_at = paid_at - 86400000000 WHERE sequence = 1",
        "UPDATE expiries SET amount = amount + 1",
        "UPDATE forfeits SET forfeited = forfeited - 1, expired = expired + 1",
        "UPDATE grants SET price = price + 1 WHERE price > 0",
        "DELETE FROM grant_cancels",
    ],
)
async def test_a_row_that_says_something_else_shows(sqlite_town: Town, change: str) -> None:
    await two_days(sqlite_town)

    def forge(connection: Connection) -> None:
        triggers = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).scalars()
        for name in list(triggers):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.execute(text(change))

    sqlite_town.database.write_now(forge)
    with pytest.raises(AssertionError):
        assert_results_are_the_ledger(sqlite_town.database)
