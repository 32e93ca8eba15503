"""The device's clock against a machine's clock that may be anything."""

from device.core.state import Clock
from device.links.clock import DeviceClock
from hardware.clock import Trust


class Machine:
    """A machine whose clocks are set by hand."""

    def __init__(self, wall_us: int, trust: Trust = Trust.UNSET) -> None:
        self.wall, self.mono, self.trusted = wall_us, 0, trust

    def wall_us(self) -> int:
        return self.wall

    def mono_ms(self) -> int:
        return self.mono

    def trust(self) -> Trust:
        return self.trusted


TRUE_US = 1_795_440_600_000_000


def test_a_machine_without_a_clock_is_not_believed_until_the_server_spoke() -> None:
    machine = Machine(0)
    clock = DeviceClock(machine)
    assert clock.tick().clock is Clock.IMPLAUSIBLE
    clock.sync(TRUE_US, 1000, 1040)
    assert clock.tick().clock is Clock.PLAUSIBLE
    assert clock.wall() == TRUE_US + 20_000


def test_a_battery_backed_clock_is_believed_without_network() -> None:
    assert DeviceClock(Machine(TRUE_US, Trust.SET)).tick().clock is Clock.PLAUSIBLE


def test_small_differences_are_the_networks() -> None:
    machine = Machine(TRUE_US, Trust.SET)
    clock = DeviceClock(machine)
    clock.sync(TRUE_US + 300_000, 0, 10)
    assert clock.offset_us == 0


def test_a_machine_clock_that_jumps_is_followed() -> None:
    machine = Machine(0)
    clock = DeviceClock(machine)
    clock.sync(TRUE_US, 0, 0)
    machine.wall = TRUE_US + 5_000_000  # NTP has set it meanwhile; five seconds passed
    clock.sync(TRUE_US + 5_000_000, 0, 0)
    assert clock.wall() == TRUE_US + 5_000_000
