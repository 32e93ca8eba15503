"""A payment just committed goes out from memory; the outbox is for what memory has lost."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from protos import topics
from protos.signed_message import Purpose, open_signed
from protos.units import Yen
from server.announcements.publisher import Quality
from server.announcements.relay import Relay
from server.payments import Announcement, AnnouncementId, Committed, DeskHooks, PaymentDesk
from tests.support.books import Town, legs, new_key, ticket_of


@dataclass
class CountedOutbox:
    """The desk's own, that counts its looks."""

    desk: PaymentDesk
    looks: int = 0

    async def unsent_announcements(
        self, limit: int, skip: frozenset[AnnouncementId] = frozenset()
    ) -> tuple[Announcement, ...]:
        self.looks += 1
        return await self.desk.unsent_announcements(limit, skip)

    async def mark_announced(self, announcements: tuple[AnnouncementId, ...]) -> None:
        await self.desk.mark_announced(announcements)


@dataclass
class Broker:
    """Acknowledges at once."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, quality: Quality) -> asyncio.Future[None]:
        self.sent.append((topic, payload))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_what_was_just_committed_needs_no_look_and_goes_out_once(town: Town) -> None:
    seen: list[Committed] = []
    async with town.desk(DeskHooks(on_committed=seen.extend)) as desk:
        outbox, broker = CountedOutbox(desk), Broker()
        relay = Relay(
            outbox=outbox,
            wire=broker,
            keyring=town.keyring,
            ledger_id="ledger",
            in_flight=64,
            pace=0.0,
        )
        task = asyncio.create_task(relay.run())
        await until(lambda: outbox.looks == 1)  # what an earlier run may have left
        for sale in (7, 8):
            ticket = await ticket_of(desk, town.qr(sale), town)
            user = town.users["花子"].user_id
            await desk.pay(user, new_key(), ticket, Yen(100), legs(100))
        relay.fresh(seen)
        await until(lambda: len(broker.sent) == 2)
        assert outbox.looks == 1
        key = town.keyring.terminal_keys(town.matsuya).announcement
        for number, (topic, payload) in enumerate(broker.sent, start=1):
            assert topic == topics.payments(seen[0].draft.counter.terminal_id)
            sequence, _ = open_signed(key, Purpose.PAYMENT, town.matsuya, "ledger", payload)
            assert sequence == number
        relay.wake()
        await until(lambda: outbox.looks >= 2)
        assert len(broker.sent) == 2
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert await desk.unsent_announcements(10) == ()


async def test_a_stands_payment_is_found_in_the_outbox(town: Town) -> None:
    seen: list[Committed] = []
    async with town.desk(DeskHooks(on_committed=seen.extend)) as desk:
        outbox, broker = CountedOutbox(desk), Broker()
        relay = Relay(
            outbox=outbox,
            wire=broker,
            keyring=town.keyring,
            ledger_id="ledger",
            in_flight=64,
            pace=0.0,
        )
        task = asyncio.create_task(relay.run())
        await until(lambda: outbox.looks == 1)
        ticket = await ticket_of(desk, town.stand_qr(), town)
        user = town.users["花子"].user_id
        await desk.pay(user, new_key(), ticket, Yen(100), legs(100))
        relay.fresh(seen)
        await until(lambda: len(broker.sent) == 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
