"""The relay's promise: at least once, marked only after the broker's word, bounded in flight."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from protos.signed_message import Purpose, open_signed
from protos.units import (
    Micros,
    PaymentId,
    SaleNumber,
    Sequence,
    TerminalId,
    TerminalNumber,
    UserId,
    Yen,
)
from server.announcements.publisher import Quality
from server.announcements.relay import Relay
from server.checkpoints import Checkpoint
from server.db import LedgerUnavailable
from server.directory import Keyring, ShopId
from server.payments import Announcement, AnnouncementId, Payment, SaleKind

NUMBER = TerminalNumber(7)
TERMINAL = TerminalId("T-000007")
KEYRING = Keyring(b"m" * 32)


def announcement(sequence: int) -> Announcement:
    payment = Payment(
        payment_id=PaymentId(f"P{sequence:019d}"),
        user_id=UserId("U" * 20),
        kind=SaleKind.DYNAMIC,
        terminal_number=NUMBER,
        terminal_id=TERMINAL,
        terminal_name_ja="レジ1",
        terminal_name_en="Till 1",
        shop_id=ShopId("S-0001"),
        shop_name_ja="青空商店",
        shop_name_en="Aozora",
        sale_number=SaleNumber(sequence + 100),
        amount=Yen(100),
        legs=(),
        paid_at=Micros(1),
        announced_to=NUMBER,
        sequence=Sequence(sequence),
        confirmation_code="482913",
        cancel_until=Micros(2),
    )
    return Announcement(AnnouncementId(NUMBER, Sequence(sequence)), TERMINAL, payment)


@dataclass
class Books:
    """An outbox as the desk has it, with the power to fail."""

    rows: list[Announcement]
    marked: list[int] = field(default_factory=list)
    failing: int = 0
    looks: int = 0

    async def unsent_announcements(
        self, limit: int, skip: frozenset[AnnouncementId] = frozenset()
    ) -> tuple[Announcement, ...]:
        self.looks += 1
        await asyncio.sleep(0)
        if self.failing:
            self.failing -= 1
            raise LedgerUnavailable("away")
        unsent = [r for r in self.rows if r.announcement_id.sequence not in self.marked]
        return tuple(r for r in unsent[:limit] if r.announcement_id not in skip)

    async def mark_announced(self, announcements: tuple[AnnouncementId, ...]) -> None:
        await asyncio.sleep(0)
        self.marked += [known.sequence for known in announcements]


@dataclass
class Wire:
    """A broker's acknowledgements in the test's hand."""

    sent: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, quality: Quality) -> asyncio.Future[None]:
        assert topic == "choba/v1/terminals/T-000007/payments"
        assert quality is Quality.AT_LEAST_ONCE
        key = KEYRING.terminal_keys(NUMBER).announcement
        sequence, _ = open_signed(key, Purpose.PAYMENT, NUMBER, "ledger", payload)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent.append((sequence, future))
        return future

    @property
    def sequences(self) -> list[int]:
        return [sequence for sequence, _ in self.sent]

    def acknowledge(self, *sequences: int) -> None:
        for sequence, future in self.sent:
            if sequence in sequences and not future.done():
                future.set_result(None)


@asynccontextmanager
async def relaying(
    books: Books,
    wire: Wire,
    in_flight: int = 64,
    reached: list[Checkpoint] | None = None,
    pace: float = 0.0,
) -> AsyncIterator[Relay]:
    relay = Relay(
        outbox=books,
        wire=wire,
        keyring=KEYRING,
        ledger_id="ledger",
        in_flight=in_flight,
        checkpoint=(reached if reached is not None else []).append,
        pace=pace,
    )
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_rows_of_before_the_start_are_sent_at_once() -> None:
    books, wire = Books([announcement(1), announcement(2)]), Wire()
    async with relaying(books, wire):
        await settle()
        assert wire.sequences == [1, 2]
        assert books.marked == []


async def test_a_row_is_marked_after_its_acknowledgement_only() -> None:
    books, wire = Books([announcement(1), announcement(2)]), Wire()
    async with relaying(books, wire) as relay:
        await settle()
        wire.acknowledge(2)
        await settle()
        assert books.marked == [2]
        relay.wake()
        await settle()
        assert wire.sequences == [1, 2], "what is in flight is not sent twice"
        wire.acknowledge(1)
        await settle()
        assert sorted(books.marked) == [1, 2]


async def test_a_commit_wakes_it() -> None:
    books, wire = Books([]), Wire()
    async with relaying(books, wire) as relay:
        await settle()
        books.rows.append(announcement(1))
        relay.wake()
        await settle()
        assert wire.sequences == [1]


async def test_what_is_in_flight_is_bounded_and_everything_arrives() -> None:
    books, wire = Books([announcement(n) for n in range(1, 31)]), Wire()
    async with relaying(books, wire, in_flight=4):
        most = 0
        while len(books.marked) < 30:
            await settle()
            most = max(most, sum(not future.done() for _, future in wire.sent))
            wire.acknowledge(*wire.sequences)
        assert most == 4
        assert wire.sequences == list(range(1, 31))


async def test_after_the_broker_was_away_the_last_ones_go_again() -> None:
    """mosquitto acknowledges a moment before it saves; a kill in it loses the message."""
    books, wire = Books([announcement(1), announcement(2)]), Wire()
    async with relaying(books, wire) as relay:
        await settle()
        wire.acknowledge(1, 2)
        await settle()
        relay.broker_returned()
        assert wire.sequences == [1, 2, 1, 2]


async def test_a_rush_of_commits_is_served_in_few_looks_and_a_quiet_one_at_once() -> None:
    """A look at each commit and acknowledgement took more of the machine than the payments."""
    books, wire = Books([]), Wire()
    async with relaying(books, wire, pace=0.05) as relay:
        await settle()
        await asyncio.sleep(0.06)
        books.rows.append(announcement(1))
        relay.wake()
        await settle()
        assert wire.sequences == [1], "after a quiet moment nothing waits"
        for number in range(2, 22):
            books.rows.append(announcement(number))
            relay.wake()
            wire.acknowledge(*wire.sequences)
            await settle()
        assert books.looks < 5
        assert len(books.marked) <= 1, "marks come less often still"
        await asyncio.sleep(0.15)
        assert wire.sequences == list(range(1, 22))
        wire.acknowledge(*wire.sequences)
        async with asyncio.timeout(5):
            while len(books.marked) < 21:
                await asyncio.sleep(0.01)
        assert sorted(books.marked) == list(range(1, 22))


async def test_an_outbox_that_does_not_answer_is_asked_again() -> None:
    books, wire = Books([announcement(1)], failing=1), Wire()
    async with relaying(books, wire):
        await asyncio.sleep(0.2)
        assert wire.sequences == [1]


async def test_a_message_that_was_not_taken_goes_again() -> None:
    books, wire = Books([announcement(1)]), Wire()
    async with relaying(books, wire):
        await settle()
        wire.sent[0][1].cancel()
        await settle()
        assert wire.sequences == [1, 1]
        assert books.marked == []


async def test_its_checkpoints_are_reached_in_order() -> None:
    books, wire = Books([announcement(1)]), Wire()
    reached: list[Checkpoint] = []
    async with relaying(books, wire, reached=reached):
        await settle()
        wire.acknowledge(1)
        await settle()
    assert reached == [
        Checkpoint.RELAY_BEFORE_PUBLISH,
        Checkpoint.RELAY_AFTER_PUBLISH,
        Checkpoint.RELAY_AFTER_ACK,
    ]


async def test_a_cancellation_ends_it_even_when_it_meets_a_wake() -> None:
    relay = Relay(outbox=Books([]), wire=Wire(), keyring=KEYRING, ledger_id="ledger", in_flight=1)
    for _ in range(20):
        task = asyncio.create_task(relay.run())
        await settle()
        relay.wake()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 1)
