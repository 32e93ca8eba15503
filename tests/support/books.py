"""A small town in the books: services, shops, terminals, customers with lots, in June 2024."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from protos.qr_token import Token, TokenKind, mint
from protos.units import Micros, SaleNumber, TerminalId, TerminalNumber, UnixSeconds, Yen
from server.campaigns import Grant, Terms, add_terms, grant_all, parse_schedule
from server.clock import SECOND, TOKYO, micros_of
from server.db import Database, new_public_id, open_database
from server.directory import (
    Keyring,
    Merchant,
    MerchantId,
    Service,
    ServiceId,
    ServiceKind,
    Shop,
    ShopId,
    ShopState,
    StandPayments,
    TerminalKind,
    User,
    create_merchant,
    create_service,
    create_shop,
    create_terminal,
    create_user,
    enrol_terminal,
)
from server.ledger import Operation, process_clock, verify_ledger
from server.payments import DeskHooks, DeskSettings, LegRequest, PaymentDesk, SaleOffer

VOUCHER = ServiceId("voucher-2024")
POINTS = ServiceId("points-2024")
HOST = "mihon.example"
MASTER = b"m" * 32


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Micros:
    """A wall-clock time in Japan."""
    return micros_of(datetime(year, month, day, hour, minute, tzinfo=TOKYO))


NOON = moment(2024, 6, 5, 12)
"""Wednesday of the reference campaign's first week."""
END_OF_JUNE = moment(2024, 7, 1)
END_OF_AUGUST = moment(2024, 9, 1)


@dataclass
class HandClock:
    """A clock that a test moves."""

    now: Micros = NOON

    def __call__(self) -> Micros:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now = Micros(self.now + int(seconds * SECOND))


@dataclass
class Town:
    """What the tests play in."""

    database: Database
    keyring: Keyring
    clock: HandClock
    matsuya: TerminalNumber
    """A device of まつや青果店, which takes vouchers and points."""
    kissaten: TerminalNumber
    """A device of a shop that takes points only."""
    stand: TerminalNumber
    """A stand of まつや青果店; its home device is ``matsuya``."""
    users: dict[str, User] = field(default_factory=dict)

    def moved_to(self, database: Database) -> "Town":
        """The same town in a copy of its database, at noon."""
        return replace(self, database=database, clock=HandClock(), users=dict(self.users))

    def qr(self, sale: int, amount: int = 0, **changes: Any) -> str:
        """The token that まつや's device shows now, or a variation of it."""
        token = Token(
            TokenKind.DYNAMIC,
            self.matsuya,
            SaleNumber(sale),
            UnixSeconds(self.clock.now // SECOND),
            Yen(amount),
        )
        token = replace(token, **changes)
        return mint(token, self.keyring.terminal_keys(token.terminal).qr)

    def stand_qr(self, **changes: Any) -> str:
        stand: dict[str, Any] = {
            "kind": TokenKind.STAND,
            "terminal": self.stand,
            "sale": 0,
            "minted_at": UnixSeconds(0),
        }
        return self.qr(**stand | changes)

    def add_user(self, name: str) -> User:
        number = 10_000_000 + len(self.users)
        self.users[name] = self.database.write_now(
            partial(create_user, display_name=name, phone=f"090{number}", at=self.clock.now)
        )
        return self.users[name]

    def grant(
        self, user: User, service: ServiceId, amount: int, expires_at: Micros, price: int = 0
    ) -> str:
        grant = Grant(
            idempotency_key=new_public_id(),
            operation=Operation.CHARGE if price else Operation.GRANT,
            user_id=user.user_id,
            owner=user.owner,
            service_id=service,
            amount=Yen(amount),
            price=Yen(price),
            expires_at=expires_at,
        )
        return grant_all(self.database, [grant], process_clock(self.clock))[0].grant_id

    def holdings(self) -> dict[tuple[str, str], int]:
        """Every customer's balance by name and service, straight from the cache."""
        rows = self.database.read_now(
            lambda c: c.execute(text("SELECT owner, service_id, balance FROM wallets")).all()
        )
        names = {user.owner: name for name, user in self.users.items()}
        return {(names[owner], service): balance for owner, service, balance in rows}

    def count(self, table: str) -> int:
        statement = text(f"SELECT count(*) FROM {table}")
        return int(self.database.read_now(lambda c: c.execute(statement).scalar_one()))

    def assert_books_hold(self) -> None:
        audit = self.database.read_now(verify_ledger)
        assert audit.holds, audit.findings

    @asynccontextmanager
    async def desk(
        self, hooks: DeskHooks | None = None, **settings: Any
    ) -> AsyncIterator[PaymentDesk]:
        desk = PaymentDesk(
            database=self.database,
            keyring=self.keyring,
            clock=self.clock,
            settings=DeskSettings(own_hosts=frozenset({HOST}), **settings),
            hooks=hooks,
            ledger_clock=process_clock(self.clock),
        )
        async with desk:
            yield desk


async def ticket_of(desk: PaymentDesk, qr: str, town: Town) -> str:
    offer = await desk.look_up(qr, town.clock.now)
    assert isinstance(offer, SaleOffer), offer
    return offer.ticket


def legs(voucher: int = 0, points: int = 0) -> tuple[LegRequest, ...]:
    wanted = ((VOUCHER, voucher), (POINTS, points))
    return tuple(LegRequest(service, Yen(amount)) for service, amount in wanted if amount)


def new_key() -> str:
    return new_public_id()


def build_town(database: Database) -> Town:
    """Two services, two shops, three terminals, and 花子 with three lots."""
    clock = HandClock()
    matsuya, kissaten, stand = database.write_now(partial(_lay_out, at=clock.now))
    town = Town(database, Keyring(MASTER), clock, matsuya, kissaten, stand)
    hanako = town.add_user("花子")
    town.grant(hanako, VOUCHER, 5000, END_OF_AUGUST, price=4166)
    town.grant(hanako, POINTS, 300, END_OF_AUGUST)
    town.grant(hanako, POINTS, 200, END_OF_JUNE)
    town.add_user("太郎")
    town.grant(town.users["太郎"], VOUCHER, 3000, END_OF_AUGUST, price=2500)
    return town


def _lay_out(
    connection: Connection, at: Micros
) -> tuple[TerminalNumber, TerminalNumber, TerminalNumber]:
    for service_id, kind, ja, en in (
        (VOUCHER, ServiceKind.VOUCHER, "商品券", "Voucher"),
        (POINTS, ServiceKind.POINTS, "ポイント", "Points"),
    ):
        service = Service(service_id, kind, ja, en, StandPayments.ALLOWED)
        create_service(connection, service)
    add_terms(
        connection,
        Terms(
            VOUCHER,
            1,
            Micros(0),
            moment(2024, 6, 3, 10),
            END_OF_AUGUST,
            parse_schedule("weekly:FRI", "weekday:TUE:2", "next"),
            "local-government",
            "ミホンシ",
        ),
    )
    add_terms(
        connection,
        Terms(
            POINTS,
            1,
            Micros(0),
            moment(2024, 4, 1),
            moment(2025, 4, 1),
            parse_schedule("month-end", "business-day:7", "next"),
            "local-government",
            "ミホンシ",
        ),
    )
    merchant = Merchant(MerchantId("M-0001"), "みほん商店会", "Mihon Shops")
    create_merchant(connection, merchant)
    matsuya = Shop(
        ShopId("S-0001"),
        merchant.merchant_id,
        "まつや青果店",
        "Matsuya Greens",
        "みほん市本町2",
        ShopState.OPEN,
    )
    create_shop(connection, matsuya, (VOUCHER, POINTS))
    kissa = replace(
        matsuya, shop_id=ShopId("S-0002"), name_ja="喫茶こだま", name_en="Kodama Coffee"
    )
    create_shop(connection, kissa, (POINTS,))
    numbers = []
    for terminal_id, terminal_kind, shop, home in (
        ("T-000412", TerminalKind.DEVICE, matsuya, None),
        ("T-000413", TerminalKind.DEVICE, kissa, None),
        ("T-000900", TerminalKind.STAND, matsuya, TerminalId("T-000412")),
    ):
        create_terminal(
            connection,
            terminal_id=TerminalId(terminal_id),
            kind=terminal_kind,
            shop_id=shop.shop_id,
            name_ja="レジ1",
            name_en="Register 1",
            home_terminal_id=home,
        )
        numbers.append(enrol_terminal(connection, TerminalId(terminal_id), at))
    return numbers[0], numbers[1], numbers[2]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close_now()
