"""The ledger's entries of payouts, corrections and returns, and the digests that they carry.

A payout moves what is owed (SHOP) to PAID_OUT when the bank's file is handed over, its fee to FEES;
a return moves it back, and gives the shop its fee out of the operator's funds: the bank keeps what
it has charged, and the shop is charged when a transfer arrives.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, Yen
from server.checkpoints import CheckpointPort, no_checkpoint
from server.db import DatabaseKind
from server.directory import ServiceId
from server.ledger import (
    NO_LOT,
    OPERATOR,
    Accept,
    AccountId,
    AccountKind,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LedgerClock,
    Operation,
    OwnerKey,
    Poster,
    PostingDraft,
    Unit,
    WalletsOnly,
    accounts_of,
    open_account,
    open_lane,
)
from server.settlement.payouts.types import Correction, Item, Payout

LANE: Final = "payouts"
_OWN: Final = (
    AccountKind.PAID_OUT,
    AccountKind.FEES,
    AccountKind.FUNDS,
    AccountKind.CORRECTIONS,
)

Own = Mapping[AccountKind, AccountId]
"""The operator's accounts of one service."""


def own_accounts(connection: Connection, service: ServiceId) -> Own:
    """Opened where they are not there."""
    return {kind: open_account(connection, kind, Unit(service), OPERATOR) for kind in _OWN}


def own_accounts_there(connection: Connection, service: ServiceId) -> Own:
    """For readers: 0 where an account was never opened."""
    unit = Unit(service)
    return {kind: next(iter(accounts_of(connection, kind, unit)), AccountId(0)) for kind in _OWN}


def has_entry(payout: Payout) -> bool:
    """Whether it moves anything at all."""
    return any(share.amount or share.fee for share in payout.shares)


def payout_entry(payout: Payout, items: Sequence[Item], own: Own) -> EntryDraft:
    """Of a payout that moves something, when its bulk is handed over."""
    return EntryDraft(
        payout.payout_id,
        Operation.PAY_OUT,
        payout_subject(payout, items),
        payout_lines(payout, own),
    )


def payout_lines(payout: Payout, own: Own) -> tuple[PostingDraft, ...]:
    """By shop; then the fee that the operator bears."""
    lines = []
    for share in payout.shares:
        if share.amount:
            lines.append(_signed(share.account, own[AccountKind.PAID_OUT], share.amount))
        if share.fee:
            lines.append(_signed(share.account, own[AccountKind.FEES], share.fee))
    if payout.operator_fee:
        funds, fees = own[AccountKind.FUNDS], own[AccountKind.FEES]
        lines.append(_signed(funds, fees, payout.operator_fee))
    return tuple(lines)


def return_entry(return_id: str, payout: Payout, own: Own, subject: bytes) -> EntryDraft:
    return EntryDraft(return_id, Operation.RETURN_PAY_OUT, subject, return_lines(payout, own))


def return_lines(payout: Payout, own: Own) -> tuple[PostingDraft, ...]:
    """Each share comes back; the shop's fee is given back by the operator."""
    lines = []
    for share in payout.shares:
        if share.amount:
            lines.append(_signed(own[AccountKind.PAID_OUT], share.account, share.amount))
        if share.fee:
            lines.append(_signed(own[AccountKind.FUNDS], share.account, share.fee))
    return tuple(lines)


def correction_entry(correction: Correction, own: Own, subject: bytes) -> EntryDraft:
    return EntryDraft(
        correction.correction_id,
        Operation.CORRECT,
        subject,
        correction_lines(correction.account, correction.amount, own),
    )


def correction_lines(account: AccountId, amount: int, own: Own) -> tuple[PostingDraft, ...]:
    return (_signed(own[AccountKind.CORRECTIONS], account, amount),)


def _signed(debit: AccountId, credit: AccountId, amount: int) -> PostingDraft:
    """A negative amount goes the other way."""
    if amount < 0:
        debit, credit = credit, debit
    return PostingDraft(debit, credit, Yen(abs(amount)), NO_LOT)


def payout_subject(payout: Payout, items: Sequence[Item]) -> bytes:
    """What the chain holds of a payout with its shares and items, version 1.

    ``choba-payout-v1`` padded to 16, then each fact as ``_packed`` writes it; SHA-256.
    """
    facts: list[str | int] = [
        payout.payout_id,
        payout.bulk_id,
        payout.line,
        payout.payee.kind,
        payout.payee.payee_id,
        payout.outcome,
        payout.details_id,
        payout.fee,
        payout.operator_fee,
        payout.amount,
        payout.carried,
        len(payout.shares),
    ]
    for share in payout.shares:
        facts += [share.shop_id, share.account, share.closes, share.corrections]
        facts += [share.carried_in, share.returned, share.fee, share.amount, share.carried_out]
    for item in items:
        facts += [item.kind, item.source_id, item.shop_id, item.use, item.amount]
    return _packed(b"choba-payout-v1", facts)


def correction_subject(correction: Correction, note_hash: bytes) -> bytes:
    """Version 1; who proposed and who approved are in it."""
    facts: list[str | int] = [
        correction.correction_id,
        correction.service_id,
        correction.shop_id,
        correction.account,
        correction.amount,
        note_hash.hex(),
        correction.proposed_by,
        correction.proposed_at,
        correction.decided_by,
    ]
    return _packed(b"choba-correct-1", facts)


def return_subject(
    return_id: str, payout_id: str, details_wrong: bool, note_hash: bytes, by: str
) -> bytes:
    """Version 1."""
    facts: list[str | int] = [return_id, payout_id, int(details_wrong), note_hash.hex(), by]
    return _packed(b"choba-return-v1", facts)


def _packed(word: bytes, facts: Sequence[str | int]) -> bytes:
    """Texts as length (4 bytes) and UTF-8, numbers as 8 bytes, each after its mark; SHA-256."""
    parts = [struct.pack(">16s", word)]
    for fact in facts:
        if isinstance(fact, str):
            text = fact.encode("utf-8")
            parts.append(b"t" + struct.pack(">I", len(text)) + text)
        else:
            parts.append(b"n" + struct.pack(">q", int(fact)))
    return hashlib.sha256(b"".join(parts)).digest()


@dataclass(frozen=True, slots=True)
class _Command(WalletsOnly):
    entry: EntryDraft

    @property
    def owner(self) -> OwnerKey:
        return OPERATOR


class _Decided:
    """``PostingRules``: what was decided under the settlement's lock is booked as it is."""

    def locks(self, command: _Command) -> _Command:
        return command

    def load(self, connection: Connection, commands: Sequence[_Command], instant: Micros) -> None:
        return None

    def decide(
        self, books: Books, state: None, command: _Command, instant: Micros
    ) -> Accept[_Command] | Decline[Micros]:
        return Accept(command.entry, command)

    def note(
        self, state: None, command: _Command, decision: Accept[_Command] | Decline[Micros]
    ) -> None:
        """Nothing of one depends on another."""

    def write(
        self,
        connection: Connection,
        state: None,
        booked: Sequence[Booked[_Command]],
        instant: Micros,
    ) -> bool:
        return True

    def answer(self, booked: Booked[_Command]) -> Micros:
        return booked.booking.instant


def book(
    connection: Connection,
    entries: Sequence[EntryDraft],
    clock: LedgerClock,
    checkpoint: CheckpointPort = no_checkpoint,
) -> None:
    """Book all entries in the caller's transaction, as its last effect: lanes are locked last."""
    if not entries:
        return
    lane = open_lane(connection, LANE)
    kind = DatabaseKind(connection.dialect.name)
    poster = Poster(kind, _Decided(), lane, clock, checkpoint)
    poster.post(connection, [_Command(entry) for entry in entries])
