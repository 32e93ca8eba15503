"""What a load generator is told, in a file that only its owner can read: it holds tokens, keys."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Load:
    """Who pays where, how and how much."""

    host: str
    port: int
    ca_pem: str
    way: str
    """A name of ``ways.WAYS``."""
    clients: int
    legs: list[tuple[str, int]]
    """Service and yen."""
    counters: list[tuple[int, str]]
    """Terminal number and QR key in hexadecimal; used in turn."""
    customers: list[tuple[str, str]]
    """User id and bearer token; they pay in turn."""
    operator_token: str

    def write(self, path: Path) -> Path:
        """Readable by its owner alone."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        content = json.loads(path.read_text("utf-8"))
        return cls(**{field.name: content[field.name] for field in fields(cls)})
