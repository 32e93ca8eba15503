"""Purchases (購入): for each order whose money has come in, all of it in one transaction:

the money (PAY_IN, buyers → funds), the vouchers (OP3 of the face value), the points for age (OP2).
May run at any time and in any number of processes: an order is booked once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from protos.units import Micros, UserId, Yen
from server.campaigns.chunks import post_all
from server.campaigns.digests import digest
from server.campaigns.grant_rules import GrantCommand, GrantRow, GrantRules, GrantState
from server.campaigns.grant_types import Funding, Grant, GrantOutcome
from server.campaigns.grants import prepare
from server.campaigns.selling.orders import OrderState
from server.campaigns.selling.terms import CampaignTerms, latest_terms, voucher_expiry
from server.db import Database, DatabaseKind, new_public_id
from server.db.prepared import Rows
from server.db.schema import selling as t
from server.db.sets import Inserter, RowSet
from server.directory.lookup import owners_of
from server.ledger import (
    NO_LOT,
    OPERATOR,
    Accept,
    AccountId,
    AccountKind,
    AsksAfterwards,
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
    open_account,
    open_lane,
)

LANE: Final = "purchases"
_CHUNK: Final = 200
"""Orders of one transaction, each with up to three entries."""


@dataclass(frozen=True, slots=True)
class PayInCommand(WalletsOnly):
    """The buyers' money of one order."""

    purchase_id: str
    order_id: str
    owner: OwnerKey
    amount: Yen
    subject: bytes
    buyers: AccountId
    funds: AccountId

    @property
    def entry_id(self) -> str:
        return self.purchase_id


Command = PayInCommand | GrantCommand
Row = PayInCommand | GrantRow
Answer = GrantOutcome | None


@dataclass(slots=True)
class _State:
    booked: set[str]
    grants: GrantState


class _PurchaseRules(AsksAfterwards):
    """A purchase's own row beside what grants and charges are by their own rules."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._grants = GrantRules(kind)
        self._insert = Inserter(kind, t.purchases)
        self._orders = RowSet(kind, "orders", order_id=str)
        self._known: Select[Any] = select(t.purchases.c.order_id).where(
            t.purchases.c.order_id.in_(select(self._orders.source.c.order_id))
        )

    def locks(self, command: Command) -> Command:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[Command],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> _State:
        orders = [(c.order_id,) for c in commands if isinstance(c, PayInCommand)]
        known = connection.execute(self._known, self._orders.params(orders)).scalars()
        grants = [c for c in commands if isinstance(c, GrantCommand)]
        return _State(set(known), self._grants.load(connection, grants, instant))

    def decide(
        self, books: Books, state: _State, command: Command, instant: Micros
    ) -> Accept[Row] | Decline[Answer]:
        if isinstance(command, GrantCommand):
            decided = self._grants.decide(books, state.grants, command, instant)
            if isinstance(decided, Decline):
                return Decline(decided.answer)
            return Accept(decided.entry, decided.row)
        if command.order_id in state.booked:
            return Decline(None)
        posting = PostingDraft(command.buyers, command.funds, command.amount, NO_LOT)
        entry = EntryDraft(command.purchase_id, Operation.PAY_IN, command.subject, (posting,))
        return Accept(entry, command)

    def note(
        self, state: _State, command: Command, decision: Accept[Row] | Decline[Answer]
    ) -> None:
        if isinstance(decision, Decline):
            return
        if isinstance(decision.row, GrantRow) and isinstance(command, GrantCommand):
            self._grants.note(state.grants, command, Accept(decision.entry, decision.row))
        elif isinstance(command, PayInCommand):
            state.booked.add(command.order_id)

    def write(
        self,
        connection: Connection,
        state: _State,
        booked: Sequence[Booked[Row]],
        instant: Micros,
    ) -> bool:
        rows, grants = [], []
        for one in booked:
            row, entry = one.draft.row, one.draft.entry
            if isinstance(row, GrantRow):
                grants.append(Booked(Accept(entry, row), one.booking))
            else:
                rows.append((row.purchase_id, row.order_id, one.booking.instant))
        return self._insert.insert_new(connection, rows) and self._grants.write(
            connection, state.grants, grants, instant
        )

    def answer(self, booked: Booked[Row]) -> Answer:
        row = booked.draft.row
        return GrantOutcome(row.command.grant_id, False) if isinstance(row, GrantRow) else None


def book_purchases(
    database: Database,
    ledger_clock: LedgerClock,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Book every order that is collected and not booked yet; how many. Blocks.

    Raises LedgerOverloaded when customers stay busy: the same call again does the rest.
    """
    lane = database.write_now(partial(open_lane, name=LANE), repeatable=True)
    rules = _PurchaseRules(database.kind)
    poster: Poster[Command, _State, Row, Answer] = Poster(database.kind, rules, lane, ledger_clock)
    done, after = 0, ""
    while True:
        rows = database.read_now(partial(_pending, after=after))
        if not rows:
            return done
        commands = database.write_now(partial(_prepare, rows=rows), repeatable=True)
        post_all(database, poster, commands)
        done, after = done + len(rows), rows[-1].order_id
        progress(done)


def pending_purchases(connection: Connection) -> int:
    """Orders whose money has come in and whose vouchers are not issued yet."""
    count, after = 0, ""
    while rows := _pending(connection, after):
        count, after = count + len(rows), rows[-1].order_id
    return count


def charge_key(order_id: str) -> str:
    """Idempotency key of an order's charge."""
    return f"purchase-{order_id}"


def bonus_key(order_id: str) -> str:
    """Idempotency key of an order's points for age."""
    return f"purchase-bonus-{order_id}"


def purchase_subject(purchase_id: str, row: Any) -> bytes:
    """What the chain holds of a purchase, version 1: its id, then every column of the order's row
    and of its outcome's, in the tables' order."""
    parts = [row._mapping[column] for column in (*t.purchase_orders.c, *t.order_outcomes.c)]
    return digest("choba-purchase-v1", purchase_id, *parts)


def _pending(connection: Connection, after: str) -> list[Any]:
    o, done, booked = t.purchase_orders, t.order_outcomes, t.purchases
    return list(
        connection.execute(
            select(o, done)
            .join_from(done, o, o.c.order_id == done.c.order_id)
            .join(booked, booked.c.order_id == done.c.order_id, isouter=True)
            .where(
                done.c.outcome == int(OrderState.COLLECTED),
                booked.c.order_id.is_(None),
                done.c.order_id > after,
            )
            .order_by(done.c.order_id)
            .limit(_CHUNK)
        )
    )


def _prepare(connection: Connection, rows: Sequence[Any]) -> list[Command]:
    """Three commands an order, one after the other; a buyer's wallets are opened here."""
    terms = {row.campaign_id: _terms(connection, row.campaign_id) for row in rows}
    grants: list[Grant] = []
    owners = owners_of(connection, {UserId(row.user_id) for row in rows})  # a book: all are there
    ends: dict[tuple[str, Micros], Micros] = {}
    for row in rows:
        campaign, at = terms[row.campaign_id], Micros(row.decided_at)
        if (row.campaign_id, at) not in ends:  # one file was accepted at one instant
            ends[row.campaign_id, at] = voucher_expiry(connection, campaign, at)
        owner = owners[UserId(row.user_id)]
        grants += _grants(campaign, row, owner, ends[row.campaign_id, at])
    commands: dict[str, list[Command]] = {row.order_id: [] for row in rows}
    for prepared in prepare(connection, grants):
        commands[prepared.grant.idempotency_key.rpartition("-")[2]].append(prepared)
    accounts = {
        (campaign, kind): open_account(connection, kind, Unit(one.service_id), OPERATOR)
        for campaign, one in terms.items()
        for kind in (AccountKind.BUYERS, AccountKind.FUNDS)
    }
    found: list[Command] = []
    for row in rows:
        purchase_id = new_public_id()
        found.append(
            PayInCommand(
                purchase_id,
                row.order_id,
                owners[UserId(row.user_id)],
                Yen(row.amount),
                purchase_subject(purchase_id, row),
                accounts[row.campaign_id, AccountKind.BUYERS],
                accounts[row.campaign_id, AccountKind.FUNDS],
            )
        )
        found += commands[row.order_id]
    return found


def _terms(connection: Connection, campaign_id: str) -> CampaignTerms:
    terms = latest_terms(connection, campaign_id)
    assert terms is not None, "an order's campaign has terms: they are a book"
    return terms


def _grants(terms: CampaignTerms, row: Any, owner: OwnerKey, expires_at: Micros) -> list[Grant]:
    """As of the instant at which the money was accepted, so that any process makes the same."""
    at = Micros(row.decided_at)
    user = UserId(row.user_id)
    found = [
        Grant(
            idempotency_key=charge_key(row.order_id),
            operation=Operation.CHARGE,
            user_id=user,
            owner=owner,
            service_id=terms.service_id,
            amount=Yen(row.face),
            price=Yen(row.price),
            expires_at=expires_at,
            funding=Funding.PREMIUM,
        )
    ]
    if row.bonus and terms.bonus is not None:
        found.append(
            Grant(
                idempotency_key=bonus_key(row.order_id),
                operation=Operation.GRANT,
                user_id=user,
                owner=owner,
                service_id=terms.bonus.service_id,
                amount=Yen(row.bonus),
                price=Yen(0),
                expires_at=terms.bonus.expiry(at),
                funding=Funding.BONUS,
            )
        )
    return found
