"""The shipped sounds by name, a listener that knows them all, and SDL playing into a file."""

from functools import cache
from pathlib import Path

import pytest

from hardware.ports import SoundFile
from hardware.sound.compare import Listener
from hardware.sound.joining import SoundStore

SHIPPED = Path(__file__).resolve().parents[2] / "device" / "sounds"


def shipped(name: str) -> SoundFile:
    """A shipped sound, e.g. ``ja/200-yen``."""
    return SoundFile(SHIPPED / f"{name}.ogg")


@cache
def shared_store() -> SoundStore:
    """One store for all tests of a process: nothing is decoded twice."""
    return SoundStore()


@cache
def shipped_listener() -> Listener:
    """Knows everything that is shipped."""
    sounds = [SoundFile(path) for path in sorted(SHIPPED.rglob("*.ogg"))]
    return Listener(sounds, shared_store())


def play_into_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make SDL write what it plays into the file returned, about twenty times faster than time."""
    path = folder / "played.raw"
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(path))
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "1")
    return path
