"""The machine's clocks, and whether the wall clock can be believed before anybody set it."""

import time
from enum import Enum
from pathlib import Path
from typing import Protocol

RELEASED_AT_S = 1_763_856_000
"""2025-11-23 UTC: no true clock shows less. A Pi without a battery starts at its last file's time
or in 1970."""


class Trust(Enum):
    """Where the wall clock's time comes from."""

    SET = "set"
    """A battery-backed clock, or the network's time since boot."""
    UNSET = "unset"


class MachineClock(Protocol):
    """The clocks of the machine. None of them is corrected here."""

    def wall_us(self) -> int:
        """Microseconds since 1970 UTC as the system believes."""
        ...

    def mono_ms(self) -> int:
        """Milliseconds that never go back, from an unknown start."""
        ...

    def trust(self) -> Trust:
        """Whether somebody set the wall clock since the power came on."""
        ...


class SystemClock:
    """The real clocks of a Linux machine."""

    def __init__(
        self,
        rtc: Path = Path("/sys/class/rtc/rtc0"),
        synchronised: Path = Path("/run/systemd/timesync/synchronized"),
    ) -> None:
        self._signs = (rtc, synchronised)

    def wall_us(self) -> int:
        return time.time_ns() // 1_000

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def trust(self) -> Trust:
        if time.time() < RELEASED_AT_S:
            return Trust.UNSET
        return Trust.SET if any(sign.exists() for sign in self._signs) else Trust.UNSET
