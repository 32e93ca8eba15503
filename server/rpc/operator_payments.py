"""OperatorService, payments: many in one call for an operator's own wallet backend."""

from protos.choba.v1 import operator_payments_pb2 as pb
from protos.units import UserId, Yen
from server.directory import ServiceId
from server.payments import (
    MOST_OF_MANY,
    AgainOnStand,
    LegRequest,
    ManyPayment,
    PaidOfMany,
    PaymentDesk,
    Refused,
)
from server.rpc.calls import Context
from server.rpc.errors import whole_number
from server.rpc.refusals import payment_error

_LONGEST_TEXT = 512
_MOST_LEGS = 16


class PaymentCalls:
    """Translates; the payment desk decides."""

    def __init__(self, desk: PaymentDesk) -> None:
        self._desk = desk

    async def PayMany(self, request: pb.PayManyRequest, context: Context) -> pb.PayManyResponse:
        """A request that is malformed is refused by itself, as all others are."""
        whole_number("payments", len(request.payments), 1, MOST_OF_MANY)
        outcomes = await self._desk.pay_many([_payment(p) for p in request.payments])
        return pb.PayManyResponse(outcomes=[_outcome(outcome) for outcome in outcomes])


def _payment(message: pb.ManyPayment) -> ManyPayment:
    """Texts are cut to what the desk can still tell to be wrong; it says what is."""
    return ManyPayment(
        UserId(message.user_id[:_LONGEST_TEXT]),
        message.idempotency_key[:_LONGEST_TEXT],
        message.qr_text[:_LONGEST_TEXT],
        Yen(message.amount_yen),
        tuple(
            LegRequest(ServiceId(leg.service_id[:_LONGEST_TEXT]), Yen(leg.amount_yen))
            for leg in message.legs[:_MOST_LEGS]
        ),
        AgainOnStand.CONFIRMED if message.again_on_stand else AgainOnStand.NOT_SAID,
    )


def _outcome(outcome: PaidOfMany | Refused) -> pb.OutcomeOfMany:
    if isinstance(outcome, Refused):
        failure = payment_error(outcome).failure
        return pb.OutcomeOfMany(
            refused=pb.RefusedOfMany(
                reason=failure.reason,
                message_ja=failure.ja,
                message_en=failure.en,
                field=failure.field,
            )
        )
    return pb.OutcomeOfMany(
        paid=pb.PaidOfMany(
            payment_id=outcome.payment_id,
            transaction_ids=outcome.transaction_ids,
            paid_at_micros=outcome.paid_at,
            confirmation_code=outcome.confirmation_code,
            cancel_until_micros=outcome.cancel_until,
        )
    )
