"""A small town: one merchant, one shop, a counter device, a second one, a printed stand."""

from sqlalchemy import Connection

from protos.units import TerminalId
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
)

VOUCHER = ServiceId("voucher-2024")
POINTS = ServiceId("points")
SHOP = ShopId("S-0001")
DEVICE = TerminalId("T-000001")
SECOND_DEVICE = TerminalId("T-000002")
STAND = TerminalId("T-000003")


def furnish(connection: Connection) -> None:
    """Create it; nothing is enrolled."""
    for service in (
        Service(VOUCHER, ServiceKind.VOUCHER, "まち商品券", "Voucher", StandPayments.ALLOWED),
        Service(POINTS, ServiceKind.POINTS, "まちポイント", "Points", StandPayments.ALLOWED),
    ):
        create_service(connection, service)
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
