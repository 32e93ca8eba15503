"""What a request must look like before the ledger is asked. Pure."""

import re
from typing import Final

from protos.units import Micros, Yen
from server.payments.refusals import RefusalCode, Refused
from server.payments.tickets import Ticket
from server.payments.types import LegRequest

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_MOST_LEGS: Final = 8


def request_refusal(
    key: str, amount: Yen, ticket: Ticket, legs: tuple[LegRequest, ...], limit: Yen, at: Micros
) -> Refused | None:
    """The first thing that is wrong with a request to pay, of what can be seen without books."""
    return (
        key_refusal(key, at)
        or amount_refusal(amount, ticket, limit, at)
        or split_refusal(legs, amount, at)
    )


def key_refusal(key: str, at: Micros) -> Refused | None:
    """16 to 64 of A-Z a-z 0-9 - _."""
    if _KEY.fullmatch(key):
        return None
    return Refused(RefusalCode.KEY_MALFORMED, field="idempotency_key", at=at)


def amount_refusal(amount: int, ticket: Ticket, limit: Yen, at: Micros) -> Refused | None:
    """From 1 to the limit, and the shop's own amount where the QR fixes it."""
    if amount == 0:
        return Refused(RefusalCode.AMOUNT_ZERO, field="amount", at=at)
    if amount < 0:
        return Refused(RefusalCode.AMOUNT_NEGATIVE, field="amount", at=at)
    if amount > limit:
        return Refused(RefusalCode.AMOUNT_TOO_LARGE, field="amount", at=at, amount=limit)
    if ticket.amount not in (0, amount):
        return Refused(RefusalCode.AMOUNT_FIXED, field="amount", at=at, amount=ticket.amount)
    return None


def split_refusal(legs: tuple[LegRequest, ...], amount: Yen, at: Micros) -> Refused | None:
    """At least one leg, each above 0, no service twice, together the amount."""
    if not legs or len(legs) > _MOST_LEGS:
        return Refused(RefusalCode.SPLIT_EMPTY, field="legs", at=at)
    if any(leg.amount <= 0 for leg in legs):
        return Refused(RefusalCode.SPLIT_LEG, field="legs", at=at)
    if len({leg.service_id for leg in legs}) != len(legs):
        return Refused(RefusalCode.SPLIT_TWICE, field="legs", at=at)
    if sum(leg.amount for leg in legs) != amount:
        return Refused(RefusalCode.SPLIT_SUM, field="legs", at=at, amount=amount)
    return None
