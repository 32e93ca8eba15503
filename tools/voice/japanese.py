"""The Japanese voice: OpenJTalk with the HTS voice "Mei" (CC BY 3.0), cut out of whole sentences.

A number spoken alone sounds finished: it falls in pitch and drags. So every clip is taken from a
sentence in which it stands where the device will say it: 三百|二十|五円、お支払いを受け付けました.
Where to cut is known exactly: the engine gives each phoneme a duration of its own, so the sound of
the first k phonemes is as long as the moment at which phoneme k ends in the whole sentence.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyopenjtalk
from pyopenjtalk.htsengine import HTSEngine

from device.voice.clips import CLIPS, Clip, ClipName
from tools.voice.signal import Samples
from tools.voice.spoken import Spoken, VoiceBuildError

ENGINE_RATE: Final = 48_000
NUMBER_SPEED: Final = 0.9
"""Numbers a tenth slower than the voice's own pace: they are what must be understood."""

_NEIGHBOURS: Final[dict[int, tuple[Sequence[str], Sequence[str]]]] = {
    1: (("300", "20"), ()),
    2: (("300",), ("5-yen",)),
    3: (("2000",), ("50-yen",)),
    4: ((), ("200-yen",)),
}
"""Before and after a place of so many digits."""

_PHONEME: Final = re.compile(r"-(.+?)\+")
_PAUSES: Final = ("sil", "pau")


class JapaneseVoice:
    """Synthesises sentences and finds the clips in them."""

    def __init__(self) -> None:
        self._engine = HTSEngine(pyopenjtalk.DEFAULT_HTS_VOICE)
        assert self._engine.get_sampling_frequency() == ENGINE_RATE

    def speak(self, clip: Clip) -> Spoken:
        """Return the clip in its sentence. Raises VoiceBuildError if it would be misread."""
        before, after = _surroundings(clip.name)
        pieces = [*(CLIPS[ClipName(f"ja/{stem}")] for stem in before), clip]
        tail = [CLIPS[ClipName(f"ja/{stem}")] for stem in after]
        is_number = clip.name.removeprefix("ja/")[0].isdigit()
        text = "".join(piece.text for piece in (*pieces, *tail))
        if is_number:
            text += "、お支払いを受け付けました"
        labels = pyopenjtalk.extract_fullcontext(f"{text}。")
        heard = [_phoneme(label) for label in labels]
        counts = [len(phonemes_of(piece.reading)) for piece in pieces]
        first = 1 + sum(counts[:-1])  # labels begin with a silence
        last = first + counts[-1]
        self._compare(clip, heard[1:last], [p for c in pieces for p in phonemes_of(c.reading)])
        speed = NUMBER_SPEED if is_number else 1.0
        return Spoken(
            sentence=self._sound(labels, speed),
            start=len(self._sound(labels[:first], speed)),
            end=len(self._sound(labels[:last], speed)),
            opens_sentence=first == 1,
            phonemes=tuple(heard[first:last]),
        )

    def _sound(self, labels: list[str], speed: float) -> Samples:
        self._engine.set_speed(speed)
        sound: Samples = np.asarray(self._engine.synthesize(labels)) / 32768
        self._engine.refresh()
        return sound

    @staticmethod
    def _compare(clip: Clip, heard: Sequence[str], wanted: Sequence[str]) -> None:
        # capitals are devoiced vowels: the same sound to a reader of kana
        if [p.lower() for p in heard] != [p.lower() for p in wanted if p not in _PAUSES]:
            raise VoiceBuildError(
                f"{clip.name} ({clip.text}): the sentence reads {' '.join(heard)}, "
                f"the table says {' '.join(wanted)}"
            )


def phonemes_of(reading: str) -> list[str]:
    """The phonemes of a katakana reading, by the synthesiser's own letter-to-sound rules."""
    return str(pyopenjtalk.g2p(reading)).split()


def _phoneme(label: str) -> str:
    found = _PHONEME.search(label)
    assert found is not None
    return found[1]


def _surroundings(name: ClipName) -> tuple[Sequence[str], Sequence[str]]:
    """The clips that are spoken before and after this one, by stem."""
    stem = name.removeprefix("ja/")
    digits, _, rest = stem.partition("-")
    if not digits.isdigit():
        return (), ()
    before: Sequence[str]
    after: Sequence[str]
    if rest.startswith("after-man"):
        before, after = ("3-man",), ("200-yen",)
    elif rest.startswith("man"):
        before, after = (), ("2000-yen",)
    else:
        before, after = _NEIGHBOURS[len(digits)]
    return before, () if rest.endswith("yen") else after
