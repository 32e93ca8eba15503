"""Make every sound in device/sounds, or check that the shipped ones cover the tables.

    python -m tools.build_voice              # write device/sounds
    python -m tools.build_voice --out DIR    # write elsewhere, to compare

Needs what the product itself does not: Debian's ``flite`` (2.2), and in a virtual environment of
its own ``pip install pyopenjtalk-plus==0.4.1.post10 soundfile scipy`` (about 340 MB). The same
versions give the same bytes. MANIFEST.tsv says of each sound what the synthesiser really spoke.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from device.core.language import Language
from device.voice.announcements import Chime
from device.voice.clips import CLIPS, Clip
from tools.voice import english, japanese
from tools.voice.chimes import chime_samples
from tools.voice.ogg import vorbis_bytes
from tools.voice.signal import EDGE, RATE, Samples, level_speech, ramp_edges, resample
from tools.voice.spoken import Spoken, Voice

_TAIL: Final = RATE * 40 // 1000
"""What rings on after the last phoneme of a clip that a pause follows."""
_SILENCE: Final = 10 ** (-45 / 20)

_LICENCES: Final = {
    Language.JA: (
        'HTS Voice "Mei", (c) 2009-2013 Nagoya Institute of Technology, Department of Computer '
        "Science (MMDAgent Project Team); cut and levelled for Choba",
        "CC BY 3.0",
    ),
    Language.EN: (
        'flite voice "slt", (c) 1999-2018 Carnegie Mellon University; cut and levelled for Choba',
        "CMU Flite licence",
    ),
}
_OWN: Final = ("Choba", "Apache-2.0")


@dataclass(frozen=True, slots=True)
class Sound:
    """A finished sound with its row of the manifest."""

    name: str
    samples: Samples
    text: str
    phonemes: str
    copyright_line: str
    licence: str


def spoken_sounds() -> Iterator[Sound]:
    """Synthesise every clip of the tables. Raises VoiceBuildError on a misreading."""
    voices: dict[Language, tuple[Voice, int]] = {
        Language.JA: (japanese.JapaneseVoice(), japanese.ENGINE_RATE),
        Language.EN: (english.EnglishVoice(), english.ENGINE_RATE),
    }
    for clip in CLIPS.values():
        voice, rate = voices[clip.language]
        spoken = voice.speak(clip)
        owner, licence = _LICENCES[clip.language]
        samples = _cut(spoken, rate, pause_follows=_pause_follows(clip))
        yield Sound(clip.name, samples, clip.text, " ".join(spoken.phonemes), owner, licence)


def chime_sounds() -> Iterator[Sound]:
    """Compute every chime."""
    for chime in Chime:
        yield Sound(chime.value, chime_samples(chime), "", "", *_OWN)


def _pause_follows(clip: Clip) -> bool:
    return clip.name.endswith("-yen") or not clip.name.partition("/")[2][0].isdigit()


def _cut(spoken: Spoken, rate: int, *, pause_follows: bool) -> Samples:
    sentence = resample(spoken.sentence, rate)
    scale = RATE / rate
    start, end = round(spoken.start * scale), round(spoken.end * scale)
    if spoken.opens_sentence:
        # the first phoneme's duration includes breath before any sound
        loud = np.abs(sentence[start:end]) > _SILENCE * np.abs(sentence).max()
        start += int(loud.argmax())
    tail = _TAIL if pause_follows else EDGE
    piece = sentence[max(0, start - EDGE // 2) : end + (_TAIL if pause_follows else EDGE // 2)]
    return level_speech(ramp_edges(piece, EDGE, tail))


def write(sounds: list[Sound], folder: Path) -> None:
    """Write each sound and the manifest."""
    rows = ["name\ttext\tphonemes\tmilliseconds\tsha256"]
    for sound in sounds:
        data = vorbis_bytes(
            sound.name, sound.samples, copyright_line=sound.copyright_line, licence=sound.licence
        )
        path = folder / f"{sound.name}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        milliseconds = round(len(sound.samples) * 1000 / RATE)
        digest = hashlib.sha256(data).hexdigest()
        rows.append(f"{sound.name}\t{sound.text}\t{sound.phonemes}\t{milliseconds}\t{digest}")
    (folder / "MANIFEST.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Build everything; a misreading stops the build before a file is written."""
    parser = argparse.ArgumentParser(description="Make the sounds that the device ships.")
    shipped = Path(__file__).resolve().parent.parent / "device" / "sounds"
    parser.add_argument("--out", type=Path, default=shipped)
    arguments = parser.parse_args()
    sounds = [*spoken_sounds(), *chime_sounds()]
    write(sounds, arguments.out)
    size = sum(path.stat().st_size for path in arguments.out.rglob("*.ogg"))
    seconds = sum(len(sound.samples) for sound in sounds) / RATE
    print(f"{len(sounds)} sounds, {seconds:.0f} s, {size / 1e6:.2f} MB in {arguments.out}")


if __name__ == "__main__":
    main()
