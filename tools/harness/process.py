"""One program of ours as a child process whose JSON log lines are read as they come."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LogLine = Mapping[str, Any]
_POLL_S = 0.002


class StageError(Exception):
    """Something that should have happened did not; the text names it."""


class Program:
    """A running program. Use as a context manager: it never outlives the block."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.lines: list[LogLine] = []
        self._command = list(command)
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    @property
    def log_path(self) -> Path:
        """Everything that it said, whole."""
        return self._folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def start(self) -> Self:
        """Start it; returns at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
        )
        self._reader = threading.Thread(
            target=self._read, args=(self._process,), name=f"log of {self.name}", daemon=True
        )
        self._reader.start()
        return self

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with self.log_path.open("ab") as log, process.stdout as output:
            for raw in output:
                log.write(raw)
                log.flush()
                try:
                    line = json.loads(raw)
                except ValueError:
                    line = {"text": raw.decode("utf-8", "replace").rstrip()}
                self.lines.append(line if isinstance(line, dict) else {"text": line})

    def wait_for(
        self, what: str, wanted: Callable[[LogLine], bool], timeout_s: float, after: int = 0
    ) -> LogLine:
        """The first log line from index ``after`` on that is ``wanted``.

        Raises StageError naming ``what`` when it does not come in time or the program ends.
        """
        deadline = time.monotonic() + timeout_s
        seen = after
        while True:
            alive = self.is_running()
            while seen < len(self.lines):
                if wanted(self.lines[seen]):
                    return self.lines[seen]
                seen += 1
            if not alive:
                raise StageError(f"{what}: {self.name} ended before it; see {self.log_path}")
            if time.monotonic() > deadline:
                raise StageError(f"{what}: not seen within {timeout_s:g} s; see {self.log_path}")
            time.sleep(_POLL_S)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self.wait_end(10)

    def stop(self, timeout_s: float = 10) -> int:
        """Ask it to end, then make it; returns its exit status."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        try:
            return self.wait_end(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def wait_end(self, timeout_s: float) -> int:
        """Its exit status; raises subprocess.TimeoutExpired."""
        assert self._process is not None
        status = self._process.wait(timeout_s)
        if self._reader is not None:
            self._reader.join(timeout_s)
        return status

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.stop()
