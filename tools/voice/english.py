"""The English voice: flite with its bundled voice "slt", cut out of whole sentences.

The same method as the Japanese voice: each clip is taken from a sentence in which it stands where
the device will say it. flite prints when each phoneme ends.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import soundfile

from device.voice.clips import CLIPS, Clip, ClipName
from tools.voice.spoken import Spoken, VoiceBuildError

ENGINE_RATE: Final = 16_000
NUMBER_STRETCH: Final = "1.1"
_NEIGHBOURS: Final[dict[int, tuple[Sequence[str], Sequence[str]]]] = {
    1: (("200", "30"), ()),
    2: (("200",), ("5-yen",)),
    3: (("3-thousand",), ("50-yen",)),
}
"""Before and after a number of so many digits."""

_PAUSE: Final = "pau"


class EnglishVoice:
    """Synthesises sentences and finds the clips in them."""

    def speak(self, clip: Clip) -> Spoken:
        """Return the clip in its sentence. Raises VoiceBuildError if it would be misread."""
        before, after = _surroundings(clip.name)
        pieces = [*(CLIPS[ClipName(f"en/{stem}")] for stem in before), clip]
        tail = [CLIPS[ClipName(f"en/{stem}")] for stem in after]
        is_number = clip.name.removeprefix("en/")[0].isdigit()
        text = " ".join(piece.text for piece in (*pieces, *tail))
        if is_number:
            text += ", payment received"
        with tempfile.TemporaryDirectory() as folder:
            wave = Path(folder) / "sentence.wav"
            segments = _flite(f"{text}.", "-o", str(wave), stretched=is_number)
            sentence, rate = soundfile.read(wave, dtype="float64")
        if rate != ENGINE_RATE:
            raise VoiceBuildError(f"flite spoke at {rate} Hz; the build expects {ENGINE_RATE}")
        heard = [phoneme for phoneme, _ in segments]
        wanted = [_phonemes_of(piece.text) for piece in pieces]
        first = 1 + sum(map(len, wanted[:-1]))  # the segments begin with a pause
        last = first + len(wanted[-1])
        flat = [phoneme for piece in wanted for phoneme in piece]
        if heard[1:last] != flat:
            raise VoiceBuildError(
                f"{clip.name}: the sentence reads {heard[1:last]}, alone {flat}; "
                "choose other neighbours"
            )
        ends = [round(end * ENGINE_RATE) for _, end in segments]
        return Spoken(
            sentence=sentence,
            start=ends[first - 1],
            end=ends[last - 1],
            opens_sentence=first == 1,
            phonemes=tuple(heard[first:last]),
        )


def _phonemes_of(text: str) -> list[str]:
    segments = _flite(f"{text}.", "-o", "none", stretched=False)
    return [phoneme for phoneme, _ in segments if phoneme != _PAUSE]


def _flite(text: str, *output: str, stretched: bool) -> list[tuple[str, float]]:
    """Run flite; return each phoneme with the second at which it ends."""
    pace = ["--setf", f"duration_stretch={NUMBER_STRETCH}"] if stretched else []
    command = ["flite", "-voice", "slt", *pace, "-psdur", "-t", text, *output]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    pairs = (entry.split(":") for entry in done.stdout.split())
    return [(phoneme, float(end)) for phoneme, end in pairs]


def _surroundings(name: ClipName) -> tuple[Sequence[str], Sequence[str]]:
    """The clips that are spoken before and after this one, by stem."""
    stem = name.removeprefix("en/")
    digits, _, rest = stem.partition("-")
    if not digits.isdigit():
        return (), ()
    before: Sequence[str]
    after: Sequence[str]
    if "million" in rest or "thousand" in rest:
        before = ()
        after = ("200-thousand-yen",) if "million" in rest else ("200-yen",)
    else:
        before, after = _NEIGHBOURS[len(digits)]
    return before, () if rest.endswith("yen") else after
