"""What each event sounds like."""

import pytest

from device.core.amount_words import AmountOutOfRangeError
from device.core.language import Language
from device.voice.announcements import (
    Announcement,
    Chime,
    Money,
    chime_announcement,
    code_false_announcement,
    code_true_announcement,
    paid_announcement,
    speaker_test_announcement,
)
from device.voice.clips import CLIPS
from device.voice.files import ALL_SOUNDS, sound_parts
from hardware.ports import Pause, SoundFile
from protos.units import Yen


def said(announcement: Announcement) -> str:
    """What is heard as a reader would write it: chimes in brackets, pauses as commas."""
    words = ""
    for part in announcement:
        if isinstance(part, Pause):
            words += "、"
        else:
            words += CLIPS[part].text if part in CLIPS else f"[{part}]"
    return words


def test_paid_says_the_amount_after_its_own_chime() -> None:
    heard = said(paid_announcement(Yen(1_200), Language.JA))
    assert heard == "[chimes/paid]、千二百円、お支払いを受け付けました"


def test_training_says_so_first_and_has_another_chime() -> None:
    heard = said(paid_announcement(Yen(500), Language.JA, Money.TRAINING))
    assert heard == "練習です、[chimes/paid-training]、五百円、お支払いを受け付けました"


def test_offline_check_says_what_it_found() -> None:
    assert said(code_true_announcement(Language.JA)) == "[chimes/code-true]、番号を確認しました"
    assert said(code_false_announcement(Language.JA)) == "[chimes/code-false]、番号が合いません"
    practised = said(code_true_announcement(Language.JA, Money.TRAINING))
    assert practised.startswith("練習です、")


def test_nothing_but_paid_has_the_paid_chime() -> None:
    others = [chime for chime in Chime if chime not in (Chime.PAID, Chime.PAID_TRAINING)]
    quiet = [chime_announcement(chime) for chime in others]
    for language in Language:
        quiet += [
            code_true_announcement(language),
            code_false_announcement(language),
            speaker_test_announcement(language),
        ]
    assert all(Chime.PAID.value not in sounds for sounds in quiet)


def test_english_is_english_from_the_first_word_to_the_last() -> None:
    for money in Money:
        for part in paid_announcement(Yen(9_999_999), Language.EN, money):
            assert isinstance(part, Pause) or part.startswith(("en/", "chimes/"))


def test_amount_out_of_range_is_refused() -> None:
    with pytest.raises(AmountOutOfRangeError):
        paid_announcement(Yen(0), Language.JA)


def test_every_chime_is_its_own_sound() -> None:
    assert len({chime.value for chime in Chime}) == len(Chime)
    assert len(set(ALL_SOUNDS)) == len(ALL_SOUNDS)


def test_names_become_the_shipped_files_in_the_same_order() -> None:
    parts = sound_parts(paid_announcement(Yen(1_200), Language.EN))
    names = [part.path.stem if isinstance(part, SoundFile) else "-" for part in parts]
    assert names == ["paid", "-", "1-thousand", "200-yen", "-", "paid"]
