"""Bank details of payees: asked for by one, approved by another, versions only added.

The details stand in a table that can be deleted; requests and decisions are books.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, insert, select

from protos.units import Micros
from server.db import new_public_id
from server.db.schema import payouts as t
from server.settlement.bankfile import Account, BankDirectory, recipient_name
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.rules import Standing
from server.settlement.payouts.types import (
    BankDetails,
    BankRequest,
    HoldCode,
    Payee,
    PayeeKind,
    RequestState,
    same_person,
)


def details_hash(salt: bytes, facts: Sequence[str]) -> bytes:
    """What the books hold of bank details: bank, branch, type and number of the account, and the
    name as the bank's file will have it."""
    packed = json.dumps(list(facts), ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return hashlib.sha256(b"choba-bank-details-v1" + salt + packed).digest()


def ask_for(
    connection: Connection,
    key: str,
    payee: Payee,
    account: Account,
    recipient: str,
    by: str,
    at: Micros,
) -> tuple[BankRequest, bool]:
    """The request, and whether it is new. The caller holds the settlement's lock.

    Raises Refusal KEY_REUSED, WAITING, or what the name is refused for.
    """
    name = recipient_name(recipient)
    known = _by_key(connection, key)
    if known is not None:
        same = known.details is not None and (known.details.account, known.details.recipient) == (
            account,
            name,
        )
        if known.payee != payee or not same:
            raise refuse.key_reused()
        return known, False
    before = requests_of(connection, payee)
    waiting = next((one for one in before if one.state is RequestState.WAITING), None)
    if waiting is not None:
        raise refuse.waiting_already(waiting.request_id)
    request_id, salt = new_public_id(), secrets.token_bytes(16)
    connection.execute(
        insert(t.bank_requests).values(
            request_id=request_id,
            idempotency_key=key,
            payee_kind=int(payee.kind),
            payee_id=payee.payee_id,
            version=len(before) + 1,
            details_hash=details_hash(
                salt,
                (
                    account.bank_code,
                    account.branch_code,
                    account.account_type,
                    account.account_number,
                    name,
                ),
            ),
            requested_by=by,
            requested_at=at,
        )
    )
    connection.execute(
        insert(t.bank_details).values(
            request_id=request_id,
            salt=salt,
            bank_code=account.bank_code,
            branch_code=account.branch_code,
            account_type=account.account_type,
            account_number=account.account_number,
            recipient=name,
        )
    )
    return find_request(connection, request_id), True


def decide(
    connection: Connection, request_id: str, approve: bool, by: str, at: Micros
) -> tuple[BankRequest, bool]:
    """The request, and whether it was decided now. The caller holds the settlement's lock.

    Raises Refusal REQUEST_UNKNOWN, SAME_PERSON (approving), DECIDED.
    """
    request = find_request(connection, request_id)
    wanted = RequestState.APPROVED if approve else RequestState.REFUSED
    if request.state is not RequestState.WAITING:
        if request.state is wanted and request.decided_by == by:
            return request, False
        raise refuse.decided_already(request.decided_by)
    if approve and same_person(by, request.requested_by):
        raise refuse.same_person(refuse.REQUESTED)
    connection.execute(
        insert(t.bank_decisions).values(
            request_id=request_id, approved=int(approve), decided_by=by, decided_at=at
        )
    )
    return find_request(connection, request_id), True


def find_request(connection: Connection, request_id: str) -> BankRequest:
    """Raises Refusal REQUEST_UNKNOWN."""
    found = known_request(connection, request_id)
    if found is None:
        raise refuse.request_unknown(request_id)
    return found


def known_request(connection: Connection, request_id: str) -> BankRequest | None:
    row = connection.execute(
        _REQUESTS.where(t.bank_requests.c.request_id == request_id)
    ).one_or_none()
    return None if row is None else _request(row)


def requests_of(connection: Connection, payee: Payee) -> list[BankRequest]:
    """All of a payee, oldest first."""
    c = t.bank_requests.c
    rows = connection.execute(
        _REQUESTS.where(c.payee_kind == int(payee.kind), c.payee_id == payee.payee_id).order_by(
            c.version
        )
    )
    return [_request(row) for row in rows]


def waiting_requests(connection: Connection) -> list[BankRequest]:
    """Everything that nobody has decided yet, oldest first."""
    rows = connection.execute(
        _REQUESTS.where(t.bank_decisions.c.approved.is_(None)).order_by(
            t.bank_requests.c.requested_at, t.bank_requests.c.request_id
        )
    )
    return [_request(row) for row in rows]


def details_by_request(
    connection: Connection, request_ids: Collection[str]
) -> dict[str, BankDetails]:
    """Of those that were not deleted; by the id of the request."""
    found: dict[str, BankDetails] = {}
    ids = sorted(request_ids)
    for start in range(0, len(ids), 500):
        rows = connection.execute(
            select(t.bank_details).where(t.bank_details.c.request_id.in_(ids[start : start + 500]))
        )
        found |= {row.request_id: _details(row) for row in rows}
    return found


def standings(
    connection: Connection, payees: Collection[Payee], banks: BankDirectory, *, test_banks: bool
) -> dict[Payee, Standing]:
    """Where each can be paid now, or why not."""
    c, d, r = t.bank_requests.c, t.bank_decisions.c, t.payout_returns.c
    current: dict[Payee, str] = {}
    rows = connection.execute(
        select(c.payee_kind, c.payee_id, c.request_id)
        .join_from(t.bank_requests, t.bank_decisions, d.request_id == c.request_id)
        .where(d.approved == 1)
        .order_by(c.version)
    )
    for row in rows:  # the last approved one of each
        current[Payee(PayeeKind(row.payee_kind), row.payee_id)] = row.request_id
    wrong = set(
        connection.execute(
            select(t.payouts.c.details_id)
            .join_from(t.payout_returns, t.payouts, t.payouts.c.payout_id == r.payout_id)
            .where(r.details_wrong == 1)
        ).scalars()
    )
    wanted = {payee: current.get(payee, "") for payee in payees}
    details = details_by_request(connection, {one for one in wanted.values() if one})
    return {
        payee: Standing(one, _hold(one, details.get(one), one in wrong, banks, test_banks))
        for payee, one in wanted.items()
    }


def _hold(
    request_id: str,
    details: BankDetails | None,
    wrong: bool,
    banks: BankDirectory,
    test_banks: bool,
) -> HoldCode | None:
    if not request_id:
        return HoldCode.NO_DETAILS
    if details is None:
        return HoldCode.DELETED
    if wrong:
        return HoldCode.RETURNED
    account = details.account
    if test_banks or banks.branch(account.bank_code, account.branch_code) is not None:
        return None
    if banks.bank_name(account.bank_code) is None:
        return HoldCode.BANK_UNKNOWN
    return HoldCode.BRANCH_UNKNOWN


def _by_key(connection: Connection, key: str) -> BankRequest | None:
    row = connection.execute(
        _REQUESTS.where(t.bank_requests.c.idempotency_key == key)
    ).one_or_none()
    return None if row is None else _request(row)


_REQUESTS: Final[Select[Any]] = (
    select(
        t.bank_requests,
        t.bank_decisions.c.approved,
        t.bank_decisions.c.decided_by,
        t.bank_decisions.c.decided_at,
        t.bank_details.c.bank_code,
        t.bank_details.c.branch_code,
        t.bank_details.c.account_type,
        t.bank_details.c.account_number,
        t.bank_details.c.recipient,
    )
    .join_from(
        t.bank_requests,
        t.bank_decisions,
        t.bank_decisions.c.request_id == t.bank_requests.c.request_id,
        isouter=True,
    )
    .join(t.bank_details, t.bank_details.c.request_id == t.bank_requests.c.request_id, isouter=True)
)


def _request(row: Any) -> BankRequest:
    return BankRequest(
        row.request_id,
        Payee(PayeeKind(row.payee_kind), row.payee_id),
        row.version,
        None if row.bank_code is None else _details(row),
        request_state(row.approved),
        row.requested_by,
        Micros(row.requested_at),
        row.decided_by or "",
        Micros(row.decided_at or 0),
    )


def request_state(approved: int | None) -> RequestState:
    """Of a decision's column; None before it."""
    if approved is None:
        return RequestState.WAITING
    return RequestState.APPROVED if approved else RequestState.REFUSED


def _details(row: Any) -> BankDetails:
    account = Account(row.bank_code, row.branch_code, row.account_type, row.account_number)
    return BankDetails(row.request_id, account, row.recipient)
