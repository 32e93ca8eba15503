"""What a counter of the harness really played, compared with what it should have."""

from collections.abc import Sequence
from pathlib import Path

from device.core.language import Language
from device.voice.announcements import Chime, chime_announcement, paid_announcement
from device.voice.files import sound_parts
from hardware.ports import SoundPart
from hardware.sound.recording import read_sdl_disk
from protos.units import Yen
from tests.support.sounds import shipped_listener


def claimed_then_paid(amount: int) -> list[Sequence[SoundPart]]:
    """The wood tap of a claim, then the paid announcement of this amount."""
    return [
        sound_parts(chime_announcement(Chime.CLAIMED)),
        sound_parts(paid_announcement(Yen(amount), Language.JA)),
    ]


def problems_of(recording: Path, expected: list[Sequence[SoundPart]]) -> tuple[str, ...]:
    """In sentences; empty when exactly this was heard."""
    return shipped_listener().problems(read_sdl_disk(recording), expected)
