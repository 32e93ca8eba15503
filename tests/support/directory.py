"""A shop of today: services in use now, two counter devices, a stand, a customer with money.

Its campaign lies around the machine's own date, because TLS checks certificates by that.
"""

from functools import partial

from sqlalchemy import Connection

from protos.units import Micros, TerminalId, Yen
from server.campaigns import Grant, Terms, add_terms, grant_all, parse_schedule
from server.clock import DAY, system_clock
from server.db import Database
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
    create_merchant,
    create_service,
    create_shop,
    create_terminal,
    create_user,
)
from server.ledger import Operation, process_clock

VOUCHER = ServiceId("voucher-2024")
POINTS = ServiceId("points")
SHOP = ShopId("S-0001")
DEVICE = TerminalId("T-000001")
SECOND_DEVICE = TerminalId("T-000002")
STAND = TerminalId("T-000003")


PHONE = "09012345678"


def furnish(connection: Connection) -> None:
    """Create it; nothing is enrolled, nobody has money."""
    now = system_clock()
    for service in (
        Service(VOUCHER, ServiceKind.VOUCHER, "まち商品券", "Voucher", StandPayments.ALLOWED),
        Service(POINTS, ServiceKind.POINTS, "まちポイント", "Points", StandPayments.ALLOWED),
    ):
        create_service(connection, service)
        terms = Terms(
            service_id=service.service_id,
            version=1,
            valid_from=Micros(0),
            usable_from=Micros(now - 30 * DAY),
            usable_until=Micros(now + 60 * DAY),
            schedule=parse_schedule("weekly:FRI", "weekday:TUE:2", "next"),
            legal_basis="local-government",
            payer_name="ミホンシ",
        )
        add_terms(connection, terms)
    merchant = MerchantId("M-0001")
    create_merchant(connection, Merchant(merchant, "青空商店", "Aozora"))
    shop = Shop(SHOP, merchant, "青空商店 本店", "Aozora", "1-1", ShopState.OPEN)
    create_shop(connection, shop, (VOUCHER, POINTS))
    for terminal, kind, home in (
        (DEVICE, TerminalKind.DEVICE, None),
        (SECOND_DEVICE, TerminalKind.DEVICE, None),
        (STAND, TerminalKind.STAND, DEVICE),
    ):
        create_terminal(
            connection,
            terminal_id=terminal,
            kind=kind,
            shop_id=SHOP,
            name_ja=f"レジ {terminal}",
            name_en=f"Till {terminal}",
            home_terminal_id=home,
        )


def fund(database: Database, voucher: int = 500_000, points: int = 500_000) -> None:
    """A customer with ``PHONE`` and these lots."""
    user = database.write_now(
        partial(create_user, display_name="花子", phone=PHONE, at=system_clock())
    )
    grants = [
        Grant(
            idempotency_key=f"grant-{service}",
            operation=Operation.GRANT,
            user_id=user.user_id,
            owner=user.owner,
            service_id=service,
            amount=Yen(amount),
            price=Yen(0),
            expires_at=Micros(system_clock() + 60 * DAY),
        )
        for service, amount in ((VOUCHER, voucher), (POINTS, points))
    ]
    grant_all(database, grants, process_clock(system_clock))


def past_service(connection: Connection, service: ServiceId) -> None:
    """A service that could be used for ten days a month ago: it has closes that are due."""
    now = system_clock()
    create_service(
        connection, Service(service, ServiceKind.POINTS, "春祭り", "Fair", StandPayments.ALLOWED)
    )
    schedule = parse_schedule("weekly:FRI", "weekday:TUE:2", "next")
    since, until = Micros(now - 30 * DAY), Micros(now - 20 * DAY)
    terms = Terms(service, 1, Micros(0), since, until, schedule, "local-government", "ミホンシ")
    add_terms(connection, terms)
