"""From the names of sounds to the files that are shipped."""

from pathlib import Path
from typing import Final

from device.voice.announcements import Announcement, Chime
from device.voice.clips import CLIPS, ClipName
from hardware.ports import SoundFile, SoundPart

SOUND_FOLDER: Final = Path(__file__).resolve().parent.parent / "sounds"

ALL_SOUNDS: Final[tuple[ClipName, ...]] = (*CLIPS, *(chime.value for chime in Chime))
"""Every sound that is shipped."""


def sound_file(name: ClipName) -> SoundFile:
    """Return the shipped file of a sound."""
    return SoundFile(SOUND_FOLDER / f"{name}.ogg")


def sound_parts(announcement: Announcement) -> tuple[SoundPart, ...]:
    """Return the announcement as the speaker port takes it."""
    return tuple(sound_file(part) if isinstance(part, str) else part for part in announcement)
