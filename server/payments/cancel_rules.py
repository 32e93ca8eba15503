"""The rules of a cancel (OP4 利用キャンセル): a pure decision over what the batch holds."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from protos.units import Micros, PaymentId, TransactionId, UserId, Yen
from server.directory import OwnerKey, Service, ServiceId, ShopId
from server.ledger import (
    Accept,
    AccountId,
    Books,
    Decline,
    EntryDraft,
    LotId,
    LotLine,
    Operation,
    PostingDraft,
    Unit,
    Wallet,
    WalletsOnly,
)
from server.payments import cancel_refusals as refuse
from server.payments.cancel_types import (
    AcceptExpired,
    CancelBy,
    Cancelled,
    CancelRequest,
    CancelSlip,
    ExpiredLotRule,
)
from server.refusal import Refusal

CancelKey = tuple[int, str, str]
"""Kind and name of who acts, and the idempotency key."""


@dataclass(frozen=True, slots=True)
class PaidLeg:
    """A leg of the payment, as the books hold it."""

    transaction_id: TransactionId
    service_id: ServiceId
    amount: Yen


@dataclass(frozen=True, slots=True)
class PaidBefore:
    """What a cancel needs to know of the payment; none of it ever changes."""

    payment_id: PaymentId
    user_id: UserId
    owner: OwnerKey
    shop_id: ShopId
    amount: Yen
    paid_at: Micros
    cancel_until: Micros
    """The earliest ``closes_at`` of its legs."""
    legs: tuple[PaidLeg, ...]
    lines: tuple[LotLine, ...]
    """The postings of its entry: what was taken from which lot."""


@dataclass(frozen=True, slots=True)
class CancelCommand(WalletsOnly):
    """One request with everything that is known before the locks. Its ids are made beforehand."""

    request: CancelRequest
    by: CancelBy
    payment: PaidBefore
    cancel_id: str
    transaction_ids: tuple[TransactionId, ...]
    salt: bytes
    expired: dict[ServiceId, AccountId]
    forfeited: dict[ServiceId, AccountId]
    """Accounts for what is lost at once; empty unless the caller has said so."""

    @property
    def owner(self) -> OwnerKey:
        return self.payment.owner

    @property
    def lots(self) -> tuple[LotId, ...]:
        return tuple(line.lot for line in self.payment.lines)

    @property
    def key(self) -> CancelKey:
        return int(self.by.kind), self.by.name, self.request.idempotency_key

    def note_hash(self) -> bytes:
        return note_hash(self.salt, self.request.why)


@dataclass(frozen=True, slots=True)
class Replay:
    """This key has cancelled already: the answer is that cancel."""

    cancel_id: str


CancelAnswer = Cancelled | Refusal | Replay


@dataclass(slots=True)
class CancelState:
    """What one batch of cancels knows besides the customers' books."""

    services: dict[ServiceId, Service]
    rules: dict[ServiceId, ExpiredLotRule]
    departed: set[OwnerKey]
    instant: Micros
    keys: dict[CancelKey, tuple[bytes, str]] = field(default_factory=dict)
    """Request hash and cancel id."""
    cancelled: dict[PaymentId, Micros] = field(default_factory=dict)
    refunded: dict[PaymentId, Yen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftCancel:
    """A cancel as it will be written, before it has its place in the books."""

    command: CancelCommand
    slips: tuple[CancelSlip, ...]


def decide_cancel(
    books: Books, state: CancelState, command: CancelCommand, instant: Micros
) -> Accept[DraftCancel] | Decline[CancelAnswer]:
    """Accept, or the first reason not to, in the order: key, comparison, state, time, lots."""
    stored = state.keys.get(command.key)
    if stored is not None:
        same = stored[0] == command.request.request_hash()
        return Decline(Replay(stored[1]) if same else refuse.key_reused())
    refused = _refusal(state, command, instant)
    if refused is not None:
        return Decline(refused)
    slips = tuple(
        _slip(books, state, command, leg, transaction_id, instant)
        for leg, transaction_id in zip(command.payment.legs, command.transaction_ids, strict=True)
    )
    refused = _loss_refusal(state, command, slips)
    if refused is not None:
        return Decline(refused)
    draft = DraftCancel(command, slips)
    entry = EntryDraft(
        entry_id=command.cancel_id,
        operation=Operation.CANCEL_USE,
        subject=_subject_of(draft),
        postings=_postings(state, command, instant),
    )
    return Accept(entry, draft)


def _refusal(state: CancelState, command: CancelCommand, at: Micros) -> Refusal | None:
    payment = command.payment
    different = _difference(command.request, payment)
    if different:
        return refuse.mismatch(different)
    cancelled_at = state.cancelled.get(payment.payment_id)
    if cancelled_at is not None:
        return refuse.already_cancelled(cancelled_at)
    refunded = state.refunded.get(payment.payment_id, 0)
    if refunded:
        return refuse.refunded_in_cash(Yen(refunded))
    if at >= payment.cancel_until:
        return refuse.closed(payment.cancel_until)
    if at <= payment.paid_at:
        return refuse.clock_behind()
    return None


def _difference(request: CancelRequest, payment: PaidBefore) -> str:
    """The field that is not the payment's; "" when all was compared rightly."""
    if request.shop_id != payment.shop_id:
        return "shop_id"
    return "" if request.amount == payment.amount else "amount"


def _lost(line: LotLine, departed: bool, at: Micros) -> tuple[int, int]:
    """How much of what a posting took would expire, and be forfeited, when it is given back."""
    if line.expires_at <= at:
        return line.amount, 0
    return (0, line.amount) if departed else (0, 0)


def _slip(
    books: Books,
    state: CancelState,
    command: CancelCommand,
    leg: PaidLeg,
    transaction_id: TransactionId,
    at: Micros,
) -> CancelSlip:
    departed = command.owner in state.departed
    lines = [line for line in command.payment.lines if line.unit == Unit(leg.service_id)]
    lost = [_lost(line, departed, at) for line in lines]
    expired, forfeited = sum(part for part, _ in lost), sum(part for _, part in lost)
    before = _usable(books.wallet(command.owner, Unit(leg.service_id)), at)
    return CancelSlip(
        transaction_id=transaction_id,
        target_transaction_id=leg.transaction_id,
        service_id=leg.service_id,
        amount=leg.amount,
        before=Yen(before),
        after=Yen(before + leg.amount - expired - forfeited),
        expired=Yen(expired),
        forfeited=Yen(forfeited),
    )


def _usable(wallet: Wallet | None, at: Micros) -> int:
    lots = wallet.lots if wallet is not None else []
    return sum(lot.remaining for lot in lots if lot.expires_at > at)


def _loss_refusal(
    state: CancelState, command: CancelCommand, slips: tuple[CancelSlip, ...]
) -> Refusal | None:
    """A service that refuses expired lots comes first: nothing that can't be is offered."""
    for slip in slips:
        rule = state.rules.get(slip.service_id, ExpiredLotRule.RESTORE_AND_EXPIRE)
        if slip.expired and rule is ExpiredLotRule.REFUSE:
            names = _names(state, slip.service_id)
            return refuse.expired_refused(slip.expired, slip.service_id, names)
    if command.request.accept_expired is AcceptExpired.RESTORE_AND_EXPIRE:
        return None
    for slip in slips:
        if slip.expired or slip.forfeited:
            names = _names(state, slip.service_id)
            return refuse.would_expire(slip.expired, slip.forfeited, slip.service_id, names)
    return None


def _names(state: CancelState, service_id: ServiceId) -> tuple[str, str]:
    service = state.services.get(service_id)
    return (service.name_ja, service.name_en) if service else (service_id, service_id)


def _postings(state: CancelState, command: CancelCommand, at: Micros) -> tuple[PostingDraft, ...]:
    """Each posting the other way round, then what is lost at once."""
    departed = command.owner in state.departed
    back = [
        PostingDraft(line.credit, line.debit, line.amount, line.lot)
        for line in command.payment.lines
    ]
    gone = []
    for line in command.payment.lines:
        expired, forfeited = _lost(line, departed, at)
        service = ServiceId(line.unit)
        if expired:
            account = command.expired[service]
            gone.append(PostingDraft(line.debit, account, Yen(expired), line.lot))
        if forfeited:
            account = command.forfeited[service]
            gone.append(PostingDraft(line.debit, account, Yen(forfeited), line.lot))
    return (*back, *gone)


def note_hash(salt: bytes, why: str) -> bytes:
    """What the books keep of a reason, so that the reason itself can be deleted."""
    return hashlib.sha256(b"choba-note-v1" + salt + why.encode("utf-8")).digest()


def asker_hash(name: str, key: str) -> bytes:
    """Who asked under which key; the key is random, so that the hash tells no name."""
    return hashlib.sha256(b"choba-asker-v1" + f"{key}\0{name}".encode()).digest()


_HEAD: Final = struct.Struct(">15s20s20sBBq32s32s32sH")
_SLIP: Final = struct.Struct(">20s20sqqqqqH")


def _subject_of(draft: DraftCancel) -> bytes:
    command = draft.command
    return cancel_subject(
        command.cancel_id,
        command.payment.payment_id,
        int(command.by.kind),
        int(command.request.accept_expired),
        command.payment.amount,
        asker_hash(command.by.name, command.request.idempotency_key),
        command.request.request_hash(),
        command.note_hash(),
        draft.slips,
    )


def cancel_subject(
    cancel_id: str,
    payment_id: str,
    by_kind: int,
    accept_expired: int,
    amount: int,
    hash_of_asker: bytes,
    request_hash: bytes,
    hash_of_note: bytes,
    slips: Sequence[CancelSlip],
) -> bytes:
    """What the chain holds of a cancel's own rows, version 1.

    ``choba-cancel-v1`` ‖ cancel id 20 ‖ payment id 20 ‖ kind of who acted 1 ‖ accept_expired 1 ‖
    amount 8 ‖ hash of name and key 32 ‖ request hash 32 ‖ hash of the note 32 ‖ number of
    slips 2 ‖ per slip: transaction id 20 ‖ target 20 ‖ amount 8 ‖ before 8 ‖ after 8 ‖
    expired 8 ‖ forfeited 8 ‖ length of the service id 2 ‖ service id; SHA-256.
    """
    packed = _HEAD.pack(
        b"choba-cancel-v1",
        cancel_id.encode("ascii"),
        payment_id.encode("ascii"),
        by_kind,
        accept_expired,
        amount,
        hash_of_asker,
        request_hash,
        hash_of_note,
        len(slips),
    )
    for slip in slips:
        service = slip.service_id.encode("utf-8")
        packed += _SLIP.pack(
            slip.transaction_id.encode("ascii"),
            slip.target_transaction_id.encode("ascii"),
            slip.amount,
            slip.before,
            slip.after,
            slip.expired,
            slip.forfeited,
            len(service),
        )
        packed += service
    return hashlib.sha256(packed).digest()
