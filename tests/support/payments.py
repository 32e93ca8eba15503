"""A payment as the server announces it: ¥1,200 as ¥1,000 of vouchers and ¥200 of points."""

from protos.choba.v1 import payment_pb2
from protos.units import TerminalNumber

ME = TerminalNumber(7)


def payment_message(
    *, sale: int = 217_556_401, sequence: int = 1, payment_id: str = "P" * 20
) -> payment_pb2.Payment:
    """The message; its parts can be changed by the caller."""
    return payment_pb2.Payment(
        payment_id=payment_id,
        terminal_number=ME,
        sale_number=sale,
        amount_yen=1200,
        legs=[
            payment_pb2.PaymentLeg(
                service_id="V",
                service_name="商品券",
                kind=payment_pb2.SERVICE_KIND_VOUCHER,
                amount_yen=1000,
                transaction_id="49pvdaZclEbD9NcoAIQL",
                closes_at_micros=1_717_772_400_000_000,
                pay_day="2024-06-18",
                balance_after=[payment_pb2.LotBalance(amount_yen=11_000, last_day="2024-08-31")],
            ),
            payment_pb2.PaymentLeg(
                service_id="P",
                service_name="ポイント",
                kind=payment_pb2.SERVICE_KIND_POINTS,
                amount_yen=200,
                transaction_id="diQLwZzLubmLzowpJADg",
                closes_at_micros=1_719_759_600_000_000,
                pay_day="2024-07-09",
                balance_after=[payment_pb2.LotBalance(amount_yen=350, last_day="2025-03-31")],
            ),
        ],
        paid_at_micros=1_717_565_528_000_000,
        sequence=sequence,
        confirmation_code="482913",
        cancel_until_micros=1_717_772_400_000_000,
    )
