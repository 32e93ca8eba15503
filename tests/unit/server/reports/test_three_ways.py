"""Three ways to the same number over random days, on both databases: results, listed transactions,
the ledger's postings; and for shops what their closes say."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros
from server.campaigns import GrantDesk
from server.clock import DAY, HOUR, tokyo_day
from server.db.streams import long_snapshot
from server.directory import ServiceId, ShopId
from server.ledger import Moved, Movement, process_clock
from server.payments import AcceptExpired, Payment
from server.refusal import Refusal
from server.reports import Scope, Wanted, results, transactions_csv, verify_results, write_days
from server.reports.days import ledger_days
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town
from tests.support.cancels import CLERK, cancels_of, expire, leave, pay, request_for
from tests.support.closes import close_desk
from tests.unit.server.ledger.test_results import MATSUYA

SERVICES = (ServiceId(VOUCHER), ServiceId(POINTS))
Numbers = dict[tuple[date, str, str], tuple[int, int]]
"""By day, service and movement: yen, and of how many transactions."""
WORDS = {
    "OP1": Movement.SPENT,
    "OP2": Movement.GIVEN,
    "OP3": Movement.GIVEN,
    "OP4": Movement.RETURNED,
    "OP5": Movement.TAKEN_BACK,
}
LAPSES = {Movement.EXPIRED.value, Movement.FORFEITED.value}
"""They are no transactions, and are in the results and the ledger alone."""


@dataclass
class Life:
    """What happens to the town, by chance."""

    town: Town
    chance: random.Random
    payments: list[Payment] = field(default_factory=list)
    grants: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    people: list[str] = field(default_factory=lambda: ["太郎", "花子"])

    async def day(self) -> None:
        for _ in range(self.chance.randint(3, 7)):
            act = self.chance.choice(("pay", "pay", "cancel", "give", "charge", "take_back"))
            with suppress(Refusal):
                await getattr(self, act)()
                self.done[act] += 1
            self.town.clock.forward(self.chance.randint(1, 9_000))
        expire(self.town)
        if self.chance.random() < 0.5:
            write_days(self.town.database, process_clock(self.town.clock))
        if self.chance.random() < 0.5:
            desk = close_desk(self.town)
            for service in SERVICES:
                self.done["close"] += len(desk.close_due(service, by="係", why="締め"))

    async def pay(self) -> None:
        name = self.chance.choice(self.people)
        have = self.town.holdings()
        voucher, points = (
            self.chance.randint(0, min(have.get((name, s), 0), 300)) for s in SERVICES
        )
        if voucher + points:
            sale = len(self.payments) + 1
            self.payments.append(await pay(self.town, sale, voucher, points, user=name))

    async def cancel(self) -> None:
        if self.payments:
            payment = self.chance.choice(self.payments)
            request = request_for(payment, accept_expired=AcceptExpired.RESTORE_AND_EXPIRE)
            cancels_of(self.town).cancel(request, CLERK)

    async def give(self) -> None:
        """Some of it for a few hours only."""
        hours = self.chance.choice((3, 30, 900))
        self._granted(ServiceId(POINTS), Micros(self.town.clock.now + hours * HOUR), 0)

    async def charge(self) -> None:
        self._granted(ServiceId(VOUCHER), END_OF_AUGUST, 500)

    async def take_back(self) -> None:
        if self.grants:
            desk = GrantDesk(self.town.database, process_clock(self.town.clock))
            given = self.grants.pop()
            desk.cancel(f"back-{given}", given, "誤り", "係")

    def _granted(self, service: ServiceId, until: Micros, price: int) -> None:
        user = self.town.users[self.chance.choice(self.people)]
        self.grants.append(self.town.grant(user, service, 600, until, price=price))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_results_transactions_and_ledger_agree(town: Town, seed: int) -> None:
    life = Life(town, random.Random(seed))
    first = tokyo_day(town.clock.now)
    for number in range(12):
        await life.day()
        if number == 9:
            leave(town, "太郎")
            life.people.remove("太郎")
        town.clock.now = Micros((town.clock.now // DAY + 1) * DAY)
    last = first + timedelta(days=20)
    assert min(life.done[act] for act in ("pay", "cancel", "give", "charge", "take_back")) > 0
    assert life.done["close"] > 0
    for _ in ("days that are added up when asked", "days that are written"):
        told = numbers_of_results(town, first, last, Scope())
        assert told == numbers_of_ledger(town)
        assert {key: n for key, n in told.items() if key[2] not in LAPSES} == numbers_of_sheet(town)
        assert {kind for _, _, kind in told} >= LAPSES
        of_shop = numbers_of_results(town, first, last, Scope(shop=ShopId(MATSUYA)))
        assert of_shop == numbers_of_sheet(town, shop=ShopId(MATSUYA))
        assert town.database.read_now(verify_results) == []
        town.clock.forward(3 * 86_400)
        write_days(town.database, process_clock(town.clock))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE close_shops SET used_yen = used_yen + 1",
        "UPDATE close_shops SET cancelled_count = cancelled_count + 1",
        "UPDATE payments SET shop_id = 'S-0002' WHERE sequence = 1",
        "DELETE FROM close_shops",
    ],
)
async def test_a_shop_whose_close_says_something_else_is_named(
    sqlite_town: Town, change: str
) -> None:
    await pay(sqlite_town, 1, voucher=400)
    await pay(sqlite_town, 2, voucher=300)
    sqlite_town.clock.forward(5 * 86_400)
    assert close_desk(sqlite_town).close_due(SERVICES[0], by="係", why="締め")
    assert sqlite_town.database.read_now(verify_results) == []

    def forge(connection: Connection) -> None:
        names = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in list(connection.execute(names).scalars()):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(text(change))

    sqlite_town.database.write_now(forge)
    found = sqlite_town.database.read_now(verify_results)
    assert any("transactions: close" in one and f"shop {MATSUYA}" in one for one in found), found


def numbers_of_results(town: Town, first: date, last: date, scope: Scope) -> Numbers:
    found = town.database.read_now(lambda c: results(c, first, last, scope))
    return {
        (day, result.service.service_id, kind.value): (one.amount, one.count)
        for day, result in found.daily
        for kind in Movement
        if (one := getattr(result, kind.value)) != Moved()
    }


def numbers_of_ledger(town: Town) -> Numbers:
    days = town.database.read_now(lambda c: list(ledger_days(c)))
    return {
        (sums.day, unit, kind.value): (moved.amount, moved.count)
        for sums in days
        for (unit, kind), moved in sums.services.items()
    }


def numbers_of_sheet(town: Town, shop: ShopId | None = None) -> Numbers:
    """Added up from the CSV, as somebody with a spreadsheet would."""
    found: Numbers = {}
    for row in town.database.read_now(partial(_rows, wanted=Wanted(shop=shop))):
        day = date.fromisoformat(row["createdAt"][:10].replace("/", "-"))
        key = day, row["serviceId"], WORDS[row["operationId"]].value
        yen, count = found.get(key, (0, 0))
        found[key] = yen + int(row["amount"]), count + 1
    return found


def _rows(connection: Connection, wanted: Wanted) -> Iterator[dict[str, str]]:
    long_snapshot(connection)
    sheet = b"".join(transactions_csv(connection, wanted, "OP-1")).decode("utf-8-sig")
    return iter(list(csv.DictReader(io.StringIO(sheet, newline=""))))
