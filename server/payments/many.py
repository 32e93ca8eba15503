"""Many payments in one call, for an operator's own wallet backend.

Each is what ``pay`` is, accepted or refused by itself; what they share is the trip: one look at
the directory, one place in the posting engine's queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from protos.qr_token import Token
from protos.units import Micros, PaymentId, TransactionId, UserId, Yen
from server.db import Database, LedgerOverloaded
from server.directory import Counter, CounterReader, Keyring, KnownOwners, OwnerKey
from server.ledger import PostingEngine
from server.payments.assembly import code_of
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
    """Built once; any number of calls at the same time."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: DeskSettings,
        queries: Queries,
        owners: KnownOwners,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._queries = queries
        self._owners = owners
        self._counters: Final = CounterReader(database.kind)

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
        counters = (
            await self._database.read(partial(self._counters.read, numbers=numbers))
            if numbers
            else {}
        )
        owners = await self._owners.of_all({r.user_id for r in requests})
        prepared = [
            token
            if isinstance(token, Refused)
            else self._command(
                request,
                token,
                counters.get(token.terminal),
                owners.get(request.user_id),
                arrived_at,
            )
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

    def _command(
        self,
        request: ManyPayment,
        token: Token,
        counter: Counter | None,
        owner: OwnerKey | None,
        at: Micros,
    ) -> PayCommand | Refused:
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
        return PaidOfMany(
            command.payment_id,
            command.transaction_ids,
            committed.booking.instant,
            code_of(
                self._keyring,
                command.kind,
                command.payment_id,
                command.terminal,
                command.sale,
                command.amount,
            ),
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
