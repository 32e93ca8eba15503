"""Taking payments back (利用キャンセル) and recording cash refunds (現金返金の記録)."""

import re
import secrets
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from protos.units import MAX_AMOUNT, PaymentId, TransactionId, UserId
from server.checkpoints import CheckpointPort, no_checkpoint
from server.clock import Clock
from server.db import Database, DatabaseKind, new_public_id
from server.db.schema import cancels as t
from server.directory import ServiceId, services, terminal_by_number
from server.ledger import (
    OPERATOR,
    AccountId,
    AccountKind,
    LedgerClock,
    LineReader,
    Poster,
    Postponed,
    Unit,
    deciding_clock,
    open_account,
    open_lane,
    post_patiently,
)
from server.oversight import Act, record_act
from server.payments import cancel_refusals as refuse
from server.payments.cancel_rules import (
    CancelAnswer,
    CancelCommand,
    CancelState,
    DraftCancel,
    PaidBefore,
    Replay,
)
from server.payments.cancel_store import (
    CancelRules,
    cancel_by_id,
    expired_lot_rules,
    key_taken,
    paid_before,
)
from server.payments.cancel_types import (
    AcceptExpired,
    ByKind,
    CancelBy,
    Cancelled,
    CancelRequest,
    CashRefund,
    CashRefundPage,
    ExpiredLotRule,
    RefundRequest,
)
from server.payments.cash_refunds import record_refund, refunds_of
from server.payments.queries import announcer_of
from server.refusal import Refusal

_LANE: Final = "cancels"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_LONGEST_WHY: Final = 500
_MOST_LISTED: Final = 100


class PaymentCancels:
    """Blocking; safe to call from any number of threads and server processes at once.

    Whatever is refused raises ``Refusal`` with a ``CancelCode`` and has changed nothing.
    ``LedgerUnavailable``: the outcome is unknown, send the same request again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ledger_clock: LedgerClock | None = None,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        """``ledger_clock`` decides; None takes what production takes."""
        self._database = database
        self._clock = clock
        self._ledger_clock = ledger_clock or deciding_clock(database.kind, clock)
        self._lines = LineReader(database.kind)
        self._rules = CancelRules(database.kind)
        self._checkpoint = checkpoint
        self._posting: Poster[CancelCommand, CancelState, DraftCancel, CancelAnswer] | None = None

    def cancel(self, request: CancelRequest, by: CancelBy) -> Cancelled:
        """Take a payment back, with all its legs, once and for good.

        Only before the earliest close of its legs. Each lot gets back what was taken from it,
        with the expiry that it had. The same key and request give the same answer, for good;
        refusals are not stored, a repeated request is decided again.
        Raises Refusal: KEY_*, WHY_MISSING (operators), AMOUNT, PAYMENT_UNKNOWN, MISMATCH, ALREADY,
        REFUNDED, CLOSED, CLOCK, WOULD_EXPIRE (ask, then send RESTORE_AND_EXPIRE under a new key),
        EXPIRED_REFUSED, BUSY.
        """
        _check_key(request.idempotency_key)
        _check_why(request.why, by)
        if not 0 < request.amount <= MAX_AMOUNT:
            raise refuse.amount_wrong()
        payment = self._database.read_now(
            lambda connection: self._asked_for(connection, request, by)
        )
        command = self._database.write_now(
            partial(self._command, request, by, payment), repeatable=True
        )
        answer = post_patiently(self._database, self._poster(), (command,))[0]
        if isinstance(answer, Postponed):
            raise refuse.busy()
        if isinstance(answer, Refusal):
            raise answer
        if isinstance(answer, Replay):
            found = self._database.read_now(partial(cancel_by_id, cancel_id=answer.cancel_id))
            assert found is not None, "a key names a cancel that is not in the books"
            return found
        return answer

    def record_refund(self, request: RefundRequest, by: CancelBy) -> CashRefund:
        """Note that cash was handed back for a leg of a payment. No money moves in the ledger.

        At most what of the leg was neither cancelled nor refunded yet; from then on the payment
        cannot be cancelled. The same key and request give the same answer, for good.
        Raises Refusal: KEY_*, WHY_MISSING, AMOUNT, PAYMENT_UNKNOWN, LEG_*, ALREADY,
        REFUND_TOO_MUCH.
        """
        _check_key(request.idempotency_key)
        _check_why(request.why, replace(by, kind=ByKind.OPERATOR))
        if not 0 < request.amount <= MAX_AMOUNT:
            raise refuse.amount_wrong()
        payment = self._database.read_now(
            lambda connection: self._own(connection, request.payment_id, by)
        )
        return self._database.write_now(
            partial(
                record_refund, request=request, by=by, payment=payment, clock=self._ledger_clock
            ),
            repeatable=True,
        )

    def refunds_of(self, user: UserId, limit: int, cursor: str = "") -> CashRefundPage:
        """Cash refunds of one customer, newest first. ``limit`` 1 to 100.

        ValueError for a cursor that was not given here.
        """
        if not 1 <= limit <= _MOST_LISTED:
            raise ValueError("limit: from 1 to 100")
        return self._database.read_now(partial(refunds_of, user=user, limit=limit, cursor=cursor))

    def set_expired_lot_rule(
        self, service: ServiceId, rule: ExpiredLotRule, by: str, why: str
    ) -> None:
        """From the next cancel on. Setting it again changes nothing. Raises Refusal."""
        _check_why(why, CancelBy(ByKind.OPERATOR, by))
        act = Act(by, "service.expired-lots", service, why, self._clock(), {"rule": rule.name})
        self._database.write_now(
            partial(_set_rule, service=service, rule=rule, act=act), repeatable=True
        )

    def _own(self, connection: Connection, payment_id: PaymentId, by: CancelBy) -> PaidBefore:
        """The payment, if it is this caller's business."""
        payment = paid_before(connection, self._lines, payment_id)
        if payment is None:
            raise refuse.payment_unknown()
        if by.shop_id is not None and by.shop_id != payment.shop_id:
            raise refuse.payment_unknown()
        if by.terminal is not None:
            announcer = announcer_of(connection, payment_id)
            place = None if announcer is None else terminal_by_number(connection, announcer)
            if place is None or place.terminal_id != by.name:
                raise refuse.payment_unknown()
        return payment

    def _asked_for(
        self, connection: Connection, request: CancelRequest, by: CancelBy
    ) -> PaidBefore:
        if key_taken(connection, request, by):
            raise refuse.key_reused()
        return self._own(connection, request.payment_id, by)

    def _poster(self) -> Poster[CancelCommand, CancelState, DraftCancel, CancelAnswer]:
        """Made at the first cancel; one lane for all server processes, as cancels are rare."""
        if self._posting is None:
            lane = self._database.write_now(partial(open_lane, name=_LANE), repeatable=True)
            self._posting = Poster(
                self._database.kind, self._rules, lane, self._ledger_clock, self._checkpoint
            )
        return self._posting

    def _command(
        self, request: CancelRequest, by: CancelBy, payment: PaidBefore, connection: Connection
    ) -> CancelCommand:
        expired: dict[ServiceId, AccountId] = {}
        forfeited: dict[ServiceId, AccountId] = {}
        if request.accept_expired is AcceptExpired.RESTORE_AND_EXPIRE:
            for service in sorted({leg.service_id for leg in payment.legs}):
                unit = Unit(service)
                expired[service] = open_account(connection, AccountKind.EXPIRED, unit, OPERATOR)
                forfeited[service] = open_account(connection, AccountKind.FORFEITED, unit, OPERATOR)
        return CancelCommand(
            request=request,
            by=by,
            payment=payment,
            cancel_id=new_public_id(),
            transaction_ids=tuple(TransactionId(new_public_id()) for _ in payment.legs),
            salt=secrets.token_bytes(16),
            expired=expired,
            forfeited=forfeited,
        )


def _set_rule(connection: Connection, service: ServiceId, rule: ExpiredLotRule, act: Act) -> None:
    if service not in {known.service_id for known in services(connection)}:
        raise refuse.service_unknown()
    if expired_lot_rules(connection).get(service) is rule:
        return
    postgres = connection.dialect.name == DatabaseKind.POSTGRESQL.value
    statement = (postgresql.insert if postgres else sqlite.insert)(t.service_cancel_rules)
    connection.execute(
        statement.values(service_id=service, expired_lots=int(rule)).on_conflict_do_update(
            index_elements=["service_id"], set_={"expired_lots": int(rule)}
        )
    )
    record_act(connection, act)


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise refuse.key_malformed()


def _check_why(why: str, by: CancelBy) -> None:
    """An operator gives a reason; a shop and a device may leave it out."""
    least = 1 if by.kind is ByKind.OPERATOR else 0
    if not least <= len(why.strip()) or len(why) > _LONGEST_WHY:
        raise refuse.why_missing(_LONGEST_WHY)
