"""From the outbox to the broker: at least once, bounded in flight, marked after the PUBACK.

A row that was published and not marked is published again (after a crash, after the broker lost
its connection): the device knows a sequence that it has. A row is never marked before the broker
has acknowledged it, so none is lost. Order is the device's to restore.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Iterable
from typing import Protocol

from protos import topics
from protos.operation.logs import say
from protos.signed_message import Purpose, sign
from protos.units import Sequence
from server.announcements.messages import payment_message
from server.announcements.publisher import Quality
from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.db import LedgerUnavailable
from server.directory import Keyring
from server.payments import Announcement, AnnouncementId, Committed, announcement_of

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 2.0
"""Without a wake-up: rows of a server process that died after its commit."""
_LONGEST_PAUSE = 5.0
PACE_SECONDS = 0.02
"""Between the beginnings of two looks at the outbox. After a quiet moment a payment goes out at
once; when they come thick, a look serves all that came meanwhile, instead of one for each commit
and each acknowledgement: without it the looks took more of the machine than the payments."""
_UNDER_PRESSURE = 5
"""Paces that a look lasts while more than half a flight of payments comes in one: above some
1,600 a second the announcements follow at 640 a second and catch up afterwards."""
_MOST_FRESH = 2_000
"""Payments kept in memory until they are announced; more of them are found in the outbox."""
_MARK_PACES = 10
"""Marking is a commit of its own in the payments' queue and nobody waits for it: when payments
come thick, a mark follows the last one after so many paces, or when a full flight waits for it."""
_MOST_AT_ONCE = 500
"""Rows that the outbox gives or takes in one call."""
_AGAIN_AFTER_LOSS = 256
"""Marked rows remembered, to be sent once more when the broker may have lost them."""


class Outbox(Protocol):
    """What the relay needs of the payment desk."""

    async def unsent_announcements(
        self, limit: int, skip: frozenset[AnnouncementId] = frozenset()
    ) -> tuple[Announcement, ...]:
        """The first ``limit`` that are committed and not yet marked, without those of ``skip``."""
        ...

    async def mark_announced(self, announcements: tuple[AnnouncementId, ...]) -> None:
        """The broker has them."""
        ...


class Wire(Protocol):
    """What the relay needs of the publisher."""

    def publish(self, topic: str, payload: bytes, quality: Quality) -> asyncio.Future[None]:
        """Resolves at the broker's acknowledgement."""
        ...


class Relay:
    """One task; ``fresh`` after each commit, ``wake`` when the outbox may hold more."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        wire: Wire,
        keyring: Keyring,
        ledger_id: str,
        in_flight: int,
        checkpoint: CheckpointPort = no_checkpoint,
        pace: float = PACE_SECONDS,
    ) -> None:
        """``pace``: seconds between the beginnings of two looks at the outbox, at least."""
        self._outbox = outbox
        self._wire = wire
        self._keyring = keyring
        self._ledger_id = ledger_id
        self._most = in_flight
        self._checkpoint = checkpoint
        self._pace = pace
        self._wake = asyncio.Event()
        self._flying: set[AnnouncementId] = set()
        self._acknowledged: list[AnnouncementId] = []
        self._marked_at = float("-inf")
        self._recent: dict[AnnouncementId, Announcement] = {}
        self._fresh: dict[AnnouncementId, Committed] = {}
        self._came = 0
        self._looked_at = float("-inf")
        self._behind = True

    def wake(self) -> None:
        """Rows may be waiting. Cheap; call it from the event loop."""
        self._behind = True
        self._wake.set()

    def fresh(self, committed: Iterable[Committed]) -> None:
        """These were just committed: they need not be looked up in the outbox."""
        for payment in committed:
            known = payment.announcement_id
            if known is None:
                continue
            self._came += 1
            if len(self._fresh) < _MOST_FRESH:
                self._fresh[known] = payment
            else:
                self._behind = True
        self._wake.set()

    def broker_returned(self) -> None:
        """The broker was away: what it acknowledged last may have died with it. Send it again."""
        for announcement in tuple(self._recent.values()):
            self._send(announcement, again=True)
        self.wake()

    async def run(self) -> None:
        """Until cancelled. A database that does not answer is asked again, with growing pauses."""
        pause = 0.1
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._mark()
                await self._fill()
                pause = 0.1
            except LedgerUnavailable as error:
                say(log, logging.ERROR, "outbox does not answer", error=str(error))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 jitter
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            # not wait_for: before Python 3.12 it loses a cancellation that meets the wake-up
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._mark_due_in()):
                    await self._wake.wait()
            await asyncio.sleep(began + self._pause() - clock())
            self._wake.clear()

    def _pause(self) -> float:
        """Payments first: when they come faster than announcements could follow at full pace."""
        came, self._came = self._came, 0
        return self._pace * _UNDER_PRESSURE if came > self._most / 2 else self._pace

    async def _fill(self) -> None:
        while self._fresh and len(self._flying) < self._most:
            known = next(iter(self._fresh))
            announcement = announcement_of(self._fresh.pop(known), self._keyring)
            if announcement is None:
                self._behind = True
            else:
                self._send(announcement)
        now = asyncio.get_running_loop().time()
        due = self._behind or now - self._looked_at >= _LOOK_AGAIN_SECONDS
        if due and len(self._flying) < self._most:
            self._looked_at = now
            await self._look()

    async def _look(self) -> None:
        """Into the outbox: what was left over by a crash, by other processes, by a rush."""
        # those in flight or not yet marked are unsent too and come first: ask for as many more
        limit = min(self._most + len(self._acknowledged), _MOST_AT_ONCE)
        known = frozenset((*self._flying, *self._acknowledged))
        self._behind = False  # whoever wakes us during the look means the next one
        try:
            found = await self._outbox.unsent_announcements(limit, known)
        except LedgerUnavailable:
            self._behind = True
            raise
        for announcement in found:
            self._fresh.pop(announcement.announcement_id, None)
            self._send(announcement)
        self._behind = self._behind or len(found) + len(known) >= limit

    def _send(self, announcement: Announcement, again: bool = False) -> None:
        known = announcement.announcement_id
        keys = self._keyring.terminal_keys(known.terminal_number)
        payload = payment_message(announcement.payment).SerializeToString()
        signed = sign(
            keys.announcement,
            Purpose.PAYMENT,
            known.terminal_number,
            Sequence(known.sequence),
            self._ledger_id,
            payload,
        )
        self._checkpoint(Checkpoint.RELAY_BEFORE_PUBLISH)
        future = self._wire.publish(
            topics.payments(announcement.terminal_id), signed, Quality.AT_LEAST_ONCE
        )
        self._checkpoint(Checkpoint.RELAY_AFTER_PUBLISH)
        if again:
            return  # it is marked already; only the device's copy may be missing
        self._flying.add(known)
        future.add_done_callback(lambda done: self._landed(announcement, done))

    def _landed(self, announcement: Announcement, done: asyncio.Future[None]) -> None:
        known = announcement.announcement_id
        self._flying.discard(known)
        if done.cancelled():
            self._behind = True
        else:
            self._acknowledged.append(known)
            self._recent[known] = announcement
            if len(self._recent) > _AGAIN_AFTER_LOSS:
                del self._recent[next(iter(self._recent))]
        self._wake.set()

    async def _mark(self) -> None:
        if self._mark_due_in() > 0:
            return
        self._marked_at = asyncio.get_running_loop().time()
        self._checkpoint(Checkpoint.RELAY_AFTER_ACK)
        batch = tuple(self._acknowledged[:_MOST_AT_ONCE])
        await self._outbox.mark_announced(batch)
        del self._acknowledged[: len(batch)]

    def _mark_due_in(self) -> float:
        """Seconds until what is acknowledged has to be marked; 0 or less: now."""
        if not self._acknowledged:
            return _LOOK_AGAIN_SECONDS
        if len(self._acknowledged) >= self._most:
            return 0.0
        return self._marked_at + _MARK_PACES * self._pace - asyncio.get_running_loop().time()
