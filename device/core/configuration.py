"""What the operator configures on a terminal, and the check that a new one must pass."""

import datetime as dt
from dataclasses import dataclass

from device.core.payment import ServiceKind
from protos.qr_token import MAX_HOST_LENGTH
from protos.units import MAX_AMOUNT, Micros, Yen

WALLET_SCHEMES = ("https", "http")
MAX_SLIP_COPIES = 2


@dataclass(frozen=True, slots=True)
class ServiceSchedule:
    """For a sale of now: when its leg of this service closes, and when the shop is paid."""

    service_id: str
    service_name: str
    kind: ServiceKind
    closes_at: Micros
    pay_day: dt.date


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of the operator."""

    notice_id: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of a terminal's configuration."""

    version: str
    shop_id: str
    shop_name: str
    terminal_name: str
    wallet_host: str
    """Host and port in the QR's URL, at most 35 characters."""
    wallet_scheme: str
    """``https``; ``http`` only in a demonstration on a local network."""
    amount_limit: Yen
    """The largest amount that staff may key in."""
    schedules: tuple[ServiceSchedule, ...]
    notices: tuple[Notice, ...]
    office_name: str
    office_phone: str
    slip_copies: int
    """0: no slips; 1: the customer's copy; 2: the shop's copy too."""


class ConfigurationError(ValueError):
    """A configuration that the device refuses; the last good one stays.

    ``code`` is ``CHOBA_CONFIGURATION_INVALID``; ``field`` names the field at fault.
    """

    code = "CHOBA_CONFIGURATION_INVALID"

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"{self.code}: {field}: {remedy}")
        self.field = field


def require_valid(configuration: Configuration) -> None:
    """Raise ConfigurationError for the first field that would make the counter unusable."""
    host = configuration.wallet_host
    checks = (
        ("version", configuration.version != "", "must not be empty"),
        ("shop_name", configuration.shop_name.strip() != "", "must not be empty"),
        (
            "wallet_host",
            0 < len(host) <= MAX_HOST_LENGTH and host.isascii() and not set(host) & set(" /?#@"),
            f"host and port of 1 to {MAX_HOST_LENGTH} ASCII characters are needed",
        ),
        (
            "wallet_scheme",
            configuration.wallet_scheme in WALLET_SCHEMES,
            "must be https (http in a demonstration only)",
        ),
        (
            "amount_limit_yen",
            0 < configuration.amount_limit <= MAX_AMOUNT,
            f"must be 1 to {MAX_AMOUNT}",
        ),
        (
            "slip_copies",
            0 <= configuration.slip_copies <= MAX_SLIP_COPIES,
            f"must be 0 to {MAX_SLIP_COPIES}",
        ),
    )
    for field, holds, remedy in checks:
        if not holds:
            raise ConfigurationError(field, remedy)
