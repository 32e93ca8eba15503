"""Sounds with which speakers are tried: the shipped ones, named as a person would."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.ports import SoundFile
from hardware.sound.compare import Listener
from hardware.sound.joining import SoundStore

SHIPPED = Path(__file__).resolve().parents[4] / "device" / "sounds"


def shipped(name: str) -> SoundFile:
    return SoundFile(SHIPPED / f"{name}.ogg")


@pytest.fixture(scope="session")
def store() -> SoundStore:
    return SoundStore()


@pytest.fixture(scope="session")
def listener(store: SoundStore) -> Listener:
    """Knows everything that is shipped."""
    return Listener([SoundFile(path) for path in sorted(SHIPPED.rglob("*.ogg"))], store)


@pytest.fixture
def sdl_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """SDL plays into a file, about twenty times faster than time."""
    path = tmp_path / "played.raw"
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(path))
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "1")
    yield path
