"""The table of a run: each stage with its milliseconds."""

import time
from dataclasses import dataclass, field


@dataclass
class Stages:
    """Stages in the order in which they happened."""

    rows: list[tuple[str, float, str]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def done(self, name: str, note: str = "") -> None:
        """The stage that has just ended, since the one before."""
        now = time.monotonic()
        self.rows.append((name, (now - self._began) * 1000, note))
        self._began = now

    def measured(self, name: str, milliseconds: float, note: str = "") -> None:
        """A stage whose time was taken elsewhere."""
        self.rows.append((name, milliseconds, note))
        self._began = time.monotonic()

    def table(self) -> str:
        """For a terminal."""
        width = max(len(name) for name, _, _ in self.rows)
        lines = [f"{'stage'.ljust(width)}        ms"]
        lines += [f"{name.ljust(width)}  {ms:8.0f}  {note}" for name, ms, note in self.rows]
        return "\n".join(line.rstrip() for line in lines)
