"""取引操作 by hand: grant, charge, cancel; every one with who and why in the audit log."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from protos.units import Micros, UserId, Yen
from server.campaigns.chunks import post_one
from server.campaigns.expiry_rules import ExpiryRule, add_expiry_rule
from server.campaigns.grant_cancels import (
    CancelCommand,
    CancelOutcome,
    CancelRules,
    cancel_commands,
)
from server.campaigns.grant_checks import (
    WhoLeft,
    people_of,
    place_at,
    read_amount,
    read_key,
    read_note,
    read_price,
    read_why,
)
from server.campaigns.grant_refusals import GrantCode, grant_refusal
from server.campaigns.grant_rules import GrantCommand
from server.campaigns.grant_types import Grant, GrantError, GrantSource, Notes, Origin
from server.campaigns.grants import LANE, grant_poster, prepare
from server.db import Database, new_public_id
from server.db.schema import campaigns as c
from server.db.schema import grants as t
from server.directory import ServiceId, departed_users
from server.ledger import LedgerClock, Operation, Poster, open_lane
from server.oversight import Act, record_act


@dataclass(frozen=True, slots=True)
class GrantOrder:
    """What an operator asks for, as it was typed."""

    idempotency_key: str
    """Unique per operator."""
    operation: Operation
    user_id: str
    service_id: str
    amount: str
    why: str
    price: str = ""
    """Of a charge: what the customer paid; all of it when empty."""
    notes: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True, slots=True)
class GrantReceipt:
    """``expires_at``: exclusive. ``repeated``: by the same key, before."""

    grant_id: str
    repeated: bool
    amount: Yen
    before: Yen
    after: Yen
    expires_at: Micros


@dataclass(frozen=True, slots=True)
class CancelReceipt:
    cancel_id: str
    repeated: bool
    grant_id: str
    amount: Yen
    before: Yen
    after: Yen


@dataclass(frozen=True, slots=True)
class _Read:
    """An order whose texts are in order."""

    order: GrantOrder
    key: str
    amount: Yen
    price: Yen
    notes: Notes
    why: str

    @property
    def asked(self) -> tuple[int, str, str, int, int]:
        order = self.order
        return (int(order.operation), order.user_id, order.service_id, self.amount, self.price)


class GrantDesk:
    """Blocks its caller; call it off an event loop."""

    def __init__(
        self, database: Database, ledger_clock: LedgerClock, who_left: WhoLeft = departed_users
    ) -> None:
        self._database = database
        self._clock = ledger_clock
        self._who_left = who_left

    def give(self, order: GrantOrder, by: str) -> GrantReceipt:
        """Grant or charge. Raises GrantRefusal, with nothing booked; LedgerUnavailable: unknown,
        send the same again.
        """
        asked = _read(order, by)
        known = self._database.read_now(lambda connection: _receipt(connection, asked))
        if known is not None:
            return known
        poster = grant_poster(self._database, self._clock, LANE)
        try:
            outcome = post_one(
                self._database,
                poster,
                lambda connection: self._prepare(connection, asked, by),
                lambda outcome: not outcome.repeated,
            )
        except GrantError:  # the key was taken meanwhile, on another day or for something else
            outcome = None
        receipt = self._database.read_now(lambda connection: _receipt(connection, asked))
        assert receipt is not None, "it was booked, or its key was known"
        if outcome is not None and not outcome.repeated:
            return GrantReceipt(
                receipt.grant_id,
                False,
                receipt.amount,
                receipt.before,
                receipt.after,
                receipt.expires_at,
            )
        return receipt

    def cancel(self, idempotency_key: str, grant_id: str, why: str, by: str) -> CancelReceipt:
        """Take a grant or charge back whole. Raises GrantRefusal, with nothing booked."""
        key = hand_key(by, read_key(idempotency_key))
        reason = read_why(why)
        lane = self._database.write_now(
            lambda connection: open_lane(connection, LANE), repeatable=True
        )
        rules = CancelRules(self._database.kind)
        poster = Poster(self._database.kind, rules, lane, self._clock)

        def prepared(connection: Connection) -> CancelCommand:
            act = Act(by, "grant.cancel", grant_id, reason, self._clock(connection))
            found = cancel_commands(connection, [grant_id], [key], record_act(connection, act))
            if not found:
                raise grant_refusal(GrantCode.GRANT_UNKNOWN)
            return found[0]

        outcome = post_one(self._database, poster, prepared, _cancelled)
        if outcome.refused is not None:
            raise grant_refusal(outcome.refused)
        return self._database.read_now(lambda connection: _cancel_receipt(connection, outcome))

    def set_expiry_rule(self, service_id: str, rule: ExpiryRule, why: str, by: str) -> int:
        """From now on, what is granted expires by it; its version. Raises GrantRefusal."""
        reason, service = read_why(why), ServiceId(service_id)

        def work(connection: Connection) -> int:
            at = self._clock(connection)
            if service not in place_at(connection, at).services:
                raise grant_refusal(GrantCode.SERVICE_UNKNOWN)
            version = add_expiry_rule(connection, service, rule, at)
            day = rule.last_day.isoformat() if rule.last_day else ""
            detail: dict[str, str | int] = {
                "kind": rule.kind.value,
                "number": rule.number,
                "last_day": day,
                "version": version,
            }
            record_act(connection, Act(by, "grant.expiry_rule", service, reason, at, detail))
            return version

        return self._database.write_now(work)

    def _prepare(self, connection: Connection, asked: _Read, by: str) -> GrantCommand:
        order = asked.order
        user, service = UserId(order.user_id), ServiceId(order.service_id)
        at = self._clock(connection)
        owner = people_of(connection, [user], self._who_left).owner(user)
        expires_at = place_at(connection, at).expiry(service)
        grant_id = new_public_id()
        what = "grant.charge" if order.operation is Operation.CHARGE else "grant.give"
        detail: dict[str, str | int] = {
            "user_id": user,
            "service_id": service,
            "amount": asked.amount,
        }
        act_id = record_act(connection, Act(by, what, grant_id, asked.why, at, detail))
        grant = Grant(
            asked.key,
            order.operation,
            user,
            owner,
            service,
            asked.amount,
            asked.price,
            expires_at,
            source=GrantSource(Origin.HAND, act_id=act_id, notes=asked.notes),
        )
        return prepare(connection, [grant], [grant_id])[0]


def hand_key(by: str, key: str) -> str:
    """Keys are unique per operator; no file, campaign or other operator can take one."""
    return f"hand/{by}/{key}"


def _read(order: GrantOrder, by: str) -> _Read:
    amount = read_amount(order.amount)
    notes = (read_note(text, f"note{n}") for n, text in enumerate(order.notes, start=1))
    return _Read(
        order,
        hand_key(by, read_key(order.idempotency_key)),
        amount,
        read_price(order.price, order.operation, amount),
        Notes.salted(*notes),
        read_why(order.why),
    )


_RECEIPTS: Final[Select[Any]] = select(
    c.grants, t.grant_transactions.c.before_value, t.grant_transactions.c.after_value
).join_from(c.grants, t.grant_transactions, t.grant_transactions.c.grant_id == c.grants.c.grant_id)


def _receipt(connection: Connection, asked: _Read) -> GrantReceipt | None:
    """What the key stands for; None when it is free."""
    row = connection.execute(_RECEIPTS.where(c.grants.c.idempotency_key == asked.key)).one_or_none()
    if row is None:
        return None
    if (row.operation, row.user_id, row.service_id, row.amount, row.price) != asked.asked:
        raise grant_refusal(GrantCode.KEY_REUSED)
    return GrantReceipt(
        row.grant_id,
        True,
        Yen(row.amount),
        Yen(row.before_value),
        Yen(row.after_value),
        Micros(row.expires_at),
    )


def _cancelled(outcome: CancelOutcome) -> bool:
    return outcome.refused is None and not outcome.repeated


def _cancel_receipt(connection: Connection, outcome: CancelOutcome) -> CancelReceipt:
    row = connection.execute(
        select(t.grant_cancels).where(t.grant_cancels.c.cancel_id == outcome.cancel_id)
    ).one()
    return CancelReceipt(
        row.cancel_id,
        outcome.repeated,
        row.grant_id,
        Yen(row.amount),
        Yen(row.before_value),
        Yen(row.after_value),
    )
