"""Protobuf to the core's frozen values. What doesn't make sense is refused whole, by name."""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from device.core.configuration import (
    Configuration,
    Notice,
    ServiceSchedule,
    require_valid,
)
from device.core.payment import STAND_SALE, Leg, LotBalance, Payment, ServiceKind
from protos.choba.v1 import payment_pb2, terminal_service_pb2
from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalNumber,
    TransactionId,
    Yen,
)

T = TypeVar("T")


class WireError(ValueError):
    """A message whose content makes no sense. ``code`` is CHOBA_WIRE_MALFORMED."""

    code = "CHOBA_WIRE_MALFORMED"

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{self.code}: {field}: {what}")
        self.field = field


def payment_of(message: payment_pb2.Payment, terminal: TerminalNumber) -> Payment:
    """A payment for this terminal.

    Raises WireError when it is another terminal's, or when its parts contradict each other: a sum
    of legs that isn't the amount must never reach a screen.
    """
    # a stand has a number of its own and its home device announces for it: the envelope's MAC, or
    # the terminal's own connection, has said already that this message is for this terminal
    of_a_stand = message.sale_number == STAND_SALE
    if message.terminal_number != terminal and not of_a_stand:
        raise WireError("terminal_number", f"{message.terminal_number} is not this terminal")
    legs = tuple(_leg_of(leg) for leg in message.legs)
    if not legs or sum(leg.amount for leg in legs) != message.amount_yen:
        raise WireError("amount_yen", "is not the sum of the legs")
    code = message.confirmation_code
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        raise WireError("confirmation_code", "six digits are needed")
    return Payment(
        payment_id=PaymentId(_needed("payment_id", message.payment_id)),
        sale=SaleNumber(message.sale_number),
        amount=Yen(message.amount_yen),
        legs=legs,
        paid_at=Micros(_positive("paid_at_micros", message.paid_at_micros)),
        sequence=Sequence(_positive("sequence", message.sequence)),
        confirmation_code=code,
        cancel_until=Micros(_positive("cancel_until_micros", message.cancel_until_micros)),
    )


def configuration_of(message: terminal_service_pb2.TerminalConfiguration) -> Configuration:
    """A configuration that passed the core's own check.

    Raises WireError, or ConfigurationError for a field that would make the counter unusable.
    """
    configuration = Configuration(
        version=message.version,
        shop_id=message.shop_id,
        shop_name=message.shop_name,
        terminal_name=message.terminal_name,
        wallet_host=message.wallet_host,
        wallet_scheme=message.wallet_scheme,
        amount_limit=Yen(message.amount_limit_yen),
        schedules=tuple(_schedule_of(item) for item in message.schedules),
        notices=tuple(Notice(n.notice_id, n.title, n.body) for n in message.notices),
        office_name=message.office_name,
        office_phone=message.office_phone,
        slip_copies=message.slip_copies,
    )
    require_valid(configuration)
    return configuration


def _leg_of(message: payment_pb2.PaymentLeg) -> Leg:
    return Leg(
        service_id=_needed("legs.service_id", message.service_id),
        service_name=_needed("legs.service_name", message.service_name),
        kind=_read("legs.kind", ServiceKind, message.kind),
        amount=Yen(_positive("legs.amount_yen", message.amount_yen)),
        transaction_id=TransactionId(_needed("legs.transaction_id", message.transaction_id)),
        closes_at=Micros(_positive("legs.closes_at_micros", message.closes_at_micros)),
        pay_day=_read("legs.pay_day", dt.date.fromisoformat, message.pay_day),
        balance_after=tuple(
            LotBalance(
                Yen(lot.amount_yen),
                _read("legs.balance_after.last_day", dt.date.fromisoformat, lot.last_day),
            )
            for lot in message.balance_after
        ),
    )


def _schedule_of(message: terminal_service_pb2.ServiceSchedule) -> ServiceSchedule:
    return ServiceSchedule(
        service_id=_needed("schedules.service_id", message.service_id),
        service_name=_needed("schedules.service_name", message.service_name),
        kind=_read("schedules.kind", ServiceKind, message.kind),
        closes_at=Micros(_positive("schedules.closes_at_micros", message.closes_at_micros)),
        pay_day=_read("schedules.pay_day", dt.date.fromisoformat, message.pay_day),
    )


def _needed(field: str, text: str) -> str:
    if not text:
        raise WireError(field, "is empty")
    return text


def _positive(field: str, number: int) -> int:
    if number <= 0:
        raise WireError(field, "must be above 0")
    return number


def _read(field: str, reader: Callable[..., T], raw: object) -> T:
    try:
        return reader(raw)
    except (ValueError, TypeError) as error:
        raise WireError(field, f"{raw!r} cannot be read") from error
