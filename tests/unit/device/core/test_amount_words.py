"""Amounts in kanji and in English."""

import pytest

from device.core.amount_words import AmountOutOfRangeError, english_amount, kanji_amount
from protos.units import Yen


@pytest.mark.parametrize(
    ("yen", "kanji", "english"),
    [
        (1, "一円", "one yen"),
        (10, "十円", "ten yen"),
        (14, "十四円", "fourteen yen"),
        (21, "二十一円", "twenty-one yen"),
        (100, "百円", "one hundred yen"),
        (110, "百十円", "one hundred ten yen"),
        (980, "九百八十円", "nine hundred eighty yen"),
        (1_000, "千円", "one thousand yen"),
        (1_200, "千二百円", "one thousand two hundred yen"),
        (10_000, "一万円", "ten thousand yen"),
        (11_000, "一万一千円", "eleven thousand yen"),
        (13_480, "一万三千四百八十円", "thirteen thousand four hundred eighty yen"),
        (100_000, "十万円", "one hundred thousand yen"),
        (111_111, "十一万一千百十一円", "one hundred eleven thousand one hundred eleven yen"),
        (1_000_000, "百万円", "one million yen"),
        (1_000_001, "百万一円", "one million one yen"),
        (
            9_999_999,
            "九百九十九万九千九百九十九円",
            "nine million nine hundred ninety-nine thousand nine hundred ninety-nine yen",
        ),
    ],
)
def test_amount_is_written_as_people_write_it(yen: int, kanji: str, english: str) -> None:
    assert kanji_amount(Yen(yen)) == kanji
    assert english_amount(Yen(yen)) == english


@pytest.mark.parametrize("yen", [0, -1, 10_000_000])
def test_amount_without_words_is_refused_with_the_remedy(yen: int) -> None:
    for words in (kanji_amount, english_amount):
        with pytest.raises(AmountOutOfRangeError, match=r"CHOBA_VOICE_AMOUNT_RANGE.*1 to 9999999"):
            words(Yen(yen))
