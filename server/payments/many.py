"""Many payments in one call, for an operator's own wallet backend.

Each is what ``pay`` is, accepted or refused by itself; what they share is the trip: one look at
the directory, one place in the posting engine's queue.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection

from protos.confirmation import confirmation_code, stand_code
from protos.qr_token import Token
from protos.units import Micros, PaymentId, TerminalNumber, TransactionId, UserId, Yen
from server.db import Database, LedgerOverloaded
from server.directory import Counter, CounterReader, Keyring, OwnerKey, owners_of
from server.ledger import PostingEngine
from server.payments.commands import PayCommand, Replay, command_of
from server.payments.queries import Queries
from server.payments.refusals import RefusalCode, Refused
from server.payments.requests import request_refusal
from server.payments.rules import Committed, PayAnswer
from server.payments.scanning import freshness, genuine_token, sale_kind
from server.payments.settings import DeskSettings
from server.payments.tickets import Ticket
from server.payments.types import AgainOnStand, LegRequest, Payment, SaleKind

MOST_OF_MANY: Final = 500


@dataclass(frozen=True, slots=True)
class ManyPayment:
    """One request: what ``pay`` takes, with the QR itself in place of a scan ticket."""

    user_id: UserId
    idempotency_key: str
    qr_text: str
    amount: Yen
    legs: tuple[LegRequest, ...]
    again: AgainOnStand = AgainOnStand.NOT_SAID


@dataclass(frozen=True, slots=True)
class PaidOfMany:
    """What the customer has to see; the rest is in the history."""

    payment_id: PaymentId
    transaction_ids: tuple[TransactionId, ...]
    """In the order of the legs of the request; of a repeated request as they are shown."""
    paid_at: Micros
    confirmation_code: str
    cancel_until: Micros


class ManyPayments:
    """The way of one call. ``owners`` is the desk's memory of customers' numbers."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: DeskSettings,
        queries: Queries,
        owners: OrderedDict[UserId, OwnerKey],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._queries = queries
        self._owners = owners
        self._counters: dict[TerminalNumber, Counter] = {}

    async def pay(
        self,
        requests: Sequence[ManyPayment],
        engine: PostingEngine[PayCommand, PayAnswer],
        arrived_at: Micros,
    ) -> tuple[PaidOfMany | Refused, ...]:
        tokens = [
            genuine_token(r.qr_text, self._keyring, self._settings, arrived_at) for r in requests
        ]
        numbers = {token.terminal for token in tokens if isinstance(token, Token)}
        unknown = {r.user_id for r in requests}.difference(self._owners)
        await self._database.read(partial(self._look, numbers=numbers, users=unknown))
        prepared = [
            self._command(request, token, arrived_at)
            for request, token in zip(requests, tokens, strict=True)
        ]
        commands = [p for p in prepared if isinstance(p, PayCommand)]
        try:
            answers = iter(await engine.submit_all(commands))
        except LedgerOverloaded:
            refused = Refused(RefusalCode.OVERLOADED, at=arrived_at)
            return tuple(refused if isinstance(p, PayCommand) else p for p in prepared)
        settled = [next(answers) if isinstance(p, PayCommand) else p for p in prepared]
        return await self._outcomes(settled)

    def _look(
        self, connection: Connection, numbers: set[TerminalNumber], users: set[UserId]
    ) -> None:
        if numbers:
            self._counters = CounterReader(self._database.kind).read(connection, numbers)
        if users:
            self._owners.update(owners_of(connection, users))

    def _command(
        self, request: ManyPayment, token: Token | Refused, at: Micros
    ) -> PayCommand | Refused:
        if isinstance(token, Refused):
            return token
        counter = self._counters.get(token.terminal)
        if counter is None:
            return Refused(RefusalCode.TERMINAL_UNKNOWN, at=at)
        ticket = Ticket(sale_kind(token), token.terminal, token.sale, token.amount, at)
        stale = freshness(token, counter.drift, self._settings, at)
        if stale is not None and stale.code is not RefusalCode.QR_EXPIRED:
            return stale
        refused = request_refusal(
            request.idempotency_key,
            request.amount,
            ticket,
            request.legs,
            self._settings.max_amount,
            at,
        )
        if refused is not None:
            return refused
        owner = self._owners.get(request.user_id)
        if owner is None:
            return Refused(RefusalCode.USER_UNKNOWN, at=at)
        return command_of(
            ticket,
            request.user_id,
            owner,
            request.idempotency_key,
            request.amount,
            request.legs,
            request.again,
            ticket.terminal if ticket.kind is SaleKind.DYNAMIC else counter.announced_to,
            # too old is for the ledger to say: the same request may have paid while it was fresh
            Micros(0 if stale else at + self._settings.commit_within),
        )

    async def _outcomes(self, settled: Sequence[PayAnswer]) -> tuple[PaidOfMany | Refused, ...]:
        repeated = [answer.payment_id for answer in settled if isinstance(answer, Replay)]
        known: dict[PaymentId, Payment] = {}
        if repeated:
            found = await self._database.read(
                partial(self._queries.payments_by_id, payment_ids=repeated)
            )
            known = {payment.payment_id: payment for payment in found}
        outcomes: list[PaidOfMany | Refused] = []
        for answer in settled:
            if isinstance(answer, Committed):
                outcomes.append(self._paid(answer))
            elif isinstance(answer, Replay):
                outcomes.append(_repeated(known[answer.payment_id]))
            else:
                outcomes.append(answer)
        return tuple(outcomes)

    def _paid(self, committed: Committed) -> PaidOfMany:
        command, legs = committed.draft.command, committed.draft.legs
        key = self._keyring.terminal_keys(command.terminal).confirmation
        if command.kind is SaleKind.STAND:
            code = stand_code(key, command.payment_id)
        else:
            code = confirmation_code(key, command.terminal, command.sale, command.amount)
        return PaidOfMany(
            command.payment_id,
            command.transaction_ids,
            committed.booking.instant,
            code,
            Micros(min(leg.closing.closes_at for leg in legs)),
        )


def _repeated(payment: Payment) -> PaidOfMany:
    return PaidOfMany(
        payment.payment_id,
        tuple(leg.transaction_id for leg in payment.legs),
        payment.paid_at,
        payment.confirmation_code,
        payment.cancel_until,
    )
