"""Cancels as they travel, the same for operators and terminals."""

from protos.choba.v1 import cancel_pb2 as pb
from server.payments import AcceptExpired, Cancelled
from server.rpc.errors import invalid_field

_ACCEPT: dict[int, AcceptExpired] = {
    pb.ACCEPT_EXPIRED_UNSPECIFIED: AcceptExpired.NOT_SAID,
    pb.ACCEPT_EXPIRED_RESTORE_AND_EXPIRE: AcceptExpired.RESTORE_AND_EXPIRE,
}


def accept_expired(value: int) -> AcceptExpired:
    """Raises CallError for a number that this server does not know."""
    known = _ACCEPT.get(value)
    if known is None:
        raise invalid_field("accept_expired", "is not a known answer")
    return known


def cancellation_message(cancelled: Cancelled) -> pb.Cancellation:
    """A cancel with its slips."""
    return pb.Cancellation(
        cancel_id=cancelled.cancel_id,
        payment_id=cancelled.payment_id,
        amount_yen=cancelled.amount,
        cancelled_at_micros=cancelled.cancelled_at,
        slips=[
            pb.CancelSlip(
                transaction_id=slip.transaction_id,
                target_transaction_id=slip.target_transaction_id,
                service_id=slip.service_id,
                amount_yen=slip.amount,
                before_yen=slip.before,
                after_yen=slip.after,
                expired_yen=slip.expired,
                forfeited_yen=slip.forfeited,
            )
            for slip in cancelled.slips
        ],
    )
