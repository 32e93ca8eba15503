"""A counter without a speaker, by decision of its keeper: says NO_DEVICE, plays nothing."""

from collections.abc import Sequence

from hardware.ports import (
    PlayOutcome,
    PlayReport,
    SoundFile,
    SoundPart,
    SpeakerState,
    SpeakerStatus,
)

_WHY = "switched off in the settings"


class SilentSpeaker:
    """The Speaker port of a machine that has none."""

    async def play(self, parts: Sequence[SoundPart]) -> PlayReport:
        """Nothing can be heard."""
        return PlayReport(PlayOutcome.NO_DEVICE, _WHY)

    def effect(self, sound: SoundFile) -> PlayOutcome:
        """Nothing can be heard."""
        return PlayOutcome.NO_DEVICE

    async def open(self, preload: Sequence[SoundFile] = ()) -> SpeakerStatus:
        """There is nothing to open."""
        return SpeakerStatus(SpeakerState.NO_DEVICE, "none", _WHY)

    async def close(self) -> None:
        """There is nothing to close."""
