"""The machine's network interfaces, as Linux tells of them."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class Medium(Enum):
    """What an interface goes over."""

    CABLE = "cable"
    WIFI = "wifi"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface. ``bars`` is the signal from 0 to 4; None where there is none to measure."""

    name: str
    medium: Medium
    connected: bool
    bars: int | None = None


class Networks(Protocol):
    """Where interfaces are looked up."""

    def interfaces(self) -> tuple[Interface, ...]:
        """All real interfaces (no loopback, bridges, tunnels). Reads small files; blocks."""
        ...


class LinuxNetworks:
    """From /sys/class/net and /proc/net/wireless."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._net = root / "sys/class/net"
        self._wireless = root / "proc/net/wireless"

    def interfaces(self) -> tuple[Interface, ...]:
        bars = self._bars()
        found = []
        for folder in sorted(self._net.glob("*")) if self._net.is_dir() else []:
            medium = _medium(folder)
            if medium is not None:
                found.append(
                    Interface(folder.name, medium, _carrier(folder), bars.get(folder.name))
                )
        return tuple(found)

    def _bars(self) -> dict[str, int]:
        """Signal by interface. The driver gives dBm: -50 is full, -90 is none."""
        try:
            lines = self._wireless.read_text("utf-8").splitlines()[2:]
        except OSError:
            return {}
        bars = {}
        for line in lines:
            name, _, values = line.partition(":")
            fields = values.split()
            if len(fields) > 2:
                dbm = float(fields[2].rstrip("."))
                bars[name.strip()] = max(0, min(4, round((dbm + 90) / 10)))
        return bars


def _medium(folder: Path) -> Medium | None:
    if folder.name.startswith(("wwan", "ppp")):
        return Medium.MOBILE
    if (folder / "wireless").is_dir() or folder.name.startswith("wl"):
        return Medium.WIFI
    if (folder / "device").exists() or folder.name.startswith(("eth", "en")):
        return Medium.CABLE
    return None


def _carrier(folder: Path) -> bool:
    try:
        return (folder / "carrier").read_text("utf-8").strip() == "1"
    except OSError:  # the kernel answers EINVAL while an interface is down
        return False
