"""What else the machine did: a figure of a busy machine must say so."""

import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def describe() -> str:
    """Cores, memory and system."""
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def resident_mib(pid: int) -> float:
    """Memory of one process that is its own or shared, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * _PAGE / 2**20


def cpu_seconds(pid: int) -> float:
    """What one process has used since it began, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def busy_seconds() -> float:
    """What all cores have used since boot, user and system."""
    user, nice, system = Path("/proc/stat").read_text("ascii").split("\n")[0].split()[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS


@dataclass
class Others:
    """CPU that processes other than those watched used from ``start`` to ``share``."""

    pids: tuple[int, ...]
    _own: float = 0.0
    _all: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begin to count."""
        self._own, self._all = self._used(), busy_seconds()
        self._since = time.monotonic()

    def share(self) -> float:
        """Cores that others kept busy on average: 0 is a quiet machine."""
        seconds = time.monotonic() - self._since
        others = (busy_seconds() - self._all) - (self._used() - self._own)
        return max(0.0, others / seconds)

    def _used(self) -> float:
        return sum(cpu_seconds(pid) for pid in self.pids)
