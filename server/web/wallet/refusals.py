"""What a refusal looks like: its sign, its words, its facts, the way on.

The reasons and the facts come from the desk; here they only get a face.
"""

from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any, Final

from protos.units import Micros, Yen
from server.payments import RefusalCode, Refused


class Sign(Enum):
    """Shape first, colour last: octagon, triangle, clock."""

    STOP = ("stop", "shu")
    WARN = ("warn", "koh")
    CLOCK = ("clock-full", "aic")


class Way(Enum):
    """Where the main button leads."""

    RESCAN = "rescan"
    CHANGE = "change"
    SPLIT = "split"
    SIGN_IN = "signin"
    AGAIN = "again"
    PAY_AGAIN = "pay_again"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Face:
    """Title and sentence in both languages. ``{service}`` and ``{amount}`` are filled in."""

    sign: Sign
    way: Way
    ja: str
    en: str
    text_ja: str
    text_en: str


_FOREIGN: Final = Face(
    Sign.STOP,
    Way.RESCAN,
    "このQRは開けません",
    "This QR can’t be opened",
    "このサービスのQRではありません。お店の画面に出ているQRを読み取ってください。",
    "It is not a QR of this service. Please scan the one on the shop’s screen.",
)
_EXPIRED: Final = Face(
    Sign.CLOCK,
    Way.RESCAN,
    "QRの時間が切れました",
    "The QR has expired",
    "お店の画面に今出ているQRを、読み取り直してください。",
    "Please scan the QR that is on the shop’s screen now.",
)
_TERMINAL: Final = Face(
    Sign.STOP,
    Way.RESCAN,
    "この端末のQRは使えません",
    "This terminal’s QR can’t be used",
    "この端末は今、お支払いに使われていません。お店の方にお伝えください。",
    "This terminal is not in use for payments now. Please tell the shop.",
)
_STALE: Final = Face(
    Sign.WARN,
    Way.RESCAN,
    "画面が古くなっていました",
    "This page was out of date",
    "お店の画面のQRを、もう一度読み取ってください。",
    "Please scan the QR on the shop’s screen again.",
)
_AMOUNT: Final = Face(
    Sign.WARN,
    Way.CHANGE,
    "この金額では払えません",
    "This amount can’t be paid",
    "1円以上、{amount} までの金額を入れてください。",
    "Please enter an amount from ¥1 to {amount}.",
)
_SPLIT: Final = Face(
    Sign.WARN,
    Way.SPLIT,
    "内訳が合いません",
    "The split doesn’t add up",
    "商品券とポイントの合計が、お支払い金額と同じになるように選び直してください。",
    "Please choose again so that the parts add up to the amount.",
)
_NOT_HERE: Final = Face(
    Sign.STOP,
    Way.SPLIT,
    "{service}は、このお店では使えません",
    "{service} can’t be used at this shop",
    "ほかの払い方を選ぶか、お店の方にご相談ください。",
    "Please choose another way to pay, or ask the shop.",
)
_BUSY: Final = Face(
    Sign.CLOCK,
    Way.AGAIN,
    "操作の間が短すぎます",
    "Too many tries in a short time",
    "お会計を何度も開いたため、少しの間お休みしています。{time} からまたお使いになれます。",
    "Sales were opened too often. You can go on from {time}.",
)

FACES: Final[dict[RefusalCode, Face]] = {
    RefusalCode.QR_MALFORMED: _FOREIGN,
    RefusalCode.QR_OTHER_HOST: _FOREIGN,
    RefusalCode.QR_NOT_GENUINE: Face(
        Sign.STOP,
        Way.RESCAN,
        "このQRは確かめられません",
        "This QR can’t be verified",
        "お店の端末が出したQRだと確かめられませんでした。お店の方に、画面のQRを出してもらってください。",
        "It could not be verified as a shop’s own QR. Please ask the shop to show the one on its "
        "screen.",
    ),
    RefusalCode.QR_EXPIRED: _EXPIRED,
    RefusalCode.QR_FROM_FUTURE: Face(
        Sign.CLOCK,
        Way.RESCAN,
        "お店の端末の時計が合っていません",
        "The shop’s clock is wrong",
        "お店の方にお伝えください。端末が時刻を合わせると、新しいQRで払えます。",
        "Please tell the shop. Once its clock is right, a new QR can be paid.",
    ),
    RefusalCode.QR_TRAINING: Face(
        Sign.STOP,
        Way.RESCAN,
        "練習用のQRです",
        "This QR is for training",
        "お店の端末が練習中です。お店の方に、本番の画面にしてもらってください。",
        "The shop’s terminal is in training. Please ask the shop to leave training mode.",
    ),
    RefusalCode.TERMINAL_UNKNOWN: _TERMINAL,
    RefusalCode.TERMINAL_RETIRED: _TERMINAL,
    RefusalCode.TERMINAL_OTHER_KIND: _TERMINAL,
    RefusalCode.STAND_NOT_ALLOWED: Face(
        Sign.STOP,
        Way.RESCAN,
        "置き型のQRでは払えません",
        "A printed QR can’t be used",
        "お店の端末の画面に出るQRを読み取ってください。",
        "Please scan the QR on the screen of the shop’s terminal.",
    ),
    RefusalCode.SHOP_CLOSED: Face(
        Sign.STOP,
        Way.HISTORY,
        "このお店では今、お支払いできません",
        "This shop takes no payments now",
        "お店の参加が休止中か、終わっています。お店の方にご相談ください。",
        "The shop’s participation is paused or over. Please ask the shop.",
    ),
    RefusalCode.SALE_PAID: Face(
        Sign.STOP,
        Way.RESCAN,
        "このQRは使用済みです",
        "This QR has been used",
        "もうお支払いに使われたQRです。お店の方に、新しいQRを出してもらってください。",
        "It has been used for a payment. Please ask the shop to show a new one.",
    ),
    RefusalCode.SALE_VOID: Face(
        Sign.STOP,
        Way.RESCAN,
        "このお会計は取りやめになりました",
        "The shop has taken this sale back",
        "お店の画面に今出ているQRを、読み取り直してください。",
        "Please scan the QR that is on the shop’s screen now.",
    ),
    RefusalCode.SALE_CLAIMED: Face(
        Sign.CLOCK,
        Way.RESCAN,
        "ほかの方が操作中です",
        "Someone else is paying with this QR",
        "同じQRを先に開いた方がいます。お店の方に、新しいQRを出してもらってください。",
        "Another phone opened this QR first. Please ask the shop to show a new one.",
    ),
    RefusalCode.CLAIM_TOO_OFTEN: _BUSY,
    RefusalCode.CLAIM_BLOCKED: _BUSY,
    RefusalCode.TICKET_INVALID: _STALE,
    RefusalCode.TICKET_EXPIRED: _EXPIRED,
    RefusalCode.USER_UNKNOWN: Face(
        Sign.WARN,
        Way.SIGN_IN,
        "サインインが必要です",
        "Please sign in",
        "もう一度サインインしてから、お支払いください。",
        "Please sign in again, then pay.",
    ),
    RefusalCode.KEY_MALFORMED: _STALE,
    RefusalCode.KEY_REUSED: _STALE,
    RefusalCode.AMOUNT_ZERO: _AMOUNT,
    RefusalCode.AMOUNT_NEGATIVE: _AMOUNT,
    RefusalCode.AMOUNT_TOO_LARGE: _AMOUNT,
    RefusalCode.AMOUNT_FIXED: Face(
        Sign.WARN,
        Way.RESCAN,
        "お店が決めた金額と違います",
        "The amount is not the shop’s",
        "お店の金額は {amount} です。QRを読み取り直すと、その金額で払えます。",
        "The shop asks for {amount}. Scan the QR again to pay that.",
    ),
    RefusalCode.SPLIT_EMPTY: _SPLIT,
    RefusalCode.SPLIT_SUM: _SPLIT,
    RefusalCode.SPLIT_LEG: _SPLIT,
    RefusalCode.SPLIT_TWICE: _SPLIT,
    RefusalCode.SERVICE_UNKNOWN: _NOT_HERE,
    RefusalCode.SERVICE_NOT_HERE: _NOT_HERE,
    RefusalCode.WINDOW_NOT_OPEN: Face(
        Sign.CLOCK,
        Way.CHANGE,
        "{service}はまだ使えません",
        "{service}: not open yet",
        "使える期間になると払えます。ほかの残高は、今も使えます。",
        "It can be used once the period begins. What else you hold can be used now.",
    ),
    RefusalCode.WINDOW_OVER: Face(
        Sign.CLOCK,
        Way.CHANGE,
        "{service}の使用期間が終わりました",
        "{service}: the period is over",
        "ほかの残高は、今も使えます。",
        "What else you hold can be used now.",
    ),
    RefusalCode.BALANCE_SHORT: Face(
        Sign.WARN,
        Way.CHANGE,
        "残高が足りません",
        "Not enough balance",
        "金額を {amount} 以下にして、残りを現金などで払えます。お店の方にご相談ください。",
        "You can pay up to {amount} here and the rest in cash. Please ask the shop.",
    ),
    RefusalCode.STAND_AGAIN: Face(
        Sign.WARN,
        Way.PAY_AGAIN,
        "同じお支払いがありました",
        "You have just paid the same here",
        "このお店で、2分以内に同じ金額を払っています。別のお支払いのときだけ、もう一度払ってください。",
        "You paid this amount at this shop within 2 minutes. Pay again only if this is another "
        "purchase.",
    ),
    RefusalCode.OVERLOADED: Face(
        Sign.CLOCK,
        Way.AGAIN,
        "ただいま混み合っています",
        "Very busy right now",
        "少し待って、もう一度お試しください。",
        "Please wait a moment and try again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal with what the customer was doing, as the page shows it."""

    code: str
    at: Micros
    short: Yen = Yen(0)
    usable: Yen = Yen(0)
    amount: Yen = Yen(0)
    """As ``Refused.amount``."""
    service_id: str = ""
    service_ja: str = ""
    service_en: str = ""
    usable_from: Micros = Micros(0)
    usable_until: Micros = Micros(0)
    retry_at: Micros = Micros(0)
    asked: Yen = Yen(0)
    """The amount that was to be paid; 0 before there was one."""
    checkout: str = ""
    """The sealed sale; empty when the scan itself was refused."""
    legs: tuple[tuple[str, int], ...] = ()

    @property
    def face(self) -> Face:
        """How it looks."""
        return FACES[RefusalCode(self.code)]


def write(refused: Refused, **about: Any) -> dict[str, Any]:
    """Plain values, for sealing. ``about``: asked, checkout, legs of ``Told``."""
    return asdict(
        Told(
            code=refused.code.value,
            at=refused.at,
            short=refused.short,
            usable=refused.usable,
            amount=refused.amount,
            service_id=refused.service_id or "",
            service_ja=refused.service_name_ja,
            service_en=refused.service_name_en,
            usable_from=refused.usable_from,
            usable_until=refused.usable_until,
            retry_at=refused.retry_at,
            **about,
        )
    )


def read(value: dict[str, Any]) -> Told:
    """From what ``write`` gave; the seal has been checked."""
    plain = {f.name: value[f.name] for f in fields(Told)}
    plain["legs"] = tuple((str(service), int(amount)) for service, amount in plain["legs"])
    return Told(**plain)
