"""What else the machine did: a figure of a busy machine must say so."""

import contextlib
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PARENT, _USED, _USED_WITH_ENDED = 1, slice(11, 13), slice(11, 15)


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
    return sum(int(ticks) for ticks in _stat(pid)[_USED]) / _TICKS


def parent_of(pid: int) -> int:
    """The process that started it."""
    return int(_stat(pid)[_PARENT])


def family_seconds(pids: Iterable[int]) -> float:
    """What processes and all that they started have used, those that ended among them."""
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile; its parent has its time
                stats[int(entry.name)] = _stat(int(entry.name))
    family, found = set[int](), set(pids)
    while found:
        family |= found
        found = {pid for pid, stat in stats.items() if int(stat[_PARENT]) in found} - family
    ticks = (int(t) for pid in family & stats.keys() for t in stats[pid][_USED_WITH_ENDED])
    return sum(ticks) / _TICKS


def _stat(pid: int) -> list[str]:
    """proc(5): the fields after the name, which may hold blanks; the first is the state."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()


def busy_seconds() -> float:
    """What all cores have used since boot, user and system."""
    user, nice, system = Path("/proc/stat").read_text("ascii").split("\n")[0].split()[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS


@dataclass
class Others:
    """CPU that others than those watched and what they started used, ``start`` to ``share``."""

    pids: tuple[int, ...]
    _own: float = 0.0
    _all: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begin to count."""
        self._own, self._all = family_seconds(self.pids), busy_seconds()
        self._since = time.monotonic()

    def share(self) -> float:
        """Cores that others kept busy on average: 0 is a quiet machine."""
        seconds = time.monotonic() - self._since
        others = (busy_seconds() - self._all) - (family_seconds(self.pids) - self._own)
        return max(0.0, others / seconds)
