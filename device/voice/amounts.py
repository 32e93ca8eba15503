"""Which clips say an amount."""

from typing import assert_never

from device.core.amount_words import require_sayable
from device.core.language import Language
from device.voice.clips import ClipName
from protos.units import Yen


def clips_for_amount(yen: Yen, language: Language) -> tuple[ClipName, ...]:
    """Return the clips that say the amount with its unit, in order.

    1,200 gives ``ja/1000 ja/200-yen`` or ``en/1-thousand en/200-yen``. Raises
    AmountOutOfRangeError unless the amount is from 1 to 9,999,999.
    """
    require_sayable(yen)
    match language:
        case Language.JA:
            stems = _japanese_stems(yen)
        case Language.EN:
            stems = _english_stems(yen)
        case _:
            assert_never(language)
    names = [f"{language.value}/{stem}" for stem in stems]
    names[-1] += "-yen"
    return tuple(ClipName(name) for name in names)


def _japanese_stems(number: int) -> list[str]:
    ten_thousands, below_man = divmod(number, 10_000)
    stems = _places(ten_thousands)
    if stems:
        stems[-1] += "-man"
    low = _places(below_man)
    if stems and low and low[0] == "1000":
        low[0] = "1000-after-man"
    return stems + low


def _english_stems(number: int) -> list[str]:
    stems: list[str] = []
    for scale, suffix in ((1_000_000, "-million"), (1_000, "-thousand"), (1, "")):
        below_1000 = number // scale % 1_000
        hundreds, below_100 = below_1000 - below_1000 % 100, below_1000 % 100
        group = [hundreds, below_100] if below_100 < 20 else [hundreds, *_split(below_100)]
        spoken = [str(part) for part in group if part]
        if spoken:
            spoken[-1] += suffix
        stems += spoken
    return stems


def _split(below_100: int) -> tuple[int, int]:
    return below_100 - below_100 % 10, below_100 % 10


def _places(number: int) -> list[str]:
    """The values of the non-zero places, highest first: 2,350 gives 2000, 300, 50."""
    values = (number // place % 10 * place for place in (1_000, 100, 10, 1))
    return [str(value) for value in values if value]
