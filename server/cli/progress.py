"""How far long work is, on stderr: a line that is written over, only where a person looks on."""

import sys
import time
from typing import Final, TextIO

_EVERY: Final = 0.2
_WIDTH: Final = 24


class ProgressLine:
    """Call it as a ``Progress``; ``close`` it at the end. Says nothing when stderr is no tty."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._shown = self._out.isatty()
        self._what = ""
        self._began = self._last = 0.0
        self._dirty = False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._shown:
            return
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._last = what, now, 0.0
        if now - self._last < _EVERY and done < total:
            return
        self._last = now
        self._out.write("\r\x1b[K" + progress_text(what, done, total, now - self._began))
        self._out.flush()
        self._dirty = True

    def close(self) -> None:
        """Leave no half line behind."""
        if self._dirty:
            self._out.write("\r\x1b[K")
            self._out.flush()
            self._dirty = False


def progress_text(what: str, done: int, total: int, seconds: float) -> str:
    """``entries [######------] 512,000/1,024,000  ETA 0:09``."""
    share = min(1.0, done / total) if total else 0.0
    bar = "#" * round(share * _WIDTH)
    line = f"{what} [{bar.ljust(_WIDTH, '-')}] {done:,}/{total:,}"
    if not 0 < share < 1:
        return line
    left = round(seconds / share - seconds)
    return f"{line}  ETA {left // 60}:{left % 60:02}"
