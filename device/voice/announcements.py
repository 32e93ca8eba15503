"""Which sounds an event makes, in order: the table 'States, times, sounds' of the screens."""

from enum import Enum
from typing import Final

from device.core.language import Language
from device.voice.amounts import clips_for_amount
from device.voice.clips import ClipName, phrase
from hardware.ports import Pause
from protos.units import Yen

Announcement = tuple[ClipName | Pause, ...]
"""Names of sounds and the pauses between them. Adjacent names are joined without a gap."""


class Chime(Enum):
    """The sounds without words; the value is the shipped sound's name."""

    TICK = ClipName("chimes/tick")
    CLAIMED = ClipName("chimes/claimed")
    PAID = ClipName("chimes/paid")
    PAID_TRAINING = ClipName("chimes/paid-training")
    LATE = ClipName("chimes/late")
    CHECKING = ClipName("chimes/checking")
    CODE_TRUE = ClipName("chimes/code-true")
    CODE_FALSE = ClipName("chimes/code-false")
    PRINTER = ClipName("chimes/printer")


class Money(Enum):
    """Whether a sale moves money or is practised (練習モード)."""

    REAL = "real"
    TRAINING = "training"


AFTER_CHIME: Final = Pause(120)
AFTER_AMOUNT: Final = Pause(180)
"""The comma of 「千二百円、お支払いを…」."""
AFTER_TRAINING: Final = Pause(250)


def paid_announcement(yen: Yen, language: Language, money: Money = Money.REAL) -> Announcement:
    """The paid chime, the amount and 「お支払いを受け付けました」.

    In training 「練習です」 comes first and the chime is a fifth lower: it never sounds like
    money. Raises AmountOutOfRangeError.
    """
    amount = clips_for_amount(yen, language)
    chime = Chime.PAID if money is Money.REAL else Chime.PAID_TRAINING
    return (
        *_training_prefix(language, money),
        *(chime.value, AFTER_CHIME),
        *amount,
        *(AFTER_AMOUNT, phrase(language, "paid")),
    )


def code_true_announcement(language: Language, money: Money = Money.REAL) -> Announcement:
    """Two notes and 「番号を確認しました」: the offline check found the code genuine."""
    prefix = _training_prefix(language, money)
    return (*prefix, Chime.CODE_TRUE.value, AFTER_CHIME, phrase(language, "code-true"))


def code_false_announcement(language: Language, money: Money = Money.REAL) -> Announcement:
    """Two low notes and 「番号が合いません」."""
    prefix = _training_prefix(language, money)
    return (*prefix, Chime.CODE_FALSE.value, AFTER_CHIME, phrase(language, "code-false"))


def chime_announcement(chime: Chime) -> Announcement:
    """A sound without words: claimed, late (never spoken as new), checking, printer, tick."""
    return (chime.value,)


def speaker_test_announcement(language: Language) -> Announcement:
    """The test sound of set-up and self-check: never the paid chime, never an amount."""
    return (Chime.CODE_TRUE.value, AFTER_CHIME, phrase(language, "speaker-test"))


def _training_prefix(language: Language, money: Money) -> Announcement:
    if money is Money.REAL:
        return ()
    return (phrase(language, "training"), AFTER_TRAINING)
