"""A day of the big books: payments and cancels with their entries, hashed by the real layouts."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import heappop, heappush
from typing import Any, Final

from protos.units import Micros, PaymentId, TransactionId, Yen
from server.clock import DAY, MINUTE, start_of_day
from server.ledger import EntryDraft, LaneId, Operation, PostingDraft
from server.ledger.layout import entry_hash, genesis
from server.payments import AcceptExpired, CancelRequest, CancelSlip
from server.payments.cancel_rules import asker_hash, cancel_subject, note_hash
from server.payments.cancel_types import ByKind
from server.payments.subject import payment_subject
from server.payments.types import SaleKind, SaleState
from tests.benchmarks.big_town import (
    CLOSES_AT,
    LAST_CANCEL_AT,
    OPENS_AT,
    SERVICES,
    BigTown,
    Counter,
    Customer,
    Lot,
)

Rows = dict[str, list[tuple[Any, ...]]]
"""By table, in the order of its columns."""
Taken = list[tuple[Lot, int]]

_BASE62: Final = bytes(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[n % 62] for n in range(256)
)
_IDS: Final = 20_000
_COMBINED: Final = 0.1
_POINTS: Final = 0.2
_CANCELLED: Final = 0.01
_FIRST_SALE: Final = 139_000_000
"""Seconds from 2020 to the summer of 2024, about: as a device would count on from."""


class Chance:
    """Random ids and choices that a seed repeats, without a call for each letter."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._ids: list[str] = []
        self._hashes: list[bytes] = []

    def public_id(self) -> str:
        """20 characters of base 62."""
        if not self._ids:
            text = self.random.randbytes(20 * _IDS).translate(_BASE62).decode("ascii")
            self._ids = [text[start : start + 20] for start in range(0, len(text), 20)]
        return self._ids.pop()

    def digest(self) -> bytes:
        """32 bytes that stand for a hash of a request."""
        if not self._hashes:
            content = self.random.randbytes(32 * _IDS)
            self._hashes = [content[start : start + 32] for start in range(0, len(content), 32)]
        return self._hashes.pop()


@dataclass(slots=True)
class LaneEnd:
    """Where a lane stands."""

    lane: LaneId
    head: bytes
    position: int = 0
    instant: int = 0


@dataclass(slots=True)
class _Leg:
    service: int
    transaction_id: str
    amount: int
    taken: Taken


@dataclass(slots=True)
class _Paid:
    payment_id: str
    customer: Customer
    counter: Counter
    amount: int
    legs: list[_Leg]


@dataclass
class BigDays:
    """Plays days, one after the other; ``rows`` is emptied by whoever loads it."""

    town: BigTown
    chance: Chance
    ends: dict[LaneId, LaneEnd] = field(init=False)
    sequences: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    rows: Rows = field(default_factory=lambda: defaultdict(list))
    touched: dict[int, Customer] = field(default_factory=dict)
    """Customers whose caches differ from what is loaded."""
    transactions: int = 0
    _waiting: list[tuple[int, int, _Paid]] = field(default_factory=list)
    _turn: int = 0

    def __post_init__(self) -> None:
        lanes = (*self.town.lanes, self.town.cancels)
        self.ends = {lane: LaneEnd(lane, genesis(self.town.ledger, lane)) for lane in lanes}

    def play(self, day: date, legs: int) -> None:
        """So many legs, from opening to closing; every cancel before midnight."""
        midnight = start_of_day(day)
        chance = self.chance.random
        count = round(legs / (1 + _COMBINED))
        span = CLOSES_AT - OPENS_AT
        times = sorted(midnight + OPENS_AT + int(chance.random() * span) for _ in range(count))
        closings = [terms.closing(Micros(midnight)) for terms in self.town.terms]
        facts = [(c.closes_at, c.pay_day.toordinal(), c.pay_day.isoformat()) for c in closings]
        last = 0
        for at in times:
            last = max(at, last + 1)
            while self._waiting and self._waiting[0][0] <= last:
                self._cancel(heappop(self._waiting))
            self._pay(last, facts)
        while self._waiting:
            self._cancel(heappop(self._waiting))
        assert last < midnight + DAY

    def _pay(self, at: int, facts: Sequence[tuple[int, int, str]]) -> None:
        town, chance = self.town, self.chance.random
        customer = town.customers[int(chance.random() * len(town.customers))]
        counter = town.counters[int(chance.random() * len(town.counters))]
        lucky = chance.random()
        services = (0, 1) if lucky < _COMBINED else (1,) if lucky < _COMBINED + _POINTS else (0,)
        payment_id = self.chance.public_id()
        legs: list[_Leg] = []
        hashed, postings = [], []
        for service in services:
            usable = [x for x in customer.lots[service] if x.left > 0 and x.expires_at > at]
            before = sum(lot.left for lot in usable)
            amount = min(before, 10 * int(chance.random() * 150 + 5))
            if not amount:
                continue
            leg = _Leg(service, self.chance.public_id(), amount, _take(usable, amount))
            account = counter.accounts[service]
            for lot, part in leg.taken:
                postings.append(PostingDraft(lot.account, account, Yen(part), lot.lot_id))
            left = [(lot.expires_at, lot.left) for lot in usable if lot.left > 0]
            closes_at, ordinal, pay_day = facts[service]
            after = before - amount
            legs.append(leg)
            hashed.append(
                (
                    leg.transaction_id,
                    SERVICES[service],
                    amount,
                    closes_at,
                    ordinal,
                    before,
                    after,
                    left,
                )
            )
            self.rows["transactions"].append(
                (
                    payment_id,
                    len(legs),
                    leg.transaction_id,
                    SERVICES[service],
                    amount,
                    before,
                    after,
                    f"[{','.join([f'[{e},{n}]' for e, n in left])}]",
                    closes_at,
                    pay_day,
                )
            )
        if legs:
            self._book_payment(at, _Paid(payment_id, customer, counter, 0, legs), hashed, postings)

    def _book_payment(
        self, at: int, paid: _Paid, hashed: list[Any], postings: list[PostingDraft]
    ) -> None:
        chance, counter, customer = self.chance, paid.counter, paid.customer
        amount = paid.amount = sum(leg.amount for leg in paid.legs)
        sequence = self.sequences[counter.number] = self.sequences[counter.number] + 1
        sale, key, request = _FIRST_SALE + sequence, chance.public_id(), chance.digest()
        subject = payment_subject(
            paid.payment_id,
            SaleKind.DYNAMIC.value,
            counter.number,
            sale,
            amount,
            counter.number,
            request,
            customer.user_id,
            key,
            counter.shop_id,
            hashed,
        )
        self._turn += 1
        lane = self.town.lanes[self._turn % len(self.town.lanes)]
        at = self._enter(lane, at, paid.payment_id, Operation.USE, subject, postings)
        rows = self.rows
        rows["payments"].append(
            (
                paid.payment_id,
                customer.user_id,
                key,
                request,
                SaleKind.DYNAMIC.value,
                counter.number,
                sale,
                counter.shop_id,
                amount,
                at,
                counter.number,
                sequence,
            )
        )
        rows["sale_outcomes"].append(
            (counter.number, sale, SaleState.PAID.value, paid.payment_id, at)
        )
        self.touched[customer.owner] = customer
        self.transactions += len(paid.legs)
        if chance.random.random() < _CANCELLED:
            midnight = at - (at + 9 * 60 * MINUTE) % DAY
            until = midnight + LAST_CANCEL_AT
            later = at + 1 + int(chance.random.random() * (until - at))
            heappush(self._waiting, (later, self._turn, paid))

    def _cancel(self, waiting: tuple[int, int, _Paid]) -> None:
        at, _, paid = waiting
        cancel_id, key = self.chance.public_id(), self.chance.public_id()
        salt, name = self.chance.digest()[:16], paid.counter.terminal_id
        request = CancelRequest(
            key,
            PaymentId(paid.payment_id),
            paid.counter.shop_id,  # type: ignore[arg-type]
            Yen(paid.amount),
            AcceptExpired.NOT_SAID,
            "",
        ).request_hash()
        slips = [self._slip(leg, paid.customer, at) for leg in paid.legs]
        subject = cancel_subject(
            cancel_id,
            paid.payment_id,
            int(ByKind.TERMINAL),
            int(AcceptExpired.NOT_SAID),
            paid.amount,
            asker_hash(name, key),
            request,
            note_hash(salt, ""),
            slips,
        )
        back = [
            PostingDraft(paid.counter.accounts[leg.service], lot.account, Yen(part), lot.lot_id)
            for leg in paid.legs
            for lot, part in leg.taken
        ]
        at = self._enter(self.town.cancels, at, cancel_id, Operation.CANCEL_USE, subject, back)
        rows = self.rows
        rows["cancellations"].append(
            (
                paid.payment_id,
                cancel_id,
                int(ByKind.TERMINAL),
                name,
                key,
                request,
                note_hash(salt, ""),
                int(AcceptExpired.NOT_SAID),
                paid.amount,
                at,
            )
        )
        rows["reversal_notes"].append((cancel_id, salt, ""))
        for number, slip in enumerate(slips, start=1):
            rows["cancel_slips"].append(
                (
                    cancel_id,
                    number,
                    slip.transaction_id,
                    slip.target_transaction_id,
                    slip.service_id,
                    slip.amount,
                    slip.before,
                    slip.after,
                    0,
                    0,
                )
            )
        self.touched[paid.customer.owner] = paid.customer

    def _slip(self, leg: _Leg, customer: Customer, at: int) -> CancelSlip:
        before = sum(lot.left for lot in customer.lots[leg.service] if lot.expires_at > at)
        for lot, part in leg.taken:
            lot.left += part
            lot.touched = True
        return CancelSlip(
            TransactionId(self.chance.public_id()),
            TransactionId(leg.transaction_id),
            SERVICES[leg.service],
            Yen(leg.amount),
            Yen(before),
            Yen(before + leg.amount),
            Yen(0),
            Yen(0),
        )

    def _enter(
        self,
        lane: LaneId,
        at: int,
        entry_id: str,
        operation: Operation,
        subject: bytes,
        postings: list[PostingDraft],
    ) -> int:
        """Book an entry; its instant."""
        end = self.ends[lane]
        end.instant = at = max(at, end.instant + 1)
        end.position += 1
        draft = EntryDraft(entry_id, operation, subject, tuple(postings))
        end.head = entry_hash(end.head, lane, end.position, at, draft)
        self.rows["entries"].append(
            (lane, end.position, entry_id, operation.value, at, subject, end.head)
        )
        lines = self.rows["postings"]
        for line, p in enumerate(postings, start=1):
            lines.append((lane, end.position, line, p.debit, p.credit, p.amount, p.lot))
        return at


def _take(usable: list[Lot], amount: int) -> Taken:
    """Earliest expiry first."""
    taken = []
    for lot in usable:
        part = min(lot.left, amount)
        lot.left -= part
        lot.touched = True
        taken.append((lot, part))
        amount -= part
        if not amount:
            break
    return taken
