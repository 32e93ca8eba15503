"""Fault points armed from outside: a running program is told where to die, once.

A test writes ``arm`` into the program's folder; at the named point the program unlinks it and ends
a process with SIGKILL: itself, or another one (the broker). ``reached`` holds every point that was
ever reached, over all runs of the program.
"""

import json
import os
import signal
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

FOLDER = "CHOBA_TEST_ARMED"
"""Names the folder in the program's environment."""


class Trap:
    """The checkpoint that an armed program is built with; called on any of its threads."""

    def __init__(self, folder: Path) -> None:
        self._arm = folder / "arm"
        self._reached = folder / "reached"
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, point: StrEnum) -> None:
        with self._lock:
            if point.value not in self._seen:
                self._seen.add(point.value)
                _append(self._reached, point.value)
            if self._arm.exists():
                self._spring(point)

    def _spring(self, point: StrEnum) -> None:
        order = json.loads(self._arm.read_text("utf-8"))
        if order["point"] != point.value:
            return
        self._arm.unlink()
        os.kill(order["victim"] or os.getpid(), signal.SIGKILL)


def trap() -> Trap:
    """The trap of the folder that the environment names."""
    return Trap(Path(os.environ[FOLDER]))


@dataclass(frozen=True, slots=True)
class Arming:
    """The test's side."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """For the program; makes its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return {FOLDER: str(self.folder)}

    def arm(self, point: StrEnum, victim: int = 0) -> None:
        """End the program (or the process ``victim``) when it next reaches ``point``."""
        part = self.folder / "arm.part"
        part.write_text(json.dumps({"point": point.value, "victim": victim}), "utf-8")
        part.replace(self.folder / "arm")

    @property
    def is_armed(self) -> bool:
        """The point was not reached yet."""
        return (self.folder / "arm").exists()

    def disarm(self) -> None:
        """Whatever comes is harmless again."""
        (self.folder / "arm").unlink(missing_ok=True)

    def reached(self) -> set[str]:
        """Every point that was ever reached."""
        file = self.folder / "reached"
        return set(file.read_text("utf-8").split()) if file.exists() else set()


def _append(path: Path, word: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")
