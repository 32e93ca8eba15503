"""A message that contradicts itself never becomes a payment."""

import datetime as dt

import pytest

from device.core.configuration import ConfigurationError
from device.links.wire import WireError, configuration_of, payment_of
from protos.choba.v1 import payment_pb2, terminal_service_pb2
from protos.units import TerminalNumber
from tests.support.payments import ME, payment_message


def test_a_payment_is_read_whole() -> None:
    payment = payment_of(payment_message(), ME)
    assert payment.amount == 1200
    assert [leg.amount for leg in payment.legs] == [1000, 200]
    assert payment.legs[0].pay_day == dt.date(2024, 6, 18)
    assert payment.legs[0].balance_after[0].last_day == dt.date(2024, 8, 31)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("amount_yen", 1201, "amount_yen"),
        ("terminal_number", 8, "terminal_number"),
        ("confirmation_code", "48291", "confirmation_code"),
        ("confirmation_code", "４８２９１３", "confirmation_code"),
        ("payment_id", "", "payment_id"),
        ("sequence", 0, "sequence"),
        ("paid_at_micros", -1, "paid_at_micros"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, named: str) -> None:
    message = payment_message()
    setattr(message, field, value)
    with pytest.raises(WireError, match=named):
        payment_of(message, ME)


def test_legs_must_make_sense() -> None:
    message = payment_message()
    message.legs[0].pay_day = "2024-02-30"
    with pytest.raises(WireError, match=r"legs\.pay_day"):
        payment_of(message, ME)
    message = payment_message()
    message.legs[1].kind = payment_pb2.SERVICE_KIND_UNSPECIFIED
    with pytest.raises(WireError, match=r"legs\.kind"):
        payment_of(message, ME)
    message = payment_message()
    del message.legs[:]
    message.amount_yen = 0
    with pytest.raises(WireError, match="amount_yen"):
        payment_of(message, ME)


def test_another_terminals_payment_is_refused() -> None:
    with pytest.raises(WireError, match="terminal_number"):
        payment_of(payment_message(), TerminalNumber(ME + 1))


def test_a_configuration_that_would_show_no_qr_is_refused() -> None:
    message = terminal_service_pb2.TerminalConfiguration(
        version="1",
        shop_id="S",
        shop_name="まつや青果店",
        terminal_name="レジ1",
        wallet_host="pay.example.jp",
        wallet_scheme="https",
        amount_limit_yen=50_000,
        office_name="みほん市デジタル商品券事務局",
        office_phone="0120-000-000",
        slip_copies=1,
    )
    assert configuration_of(message).shop_name == "まつや青果店"
    message.wallet_host = "a" * 36
    with pytest.raises(ConfigurationError, match="wallet_host"):
        configuration_of(message)


def test_a_payment_on_the_stand_comes_under_the_stands_own_number() -> None:
    message = payment_message(sale=0)
    message.terminal_number = ME + 5
    assert payment_of(message, ME).sale == 0
