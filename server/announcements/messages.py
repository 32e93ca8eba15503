"""A payment of the desk as the message that announcements, gRPC and slips share."""

from protos.choba.v1 import payment_pb2 as pb
from server.directory import ServiceKind
from server.payments import LotBalance, Payment, PaymentLeg

KINDS = {
    ServiceKind.MONEY: pb.SERVICE_KIND_MONEY,
    ServiceKind.POINTS: pb.SERVICE_KIND_POINTS,
    ServiceKind.VOUCHER: pb.SERVICE_KIND_VOUCHER,
}


def payment_message(payment: Payment) -> pb.Payment:
    """The whole payment, balances included: the customer's slip is printed from it."""
    return pb.Payment(
        payment_id=payment.payment_id,
        terminal_number=payment.terminal_number,
        sale_number=payment.sale_number,
        amount_yen=payment.amount,
        legs=[_leg(leg) for leg in payment.legs],
        paid_at_micros=payment.paid_at,
        sequence=payment.sequence,
        confirmation_code=payment.confirmation_code,
        cancel_until_micros=payment.cancel_until,
    )


def lot_message(lot: LotBalance) -> pb.LotBalance:
    """Part of a balance that expires on one day."""
    return pb.LotBalance(amount_yen=lot.amount, last_day=lot.last_day.isoformat())


def _leg(leg: PaymentLeg) -> pb.PaymentLeg:
    return pb.PaymentLeg(
        service_id=leg.service_id,
        service_name=leg.name_ja,
        kind=KINDS[leg.kind],
        amount_yen=leg.amount,
        transaction_id=leg.transaction_id,
        closes_at_micros=leg.closes_at,
        pay_day=leg.pay_day.isoformat(),
        balance_after=[lot_message(lot) for lot in leg.balance_after],
    )
