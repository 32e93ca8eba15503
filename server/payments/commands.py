"""What the posting engine is given and gives back for a payment."""

import hashlib
import json
from dataclasses import dataclass

from protos.units import Micros, PaymentId, SaleNumber, TerminalNumber, TransactionId, UserId, Yen
from server.db import new_public_id
from server.directory import OwnerKey
from server.ledger import StreamId, WalletsOnly
from server.payments.tickets import Ticket
from server.payments.types import AgainOnStand, LegRequest, SaleKind


@dataclass(frozen=True, slots=True)
class PayCommand(WalletsOnly):
    """One request to pay, well-formed and with a genuine ticket; the ledger decides the rest.

    Its random ids are made before the first try, so that deciding needs no chance.
    """

    user_id: UserId
    owner: OwnerKey
    idempotency_key: str
    kind: SaleKind
    terminal: TerminalNumber
    sale: SaleNumber
    amount: Yen
    legs: tuple[LegRequest, ...]
    again: AgainOnStand
    announced_to: TerminalNumber | None
    """The device that will announce it, as known before the locks; checked again after."""
    deadline: Micros
    """Committed before this instant or not at all."""
    payment_id: PaymentId
    transaction_ids: tuple[TransactionId, ...]
    request_hash: bytes

    @property
    def stream(self) -> StreamId | None:
        return None if self.announced_to is None else StreamId(self.announced_to)


@dataclass(frozen=True, slots=True)
class Replay:
    """This key has paid already: the answer is that payment."""

    payment_id: PaymentId


def new_payment_ids(legs: int) -> tuple[PaymentId, tuple[TransactionId, ...]]:
    return (
        PaymentId(new_public_id()),
        tuple(TransactionId(new_public_id()) for _ in range(legs)),
    )


def command_of(
    ticket: Ticket,
    user: UserId,
    owner: OwnerKey,
    key: str,
    amount: Yen,
    legs: tuple[LegRequest, ...],
    again: AgainOnStand,
    announced_to: TerminalNumber | None,
    deadline: Micros,
) -> PayCommand:
    """A request that was found well-formed, with the ids that it will have once it is booked."""
    payment_id, transaction_ids = new_payment_ids(len(legs))
    return PayCommand(
        user_id=user,
        owner=owner,
        idempotency_key=key,
        kind=ticket.kind,
        terminal=ticket.terminal,
        sale=ticket.sale,
        amount=amount,
        legs=legs,
        again=again,
        announced_to=announced_to,
        deadline=deadline,
        payment_id=payment_id,
        transaction_ids=transaction_ids,
        request_hash=request_hash(ticket.kind, ticket.terminal, ticket.sale, amount, legs, again),
    )


def request_hash(
    kind: SaleKind,
    terminal: TerminalNumber,
    sale: SaleNumber,
    amount: Yen,
    legs: tuple[LegRequest, ...],
    again: AgainOnStand,
) -> bytes:
    """What makes two requests the same: the sale, the money and ``again``, not the scan's time."""
    content = [
        int(kind),
        terminal,
        sale,
        amount,
        [[leg.service_id, leg.amount] for leg in legs],
        again.value,
    ]
    packed = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(b"choba-pay-request-v1" + packed).digest()
