"""The load generator as a child process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.load import Outcome
from tests.benchmarks.plan import Load
from tools.harness.process import StageError


class Clients:
    """Connected; ``prepare``, then ``pay``."""

    def __init__(self, plan: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.load", str(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._child.pid

    def wait_until_connected(self) -> None:
        """Raises StageError."""
        self._answer()

    def prepare(self, count: int) -> None:
        """Make the calls that pay so many sales."""
        self._ask(f"prepare {count}")

    def pay(self) -> Outcome:
        """Send them, and say how it went."""
        return Outcome(**self._ask("pay"))

    def stop(self) -> None:
        """End it."""
        self._child.terminate()
        self._child.wait(10)
        for end in (self._child.stdin, self._child.stdout):
            if end is not None:
                end.close()

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise StageError("load generator: ended; see what it said above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def clients(load: Load, plan: Path) -> Iterator[Clients]:
    """A generator with its own plan; never outlives the block."""
    child = Clients(load.write(plan))
    try:
        child.wait_until_connected()
        yield child
    finally:
        child.stop()
