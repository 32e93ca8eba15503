"""Who and what the ledger's movements belong to, as frozen values."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

from protos.units import Micros, TerminalId, TerminalNumber, UserId
from server.ledger import OwnerKey

ServiceId = NewType("ServiceId", str)
"""Public id of a service, e.g. ``voucher-2024``."""

MerchantId = NewType("MerchantId", str)
"""Public id of a merchant (加盟店), e.g. ``M-0001``."""

ShopId = NewType("ShopId", str)
"""Public id of a shop (店舗), e.g. ``S-0001``."""


class DirectoryError(ValueError):
    """A record that cannot be: the text names the field and what it takes instead."""

    code = "CHOBA_DIRECTORY_RECORD"


class ServiceKind(IntEnum):
    """serviceType of the CSV files; the same numbers as ``choba.v1.ServiceKind``."""

    MONEY = 1
    POINTS = 2
    VOUCHER = 3


class TerminalKind(IntEnum):
    """A counter device with a screen, or the printed QR on a stand."""

    DEVICE = 1
    STAND = 2


class StandPayments(IntEnum):
    """Whether a service may be paid with on a printed QR."""

    REFUSED = 0
    ALLOWED = 1


class ShopState(IntEnum):
    OPEN = 1
    CLOSED = 2


@dataclass(frozen=True, slots=True)
class Service:
    """A money, point or voucher service (サービス) of the operator."""

    service_id: ServiceId
    kind: ServiceKind
    name_ja: str
    name_en: str
    stand_payments: StandPayments


@dataclass(frozen=True, slots=True)
class Merchant:
    merchant_id: MerchantId
    name_ja: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Shop:
    shop_id: ShopId
    merchant_id: MerchantId
    name_ja: str
    name_en: str
    address: str
    state: ShopState


@dataclass(frozen=True, slots=True)
class Terminal:
    """A place where payments are taken. Its id stays; its number changes at each enrolment."""

    terminal_id: TerminalId
    kind: TerminalKind
    shop_id: ShopId
    name_ja: str
    name_en: str
    number: TerminalNumber | None
    """The number of the current enrolment; None before the first."""
    home_terminal_id: TerminalId | None
    """A stand's: the device that announces its payments."""


@dataclass(frozen=True, slots=True)
class User:
    """A customer. Name and telephone number stand in a table that can be deleted."""

    user_id: UserId
    owner: OwnerKey
    display_name: str
    phone: str
    """Digits only, e.g. ``09000000001``; empty once deleted."""
    created_at: Micros
