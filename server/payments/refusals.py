"""Every reason for which a payment, a claim or a scan is refused, and its words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protos.units import Micros, Yen
from server.directory import ServiceId

_NO_YEN: Final = Yen(0)
_NO_TIME: Final = Micros(0)


class RefusalCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    # The QR
    QR_MALFORMED = "CHOBA_PAYMENT_QR_MALFORMED"
    QR_OTHER_HOST = "CHOBA_PAYMENT_QR_OTHER_HOST"
    QR_NOT_GENUINE = "CHOBA_PAYMENT_QR_NOT_GENUINE"
    QR_EXPIRED = "CHOBA_PAYMENT_QR_EXPIRED"
    QR_FROM_FUTURE = "CHOBA_PAYMENT_QR_FROM_FUTURE"
    QR_TRAINING = "CHOBA_PAYMENT_QR_TRAINING"
    TERMINAL_UNKNOWN = "CHOBA_PAYMENT_TERMINAL_UNKNOWN"
    TERMINAL_RETIRED = "CHOBA_PAYMENT_TERMINAL_RETIRED"
    TERMINAL_OTHER_KIND = "CHOBA_PAYMENT_TERMINAL_OTHER_KIND"
    STAND_NOT_ALLOWED = "CHOBA_PAYMENT_STAND_NOT_ALLOWED"
    SHOP_CLOSED = "CHOBA_PAYMENT_SHOP_CLOSED"
    # The sale
    SALE_PAID = "CHOBA_PAYMENT_SALE_PAID"
    SALE_VOID = "CHOBA_PAYMENT_SALE_VOID"
    SALE_CLAIMED = "CHOBA_PAYMENT_SALE_CLAIMED"
    CLAIM_TOO_OFTEN = "CHOBA_PAYMENT_CLAIM_TOO_OFTEN"
    CLAIM_BLOCKED = "CHOBA_PAYMENT_CLAIM_BLOCKED"
    # The ticket
    TICKET_INVALID = "CHOBA_PAYMENT_TICKET_INVALID"
    TICKET_EXPIRED = "CHOBA_PAYMENT_TICKET_EXPIRED"
    # The request
    USER_UNKNOWN = "CHOBA_PAYMENT_USER_UNKNOWN"
    KEY_MALFORMED = "CHOBA_PAYMENT_KEY_MALFORMED"
    KEY_REUSED = "CHOBA_PAYMENT_KEY_REUSED"
    AMOUNT_ZERO = "CHOBA_PAYMENT_AMOUNT_ZERO"
    AMOUNT_NEGATIVE = "CHOBA_PAYMENT_AMOUNT_NEGATIVE"
    AMOUNT_TOO_LARGE = "CHOBA_PAYMENT_AMOUNT_TOO_LARGE"
    AMOUNT_FIXED = "CHOBA_PAYMENT_AMOUNT_FIXED"
    SPLIT_EMPTY = "CHOBA_PAYMENT_SPLIT_EMPTY"
    SPLIT_SUM = "CHOBA_PAYMENT_SPLIT_SUM"
    SPLIT_LEG = "CHOBA_PAYMENT_SPLIT_LEG"
    SPLIT_TWICE = "CHOBA_PAYMENT_SPLIT_TWICE"
    # The money
    SERVICE_UNKNOWN = "CHOBA_PAYMENT_SERVICE_UNKNOWN"
    SERVICE_NOT_HERE = "CHOBA_PAYMENT_SERVICE_NOT_HERE"
    WINDOW_NOT_OPEN = "CHOBA_PAYMENT_WINDOW_NOT_OPEN"
    WINDOW_OVER = "CHOBA_PAYMENT_WINDOW_OVER"
    BALANCE_SHORT = "CHOBA_PAYMENT_BALANCE_SHORT"
    STAND_AGAIN = "CHOBA_PAYMENT_STAND_AGAIN"
    # The server
    OVERLOADED = "CHOBA_PAYMENT_OVERLOADED"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing moved, and why. Fields that say nothing of this code keep their defaults."""

    code: RefusalCode
    field: str = ""
    """The request's field that is wrong, by its name in the interface."""
    at: Micros = _NO_TIME
    """The server's clock when it was decided."""
    short: Yen = _NO_YEN
    """BALANCE_SHORT: what is missing."""
    usable: Yen = _NO_YEN
    """BALANCE_SHORT: what is there of that service."""
    amount: Yen = _NO_YEN
    """AMOUNT_FIXED, SPLIT_SUM: what it should have been; AMOUNT_TOO_LARGE: the limit."""
    service_id: ServiceId | None = None
    service_name_ja: str = ""
    service_name_en: str = ""
    usable_from: Micros = _NO_TIME
    usable_until: Micros = _NO_TIME
    """WINDOW_*: the half-open usage period of the service."""
    retry_at: Micros = _NO_TIME
    """SALE_CLAIMED, CLAIM_*: not before this instant."""
