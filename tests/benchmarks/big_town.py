"""The town of the big books: shops, counters, customers, and what they are given, by real code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Connection, insert

from protos.units import Micros, TerminalId, UserId, Yen
from server.campaigns import Funding, Grant, Terms, grant_all, terms_at
from server.clock import DAY, HOUR, MINUTE, start_of_day
from server.db import Database, new_public_id
from server.db.schema import directory as directory_tables
from server.directory import (
    Merchant,
    MerchantId,
    OwnerKey,
    ServiceId,
    Shop,
    ShopId,
    ShopState,
    TerminalKind,
    create_merchant,
    create_shop,
    create_terminal,
    enrol_terminal,
)
from server.ledger import (
    AccountId,
    LaneId,
    LotId,
    Operation,
    allocate,
    ledger_id,
    open_lane,
    process_clock,
)
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, HandClock, _lay_out, moment

FIRST_DAY: Final = date(2024, 6, 3)
LAST_DAY: Final = date(2024, 8, 31)
SERVICES: Final = (VOUCHER, POINTS)
LANES: Final = ("main", "main-2", "main-3", "main-4")
_SHOPS_OF_A_MERCHANT: Final = 4
_EXTRA: Final = 50
"""One customer in so many is given points on each Monday."""
_END_OF_POINTS: Final = moment(2025, 4, 1)


@dataclass(frozen=True, slots=True)
class Counter:
    """A device, with the accounts that its shop is credited on."""

    number: int
    terminal_id: str
    shop_id: str
    accounts: tuple[AccountId, AccountId]
    """In the order of ``SERVICES``."""


@dataclass(slots=True)
class Lot:
    lot_id: LotId
    account: AccountId
    expires_at: int
    left: int
    touched: bool = False


@dataclass(slots=True)
class Customer:
    user_id: str
    owner: int
    lots: tuple[list[Lot], list[Lot]] = field(default_factory=lambda: ([], []))
    """In the order of ``SERVICES``, earliest expiry first."""


@dataclass(slots=True)
class BigTown:
    """What payments are made of."""

    clock: HandClock
    ledger: str
    lanes: tuple[LaneId, ...]
    cancels: LaneId
    counters: list[Counter]
    customers: list[Customer]
    terms: tuple[Terms, Terms]


def lay_out(database: Database, shops: int, customers: int) -> BigTown:
    """Shops with one counter, every fourth with two; customers with nothing yet."""
    clock = HandClock(Micros(start_of_day(FIRST_DAY) - 2 * DAY))
    database.write_now(partial(_lay_out, at=clock.now))
    counters = database.write_now(partial(_shops, count=shops, at=clock.now))
    people = database.write_now(partial(_people, count=customers, at=clock.now))

    def lanes(connection: Connection) -> tuple[LaneId, ...]:
        return tuple(open_lane(connection, name) for name in (*LANES, "cancels"))

    *payments, cancels = database.write_now(lanes)

    terms = database.read_now(partial(terms_at, instant=moment(2024, 6, 3, 10)))
    return BigTown(
        clock,
        database.read_now(ledger_id),
        tuple(payments),
        cancels,
        counters,
        people,
        (terms[VOUCHER], terms[POINTS]),
    )


def hand_out(database: Database, town: BigTown, monday: date) -> None:
    """Before the first week vouchers and points for everybody, each Monday points for some."""
    first = monday == FIRST_DAY
    wanted: list[tuple[Customer, int, Grant]] = []
    for number, customer in enumerate(town.customers):
        if first:
            wanted.append((customer, 0, _charge(customer)))
            wanted.append((customer, 1, _points(customer, 60_000, Micros(_END_OF_POINTS))))
        elif (number + monday.toordinal()) % _EXTRA == 0:
            until = start_of_day(monday + timedelta(days=120))
            wanted.append((customer, 1, _points(customer, 300, until)))
    if not first:
        town.clock.now = Micros(start_of_day(monday) + 8 * HOUR)
    outcomes = grant_all(database, [grant for _, _, grant in wanted], process_clock(town.clock))
    ids = [outcome.grant_id for outcome in outcomes]
    issued = database.read_now(partial(_issued, ids=ids))
    for (customer, service, grant), grant_id in zip(wanted, ids, strict=True):
        lot_id, account = issued[grant_id]
        lots = customer.lots[service]
        lots.append(Lot(lot_id, account, grant.expires_at, grant.amount))
        lots.sort(key=lambda lot: (lot.expires_at, lot.lot_id))


def _issued(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[LotId, AccountId]]:
    wanted = set(ids)
    rows = connection.exec_driver_sql("SELECT entry_id, lot_id, account_id FROM lots")
    return {e: (LotId(lot), AccountId(account)) for e, lot, account in rows if e in wanted}


def _charge(customer: Customer) -> Grant:
    return Grant(
        idempotency_key=new_public_id(),
        operation=Operation.CHARGE,
        user_id=UserId(customer.user_id),
        owner=OwnerKey(customer.owner),
        service_id=VOUCHER,
        amount=Yen(240_000),
        price=Yen(200_000),
        expires_at=END_OF_AUGUST,
        funding=Funding.PREMIUM,
    )


def _points(customer: Customer, amount: int, until: Micros) -> Grant:
    return Grant(
        idempotency_key=new_public_id(),
        operation=Operation.GRANT,
        user_id=UserId(customer.user_id),
        owner=OwnerKey(customer.owner),
        service_id=POINTS,
        amount=Yen(amount),
        price=Yen(0),
        expires_at=until,
    )


def _shops(connection: Connection, count: int, at: Micros) -> list[Counter]:
    counters = []
    for number in range(count):
        merchant = MerchantId(f"M-{1000 + number // _SHOPS_OF_A_MERCHANT}")
        if number % _SHOPS_OF_A_MERCHANT == 0:
            create_merchant(connection, Merchant(merchant, f"大帳商店会{number}", "Big Books"))
        shop = Shop(
            ShopId(f"S-{10_000 + number}"),
            merchant,
            f"大帳商店 {number}",
            f"Big Shop {number}",
            f"みほん市大町{number}",
            ShopState.OPEN,
        )
        create_shop(connection, shop, SERVICES)
        rows = connection.exec_driver_sql(
            f"SELECT service_id, account_id FROM shop_services WHERE shop_id = '{shop.shop_id}'"
        )
        accounts: dict[ServiceId, AccountId] = {
            ServiceId(service): AccountId(account) for service, account in rows
        }
        for register in range(2 if number % 4 == 0 else 1):
            terminal = TerminalId(f"T-{100_000 + 10 * number + register}")
            create_terminal(
                connection,
                terminal_id=terminal,
                kind=TerminalKind.DEVICE,
                shop_id=shop.shop_id,
                name_ja=f"レジ{register + 1}",
                name_en=f"Register {register + 1}",
            )
            enrolled = enrol_terminal(connection, terminal, at)
            pair = (accounts[VOUCHER], accounts[POINTS])
            counters.append(Counter(enrolled, terminal, shop.shop_id, pair))
    return counters


def _people(connection: Connection, count: int, at: Micros) -> list[Customer]:
    owners = allocate(connection, "owner", count)
    customers = [Customer(new_public_id(), owner) for owner in owners]
    connection.execute(
        insert(directory_tables.users),
        [{"user_id": c.user_id, "owner": c.owner, "created_at": at} for c in customers],
    )
    return customers


OPENS_AT: Final = 10 * HOUR
CLOSES_AT: Final = 21 * HOUR
LAST_CANCEL_AT: Final = CLOSES_AT + 90 * MINUTE
