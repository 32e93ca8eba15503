"""Why a sign-in was refused, in words for people and words for programs."""

from dataclasses import dataclass
from enum import Enum

from protos.units import Micros


class SignInReason(Enum):
    """Stable reasons, for programs."""

    PHONE_EMPTY = "CHOBA_SIGNIN_PHONE_EMPTY"
    PHONE_SHORT = "CHOBA_SIGNIN_PHONE_SHORT"
    PHONE_NOT_MOBILE = "CHOBA_SIGNIN_PHONE_NOT_MOBILE"
    CODE_SHORT = "CHOBA_SIGNIN_CODE_SHORT"
    CODE_NOT_DIGITS = "CHOBA_SIGNIN_CODE_NOT_DIGITS"
    CODE_WRONG = "CHOBA_SIGNIN_CODE_WRONG"
    CODE_OVER = "CHOBA_SIGNIN_CODE_OVER"
    TOO_MANY = "CHOBA_SIGNIN_TOO_MANY"
    SMS_DOWN = "CHOBA_SIGNIN_SMS_DOWN"


@dataclass(frozen=True, slots=True)
class Wait:
    """How long until it is worth trying again."""

    seconds: int

    @property
    def ja(self) -> str:
        """「42秒」, 「60分」."""
        return f"{self.seconds}秒" if self.seconds < 120 else f"{-(-self.seconds // 60)}分"

    @property
    def en(self) -> str:
        """``42 seconds``, ``60 minutes``."""
        short = self.seconds < 120
        return f"{self.seconds} seconds" if short else f"{-(-self.seconds // 60)} minutes"


class SignInRefused(Exception):  # noqa: N818 -- a refusal is an answer, no error
    """A sign-in step that was refused. ``ja`` and ``en`` are whole sentences with the remedy."""

    def __init__(self, reason: SignInReason, ja: str, en: str, wait: Wait | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.ja = ja
        self.en = en
        self.wait = wait


_SENTENCES: dict[SignInReason, tuple[str, str]] = {
    SignInReason.PHONE_EMPTY: (
        "携帯電話の番号を入れてください。",
        "Please enter your mobile number.",
    ),
    SignInReason.PHONE_SHORT: (
        "番号は11けたです。あと{missing}けた入れてください。",
        "The number has 11 digits. {missing} more, please.",
    ),
    SignInReason.PHONE_NOT_MOBILE: (
        "060・070・080・090で始まる11けたの番号を入れてください。",
        "Please enter 11 digits starting with 060, 070, 080 or 090.",
    ),
    SignInReason.CODE_SHORT: (
        "番号は6けたです。あと{missing}けた入れてください。",
        "The code has 6 digits. {missing} more, please.",
    ),
    SignInReason.CODE_NOT_DIGITS: (
        "SMSにある6けたの数字だけを入れてください。",
        "Please enter only the 6 digits from the SMS.",
    ),
    SignInReason.CODE_WRONG: (
        "番号が違います。SMSを見て、もう一度入れてください。あと{tries_left}回入れられます。",
        "That is not the code in the SMS. You can try {tries_left} more times.",
    ),
    SignInReason.CODE_OVER: (
        "この番号はもう使えません。新しい番号を送ってください。",
        "This code can no longer be used. Please ask for a new one.",
    ),
    SignInReason.TOO_MANY: (
        "たくさん送ったため、少しお待ちください。{wait_ja}たつと送れます。",
        "Too many messages were asked for. Please wait {wait_en}.",
    ),
    SignInReason.SMS_DOWN: (
        "ただいまSMSを送れません。1分ほど待って、もう一度お試しください。",
        "Messages can't be sent right now. Please try again in a minute.",
    ),
}


def every_sentence() -> list[str]:
    """For the fonts that have to draw them."""
    return [text for pair in _SENTENCES.values() for text in (*pair, "秒分")]


def refusal(
    reason: SignInReason,
    *,
    missing: int = 0,
    tries_left: int = 0,
    retry_at: Micros | None = None,
    now: Micros = Micros(0),
) -> SignInRefused:
    """The refusal with its sentences filled in."""
    wait = Wait(max(1, -(-(retry_at - now) // 1_000_000))) if retry_at is not None else None
    ja, en = _SENTENCES[reason]
    values = {
        "missing": missing,
        "tries_left": tries_left,
        "wait_ja": wait.ja if wait else "",
        "wait_en": wait.en if wait else "",
    }
    return SignInRefused(reason, ja.format(**values), en.format(**values), wait)
