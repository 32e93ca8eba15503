"""What a process under fire is told, and the file of what its clients ask and are told."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

SPEED: Final = 21_600
"""Six hours of play in a second: a midnight, with its expiries, every four."""


@dataclass(frozen=True)
class Orders:
    """What a process is told."""

    url: str
    name: str
    """Of its lane and its journal."""
    seed: int
    epoch: float
    """Unix seconds of the machine at which the play starts."""
    start: int
    """The play's first instant."""
    ends: float
    journal: str
    users: dict[str, str]
    terminals: dict[str, int]
    leaves: str
    """The customer who may leave."""


@dataclass(frozen=True)
class Question:
    """``ask``: everything that makes two requests the same."""

    op: str
    key: str
    ask: list[Any]


class Journal:
    """Appended and flushed before a question is sent and after it was answered."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 -- until it is killed

    def write(self, what: str, question: Question, answer: str = "") -> None:
        line = {"what": what, **asdict(question), "answer": answer}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
