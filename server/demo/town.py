"""みほん市: its services, shops, terminals and customers."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, TerminalId, Yen
from server.campaigns import (
    ExpiryKind,
    ExpiryRule,
    Funding,
    Grant,
    Terms,
    add_expiry_rule,
    add_terms,
    grant_all,
    parse_schedule,
)
from server.campaigns.selling import add_campaign_terms
from server.clock import Clock
from server.db import Database
from server.demo.calendar import DemoCalendar
from server.demo.campaign import reference_terms
from server.directory import (
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
    services,
    user_by_phone,
)
from server.ledger import Operation, process_clock

VOUCHER: Final = ServiceId("mihon-voucher")
POINTS: Final = ServiceId("mihon-points")
UNIT_FACE, UNIT_PRICE = 1_200, 1_000
_PAYER: Final = "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝｼﾞﾑｷﾖｸ"


@dataclass(frozen=True, slots=True)
class DemoShop:
    """A shop with its terminals: id, name in Japanese and English."""

    number: int
    name_ja: str
    name_en: str
    address: str
    takes: tuple[ServiceId, ...]
    terminals: tuple[tuple[str, str, str], ...]
    stand: str = ""
    """Terminal id of the printed stand, if there is one; the first register is its home."""


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A customer: units of vouchers bought, and points with the months they last."""

    name: str
    phone: str
    units: tuple[int, ...]
    points: tuple[tuple[int, int], ...]


SHOPS: Final = (
    DemoShop(
        1,
        "まつや青果店",
        "Matsuya Greens",
        "みほん市本町2-1",
        (VOUCHER, POINTS),
        (("T-000412", "レジ1", "Register 1"), ("T-000413", "レジ2", "Register 2")),
        stand="T-000900",
    ),
    DemoShop(
        2,
        "喫茶こだま",
        "Kodama Coffee",
        "みほん市駅前1-5",
        (VOUCHER, POINTS),
        (("T-000421", "カウンター", "Counter"),),
        stand="T-000901",
    ),
    DemoShop(
        3,
        "ふくろう書店",
        "Fukurou Books",
        "みほん市本町3-8",
        (POINTS,),
        (("T-000431", "レジ1", "Register 1"),),
    ),
)

CUSTOMERS: Final = (
    DemoCustomer("見本 花子", "09000000001", (10, 5), ((300, 1), (250, 4))),
    DemoCustomer("見本 太郎", "09000000002", (30,), ((1_000, 4),)),
    DemoCustomer("試験 次郎", "09000000003", (1,), ((80, 0),)),
    DemoCustomer("手本 幸子", "09000000004", (), ((450, 4),)),
)


def is_there(database: Database) -> bool:
    """Whether this town was laid out before."""
    return database.read_now(
        lambda c: any(service.service_id == VOUCHER for service in services(c))
    )


def lay_out(database: Database, clock: Clock, calendar: DemoCalendar) -> None:
    """Services, terms, shops and terminals in one transaction; then customers, each with lots."""
    database.write_now(lambda c: _directory(c, calendar, clock()))
    for customer in CUSTOMERS:
        settle(database, clock, calendar, customer)


def settle(
    database: Database, clock: Clock, calendar: DemoCalendar, customer: DemoCustomer
) -> User:
    """A customer with what they bought and earned. Doing it again changes nothing."""
    user = database.write_now(lambda c: _user(c, customer, clock()))
    grants = [
        *(
            _grant(
                user,
                VOUCHER,
                f"units-{i}",
                UNIT_FACE * units,
                calendar.voucher_until,
                UNIT_PRICE * units,
            )
            for i, units in enumerate(customer.units)
        ),
        *(
            _grant(user, POINTS, f"points-{i}", amount, calendar.end_of_month(months), 0)
            for i, (amount, months) in enumerate(customer.points)
        ),
    ]
    if grants:
        grant_all(database, grants, process_clock(clock))
    return user


def _user(connection: Connection, customer: DemoCustomer, at: Micros) -> User:
    known = user_by_phone(connection, customer.phone)
    return known or create_user(connection, display_name=customer.name, phone=customer.phone, at=at)


def _grant(
    user: User, service: ServiceId, what: str, face: int, expires_at: Micros, price: int
) -> Grant:
    return Grant(
        idempotency_key=f"demo-{user.user_id}-{what}",
        operation=Operation.CHARGE if price else Operation.GRANT,
        user_id=user.user_id,
        owner=user.owner,
        service_id=service,
        amount=Yen(face),
        price=Yen(price),
        expires_at=expires_at,
        funding=Funding.PREMIUM if price else Funding.ISSUED,
    )


def _directory(connection: Connection, calendar: DemoCalendar, now: Micros) -> None:
    for service_id, kind, ja, en in (
        (VOUCHER, ServiceKind.VOUCHER, "商品券", "Voucher"),
        (POINTS, ServiceKind.POINTS, "ポイント", "Points"),
    ):
        create_service(connection, Service(service_id, kind, ja, en, StandPayments.ALLOWED))
    add_terms(
        connection,
        Terms(
            service_id=VOUCHER,
            version=1,
            valid_from=Micros(0),
            usable_from=calendar.voucher_from,
            usable_until=calendar.voucher_until,
            schedule=parse_schedule("weekly:FRI", "weekday:TUE:2", "next"),
            legal_basis="local-government",
            payer_name=_PAYER,
        ),
    )
    add_terms(
        connection,
        Terms(
            service_id=POINTS,
            version=1,
            valid_from=Micros(0),
            usable_from=calendar.points_from,
            usable_until=calendar.points_until,
            schedule=parse_schedule("month-end", "business-day:7", "next"),
            legal_basis="local-government",
            payer_name=_PAYER,
        ),
    )
    for service, rule in (
        (VOUCHER, ExpiryRule(ExpiryKind.USABLE_UNTIL)),
        (POINTS, ExpiryRule(ExpiryKind.MONTH_END, 4)),
    ):
        add_expiry_rule(connection, service, rule, Micros(0))
    terms = reference_terms(calendar, VOUCHER, POINTS)
    add_campaign_terms(connection, terms, lambda _connection: now)
    for shop in SHOPS:
        _shop(connection, shop, now)


def _shop(connection: Connection, shop: DemoShop, now: Micros) -> None:
    merchant = Merchant(MerchantId(f"M-{shop.number:04}"), shop.name_ja, shop.name_en)
    create_merchant(connection, merchant)
    shop_id = ShopId(f"S-{shop.number:04}")
    create_shop(
        connection,
        Shop(
            shop_id,
            merchant.merchant_id,
            shop.name_ja,
            shop.name_en,
            shop.address,
            ShopState.OPEN,
        ),
        shop.takes,
    )
    for terminal_id, name_ja, name_en in shop.terminals:
        create_terminal(
            connection,
            terminal_id=TerminalId(terminal_id),
            kind=TerminalKind.DEVICE,
            shop_id=shop_id,
            name_ja=name_ja,
            name_en=name_en,
            home_terminal_id=None,
        )
    if shop.stand:
        create_terminal(
            connection,
            terminal_id=TerminalId(shop.stand),
            kind=TerminalKind.STAND,
            shop_id=shop_id,
            name_ja="店頭のQR",
            name_en="Stand",
            home_terminal_id=TerminalId(shop.terminals[0][0]),
        )
        enrol_terminal(connection, TerminalId(shop.stand), now)
