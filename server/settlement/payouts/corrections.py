"""調整: an operator's correction of what a shop is owed, proposed by one, approved by another."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, insert, select

from protos.units import Micros
from server.db import new_public_id
from server.db.schema import payouts as t
from server.directory import ServiceId, ShopId
from server.ledger import AccountId, EntryDraft
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.bank_details import request_state
from server.settlement.payouts.entries import correction_entry, correction_subject, own_accounts
from server.settlement.payouts.notes import keep_note
from server.settlement.payouts.types import Correction, RequestState, same_person

MOST: Final = 9_999_999_999
"""As much as one transfer."""


def propose(
    connection: Connection,
    key: str,
    service: ServiceId,
    shop: ShopId,
    account: AccountId,
    amount: int,
    why: str,
    by: str,
    at: Micros,
) -> tuple[Correction, bool]:
    """The correction, and whether it is new. Nothing is booked yet.

    Raises Refusal KEY_REUSED. The caller holds the settlement's lock.
    """
    known = connection.execute(_ALL.where(t.corrections.c.idempotency_key == key)).one_or_none()
    if known is not None:
        found = _correction(known)
        asked = (service, shop, amount)
        if (found.service_id, found.shop_id, found.amount) != asked or found.why not in ("", why):
            raise refuse.key_reused()
        return found, False
    correction_id = new_public_id()
    connection.execute(
        insert(t.corrections).values(
            correction_id=correction_id,
            idempotency_key=key,
            service_id=service,
            shop_id=shop,
            account_id=account,
            amount=amount,
            note_hash=keep_note(connection, correction_id, why),
            proposed_by=by,
            proposed_at=at,
        )
    )
    return find_correction(connection, correction_id), True


def decide(
    connection: Connection, correction_id: str, approve: bool, by: str, at: Micros
) -> tuple[Correction, EntryDraft | None]:
    """The correction, and the entry to book in the same transaction; None where it was decided
    before, or refused. Raises Refusal CORRECTION_UNKNOWN, SAME_PERSON (approving), DECIDED.
    """
    correction = find_correction(connection, correction_id)
    wanted = RequestState.APPROVED if approve else RequestState.REFUSED
    if correction.state is not RequestState.WAITING:
        if correction.state is wanted and correction.decided_by == by:
            return correction, None
        raise refuse.decided_already(correction.decided_by)
    if approve and same_person(by, correction.proposed_by):
        raise refuse.same_person(refuse.PROPOSED)
    connection.execute(
        insert(t.correction_decisions).values(
            correction_id=correction_id, approved=int(approve), decided_by=by, decided_at=at
        )
    )
    decided = find_correction(connection, correction_id)
    if not approve:
        return decided, None
    note_hash = connection.execute(
        select(t.corrections.c.note_hash).where(t.corrections.c.correction_id == correction_id)
    ).scalar_one()
    subject = correction_subject(decided, bytes(note_hash))
    own = own_accounts(connection, decided.service_id)
    return decided, correction_entry(decided, own, subject)


def find_correction(connection: Connection, correction_id: str) -> Correction:
    """Raises Refusal CORRECTION_UNKNOWN."""
    row = connection.execute(
        _ALL.where(t.corrections.c.correction_id == correction_id)
    ).one_or_none()
    if row is None:
        raise refuse.correction_unknown(correction_id)
    return _correction(row)


def corrections_of(
    connection: Connection, service: ServiceId, shop: ShopId | None = None
) -> list[Correction]:
    """Oldest first."""
    query = _ALL.where(t.corrections.c.service_id == service)
    if shop is not None:
        query = query.where(t.corrections.c.shop_id == shop)
    ordered = query.order_by(t.corrections.c.proposed_at, t.corrections.c.correction_id)
    return [_correction(row) for row in connection.execute(ordered)]


def all_corrections(
    connection: Connection,
) -> Iterator[tuple[Correction, bytes, bytes | None]]:
    """Each with the hash of its reason and the reason's salt (None once it was deleted)."""
    for row in connection.execute(_ALL.order_by(t.corrections.c.correction_id)):
        salt = None if row.salt is None else bytes(row.salt)
        yield _correction(row), bytes(row.note_hash), salt


_ALL: Final[Select[Any]] = (
    select(
        t.corrections,
        t.correction_decisions.c.approved,
        t.correction_decisions.c.decided_by,
        t.correction_decisions.c.decided_at,
        t.payout_notes.c.note,
        t.payout_notes.c.salt,
    )
    .join_from(
        t.corrections,
        t.correction_decisions,
        t.correction_decisions.c.correction_id == t.corrections.c.correction_id,
        isouter=True,
    )
    .join(
        t.payout_notes, t.payout_notes.c.subject_id == t.corrections.c.correction_id, isouter=True
    )
)


def _correction(row: Any) -> Correction:
    return Correction(
        row.correction_id,
        ServiceId(row.service_id),
        ShopId(row.shop_id),
        AccountId(row.account_id),
        row.amount,
        row.note or "",
        request_state(row.approved),
        row.proposed_by,
        Micros(row.proposed_at),
        row.decided_by or "",
        Micros(row.decided_at or 0),
    )
