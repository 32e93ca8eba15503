"""The rules of a payment: a pure decision over what the batch holds. No input, no output."""

from dataclasses import dataclass, field

from protos.units import Micros, Sequence, TerminalNumber, TransactionId, UserId, Yen
from server.campaigns import Closing, Terms
from server.directory import (
    Counter,
    Service,
    ServiceId,
    ShopState,
    StandPayments,
    TerminalKind,
)
from server.ledger import (
    Accept,
    Booking,
    Books,
    Decline,
    EntryDraft,
    OpenLot,
    Operation,
    PostingDraft,
    Unit,
    Wallet,
)
from server.payments.commands import PayCommand, Replay
from server.payments.refusals import RefusalCode, Refused
from server.payments.subject import payment_subject
from server.payments.types import (
    AgainOnStand,
    AnnouncementId,
    LegRequest,
    SaleKind,
    SaleState,
)

SaleKey = tuple[int, int]
"""Terminal number and sale number."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What an idempotency key stands for already."""

    request_hash: bytes
    answer: Replay | Refused


@dataclass(frozen=True, slots=True)
class HeldSale:
    """An open claim."""

    user_id: UserId
    expires_at: Micros


@dataclass(slots=True)
class PayState:
    """What one batch of payments knows besides the customers' books."""

    services: dict[ServiceId, Service]
    terms: dict[ServiceId, Terms]
    terms_until: Micros
    """The first instant at which other terms hold."""
    counters: dict[TerminalNumber, Counter]
    instant: Micros
    keys: dict[tuple[UserId, str], StoredKey] = field(default_factory=dict)
    sales: dict[SaleKey, SaleState] = field(default_factory=dict)
    held: dict[SaleKey, HeldSale] = field(default_factory=dict)
    stand_payments: dict[tuple[UserId, TerminalNumber, int], Micros] = field(default_factory=dict)
    """Last payment of this customer on this stand with this amount."""
    declined: list[tuple[PayCommand, Refused]] = field(default_factory=list)
    """Decided by this batch, to be stored; an answer that a key already had is not here."""


@dataclass(frozen=True, slots=True)
class DraftLeg:
    """One leg as it will be written."""

    transaction_id: TransactionId
    service: Service
    amount: Yen
    before: Yen
    after: Yen
    closing: Closing
    lots_after: tuple[tuple[Micros, int], ...]
    """Expiry and rest of each lot that is left, earliest first."""
    taken: tuple[tuple[OpenLot, int], ...]


@dataclass(frozen=True, slots=True)
class DraftPayment:
    """A payment as it will be written, before it has its place in the books."""

    command: PayCommand
    counter: Counter
    legs: tuple[DraftLeg, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Committed:
    """A payment with its place in the books, once the batch is committed."""

    draft: DraftPayment
    booking: Booking

    @property
    def announcement_id(self) -> AnnouncementId | None:
        """Its row in the outbox; None where no device announces it."""
        number = self.draft.command.announced_to
        return None if number is None else AnnouncementId(number, Sequence(self.booking.sequence))


PayAnswer = Committed | Refused | Replay


def decide_payment(
    books: Books, state: PayState, command: PayCommand, instant: Micros, stand_repeat: int
) -> Accept[DraftPayment] | Decline[PayAnswer]:
    """Accept, or the first reason not to, in the order: key, time, place, sale, money."""
    stored = state.keys.get((command.user_id, command.idempotency_key))
    if stored is not None:
        return Decline(_stored_answer(stored, command, instant))
    counter = state.counters.get(command.terminal)
    refused = (
        _late(command, instant)
        or counter_refusal(counter, command.kind, instant)
        or _sale_refusal(state, command, instant)
        or _stand_repeat(state, command, instant, stand_repeat)
    )
    if refused is not None or counter is None:
        return Decline(refused or Refused(RefusalCode.TERMINAL_UNKNOWN, at=instant))
    if command.announced_to != counter.announced_to:
        return Decline(Refused(RefusalCode.TERMINAL_RETIRED, at=instant))
    legs: list[DraftLeg] = []
    for leg, transaction_id in zip(command.legs, command.transaction_ids, strict=True):
        drafted = _draft_leg(books, state, counter, command, leg, transaction_id, instant)
        if isinstance(drafted, Refused):
            return Decline(drafted)
        legs.append(drafted)
    payment = DraftPayment(command, counter, tuple(legs))
    return Accept(_entry(payment), payment)


def counter_refusal(counter: Counter | None, kind: SaleKind, at: Micros) -> Refused | None:
    """Why nothing can be paid at this terminal now; None when it can."""
    if counter is None:
        return Refused(RefusalCode.TERMINAL_UNKNOWN, at=at)
    if counter.retired:
        return Refused(RefusalCode.TERMINAL_RETIRED, at=at)
    if (kind is SaleKind.STAND) != (counter.kind is TerminalKind.STAND):
        return Refused(RefusalCode.TERMINAL_OTHER_KIND, at=at)
    if counter.shop_state is not ShopState.OPEN:
        return Refused(RefusalCode.SHOP_CLOSED, at=at)
    return None


def service_refusal(
    service: Service | None, terms: Terms | None, counter: Counter, kind: SaleKind, at: Micros
) -> Refused | None:
    """Why this service cannot be used here and now; None when it can."""
    if service is None or terms is None:
        return Refused(RefusalCode.SERVICE_UNKNOWN, field="legs", at=at)
    code: RefusalCode | None = None
    if service.service_id not in counter.accounts:
        code = RefusalCode.SERVICE_NOT_HERE
    elif kind is SaleKind.STAND and service.stand_payments is StandPayments.REFUSED:
        code = RefusalCode.STAND_NOT_ALLOWED
    elif at < terms.usable_from:
        code = RefusalCode.WINDOW_NOT_OPEN
    elif at >= terms.usable_until:
        code = RefusalCode.WINDOW_OVER
    if code is None:
        return None
    return Refused(
        code,
        field="legs",
        at=at,
        service_id=service.service_id,
        service_name_ja=service.name_ja,
        service_name_en=service.name_en,
        usable_from=terms.usable_from,
        usable_until=terms.usable_until,
    )


def usable_lots(wallet: Wallet | None, at: Micros) -> list[OpenLot]:
    """Lots that can be spent at an instant, in the order in which they are spent."""
    lots = wallet.lots if wallet is not None else []
    return [lot for lot in lots if lot.remaining > 0 and lot.expires_at > at]


def sale_taken(state: SaleState, at: Micros) -> Refused | None:
    """Why a sale with this outcome takes no payment; None while it is open."""
    match state:
        case SaleState.OPEN:
            return None
        case SaleState.PAID:
            return Refused(RefusalCode.SALE_PAID, at=at)
        case SaleState.VOID:
            return Refused(RefusalCode.SALE_VOID, at=at)


def _stored_answer(stored: StoredKey, command: PayCommand, at: Micros) -> PayAnswer:
    if stored.request_hash != command.request_hash:
        return Refused(RefusalCode.KEY_REUSED, field="idempotency_key", at=at)
    return stored.answer


def _late(command: PayCommand, at: Micros) -> Refused | None:
    return Refused(RefusalCode.TICKET_EXPIRED, at=at) if at >= command.deadline else None


def _sale_refusal(state: PayState, command: PayCommand, at: Micros) -> Refused | None:
    if command.kind is SaleKind.STAND:
        return None
    key = (command.terminal, command.sale)
    taken = sale_taken(state.sales.get(key, SaleState.OPEN), at)
    if taken is not None:
        return taken
    held = state.held.get(key)
    if held is not None and held.user_id != command.user_id and held.expires_at > at:
        return Refused(RefusalCode.SALE_CLAIMED, at=at, retry_at=held.expires_at)
    return None


def _stand_repeat(state: PayState, command: PayCommand, at: Micros, within: int) -> Refused | None:
    if command.kind is not SaleKind.STAND or command.again is AgainOnStand.CONFIRMED:
        return None
    last = state.stand_payments.get((command.user_id, command.terminal, command.amount))
    if last is None or at - last >= within:
        return None
    return Refused(RefusalCode.STAND_AGAIN, at=at, amount=command.amount)


def _draft_leg(
    books: Books,
    state: PayState,
    counter: Counter,
    command: PayCommand,
    leg: LegRequest,
    transaction_id: TransactionId,
    at: Micros,
) -> DraftLeg | Refused:
    service, terms = state.services.get(leg.service_id), state.terms.get(leg.service_id)
    refused = service_refusal(service, terms, counter, command.kind, at)
    if refused is not None or service is None or terms is None:
        return refused or Refused(RefusalCode.SERVICE_UNKNOWN, field="legs", at=at)
    lots = usable_lots(books.wallet(command.owner, Unit(leg.service_id)), at)
    usable = sum(lot.remaining for lot in lots)
    if usable < leg.amount:
        return Refused(
            RefusalCode.BALANCE_SHORT,
            field="legs",
            at=at,
            short=Yen(leg.amount - usable),
            usable=Yen(usable),
            amount=command.amount,
            service_id=service.service_id,
            service_name_ja=service.name_ja,
            service_name_en=service.name_en,
        )
    taken = _take(lots, leg.amount)
    used = {lot.lot_id: amount for lot, amount in taken}
    after = [(lot.expires_at, lot.remaining - used.get(lot.lot_id, 0)) for lot in lots]
    return DraftLeg(
        transaction_id,
        service,
        leg.amount,
        Yen(usable),
        Yen(usable - leg.amount),
        terms.closing(at),
        tuple((expires_at, rest) for expires_at, rest in after if rest > 0),
        taken,
    )


def _take(lots: list[OpenLot], amount: int) -> tuple[tuple[OpenLot, int], ...]:
    """Earliest expiry first; the caller has made sure that there is enough."""
    taken: list[tuple[OpenLot, int]] = []
    for lot in lots:
        part = min(lot.remaining, amount)
        taken.append((lot, part))
        amount -= part
        if amount == 0:
            break
    return tuple(taken)


def _entry(payment: DraftPayment) -> EntryDraft:
    command, accounts = payment.command, payment.counter.accounts
    postings = tuple(
        PostingDraft(lot.account_id, accounts[leg.service.service_id], Yen(part), lot.lot_id)
        for leg in payment.legs
        for lot, part in leg.taken
    )
    return EntryDraft(
        entry_id=command.payment_id,
        operation=Operation.USE,
        subject=_subject_of(payment),
        postings=postings,
        announced_on=command.stream,
    )


def _subject_of(payment: DraftPayment) -> bytes:
    command = payment.command
    return payment_subject(
        command.payment_id,
        command.kind,
        command.terminal,
        command.sale,
        command.amount,
        command.announced_to,
        command.request_hash,
        command.user_id,
        command.idempotency_key,
        payment.counter.shop_id,
        [
            (
                leg.transaction_id,
                leg.service.service_id,
                leg.amount,
                leg.closing.closes_at,
                leg.closing.pay_day.toordinal(),
                leg.before,
                leg.after,
                leg.lots_after,
            )
            for leg in payment.legs
        ],
    )
