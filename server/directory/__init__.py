"""Operator, services, merchants, shops, terminals, users."""

from server.directory.keyring import Keyring
from server.directory.types import (
    Merchant,
    MerchantId,
    OwnerKey,
    Service,
    ServiceId,
    ServiceKind,
    Shop,
    ShopId,
    ShopState,
    StandPayments,
    Terminal,
    TerminalKind,
    User,
)

__all__ = [
    "Keyring",
    "Merchant",
    "MerchantId",
    "OwnerKey",
    "Service",
    "ServiceId",
    "ServiceKind",
    "Shop",
    "ShopId",
    "ShopState",
    "StandPayments",
    "Terminal",
    "TerminalKind",
    "User",
]
