"""The links and parts that staff see on the network page: looked at on demand and every minute."""

import asyncio
from collections.abc import Awaitable, Callable

from device.core.events import Event, PartReported, PartsProbed
from device.core.state import Clock, Health, Part, PartStatus
from device.links.clock import DeviceClock
from device.links.tasks import Tasks
from hardware.network.interfaces import Interface, Medium, Networks
from hardware.ports import Speaker, SpeakerState

PERIOD_S = 60.0
SLOW_CLOCK_US = 30_000_000
_US_PER_MS = 1_000
WEAK_BARS = 1

Post = Callable[[Event], Awaitable[None]]


class PartsLink:
    """Probes the machine's own parts."""

    def __init__(
        self, *, networks: Networks, speaker: Speaker, clock: DeviceClock, post: Post
    ) -> None:
        self._networks = networks
        self._speaker = speaker
        self._clock = clock
        self._post = post
        self._tasks = Tasks()

    async def run(self) -> None:
        """Until cancelled: look every minute."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(PERIOD_S)
        finally:
            await self._tasks.close()

    def probe(self) -> None:
        """Look now; each part reports, then PartsProbed."""
        self._tasks.start(self._look(), "probe parts")

    async def _look(self) -> None:
        interfaces = await asyncio.to_thread(self._networks.interfaces)
        speaker = await self._speaker.open()
        statuses = (
            _network(Part.CABLE, Medium.CABLE, interfaces),
            _network(Part.WIFI, Medium.WIFI, interfaces),
            _network(Part.MOBILE, Medium.MOBILE, interfaces),
            self._clock_status(),
            PartStatus(
                Part.SPEAKER, Health.OK if speaker.state is SpeakerState.READY else Health.OFF
            ),
        )
        for status in statuses:
            await self._post(PartReported(status))
        await self._post(PartsProbed())

    def _clock_status(self) -> PartStatus:
        if self._clock.tick().clock is Clock.IMPLAUSIBLE:
            return PartStatus(Part.CLOCK, Health.OFF)
        off = abs(self._clock.offset_us)
        health = Health.WARN if off > SLOW_CLOCK_US else Health.OK
        return PartStatus(Part.CLOCK, health, off // _US_PER_MS)


def _network(part: Part, medium: Medium, interfaces: tuple[Interface, ...]) -> PartStatus:
    own = [interface for interface in interfaces if interface.medium is medium]
    best = max(own, key=lambda interface: (interface.connected, interface.bars or 0), default=None)
    if best is None or not best.connected:
        return PartStatus(part, Health.OFF)
    weak = best.bars is not None and best.bars <= WEAK_BARS
    return PartStatus(part, Health.WARN if weak else Health.OK, best.bars, best.name)
