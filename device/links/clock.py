"""The device's time: the machine's wall clock, corrected by what the server said last."""

from device.core.events import Tick
from device.core.japan_time import MonoMs
from device.core.state import Clock
from hardware.clock import MachineClock, Trust
from protos.units import Micros

_US_PER_MS = 1_000
STEP_US = 2_000_000
"""Only a difference above 2 s is corrected: smaller ones are the network's, not the clock's."""


class DeviceClock:
    """Wall time for everything on the device. Moves with the server once it has answered."""

    def __init__(self, machine: MachineClock) -> None:
        self._machine = machine
        self._offset_us = 0
        self._synced = False

    @property
    def offset_us(self) -> int:
        """What is added to the machine's clock."""
        return self._offset_us

    def wall(self) -> Micros:
        """The corrected wall clock."""
        return Micros(self._machine.wall_us() + self._offset_us)

    def mono(self) -> MonoMs:
        """The monotonic clock."""
        return MonoMs(self._machine.mono_ms())

    def tick(self) -> Tick:
        """The instant of the next event."""
        known = self._synced or self._machine.trust() is Trust.SET
        return Tick(self.wall(), self.mono(), Clock.PLAUSIBLE if known else Clock.IMPLAUSIBLE)

    def sync(self, server_us: int, sent_mono_ms: int, received_mono_ms: int) -> None:
        """The server's clock, read between sending and receiving; the middle is taken.

        A jump of the machine's clock (NTP, a hand) is followed too: the offset is always against
        the machine's clock as it is now.
        """
        half_us = (received_mono_ms - sent_mono_ms) * _US_PER_MS // 2
        offset = server_us + half_us - self._machine.wall_us()
        if not self._synced or abs(offset - self._offset_us) > STEP_US:
            self._offset_us = offset if abs(offset) > STEP_US else 0
        self._synced = True
