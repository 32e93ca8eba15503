"""What a refusal says to a customer: what happened to the money, why, and what to do next.

One table for web and gRPC, Japanese first. The order: 「お金は動いていません」, then the reason,
then the next step; never 失敗.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protos.units import Micros, Yen
from server.clock import SECOND, tokyo_time
from server.payments.refusals import RefusalCode, Refused


class Language(Enum):
    JA = "ja"
    EN = "en"


class RefusalFamily(Enum):
    """Which picture the refusal is shown with."""

    USED = "used"
    """Octagon: this QR or sale is of no more use."""
    BALANCE = "balance"
    """Triangle: sums."""
    PERIOD = "period"
    """Clock: dates."""
    WAIT = "wait"
    """Someone or something is busy: later."""
    REQUEST = "request"
    """The request itself: scan or enter again."""


@dataclass(frozen=True, slots=True)
class RefusalWords:
    """Ready to show; ``nothing_moved`` stands first, always."""

    family: RefusalFamily
    nothing_moved: str
    title: str
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class _Row:
    family: RefusalFamily
    ja: tuple[str, str, str]
    en: tuple[str, str, str]


NOTHING_MOVED: Final = {
    Language.JA: "お金は動いていません。残高はそのままです。",
    Language.EN: "Nothing was paid. Your balance is unchanged.",
}
_WEEKDAYS: Final = {
    Language.JA: "月火水木金土日",
    Language.EN: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def words_of(refused: Refused, language: Language = Language.JA) -> RefusalWords:
    """The sentences of a refusal with its own sums and dates filled in."""
    row = _TABLE[refused.code]
    texts = row.ja if language is Language.JA else row.en
    values = _values(refused, language)
    title, reason, next_step = (text.format_map(values) for text in texts)
    return RefusalWords(row.family, NOTHING_MOVED[language], title, reason, next_step)


def _values(refused: Refused, language: Language) -> dict[str, str]:
    service = refused.service_name_ja if language is Language.JA else refused.service_name_en
    default = "このサービス" if language is Language.JA else "this service"
    wait = max(1, -(-(refused.retry_at - refused.at) // SECOND))
    return {
        "short": _yen(refused.short),
        "usable": _yen(refused.usable),
        "amount": _yen(refused.amount),
        "service": service or default,
        "opens": _moment(refused.usable_from, language),
        "over": _end(refused.usable_until, language),
        "now": _moment(refused.at, language),
        "wait": str(wait),
        "wait_minutes": str(-(-wait // 60)),
    }


def _yen(amount: Yen) -> str:
    return f"¥{amount:,}"


def _moment(instant: Micros, language: Language) -> str:
    """6/3(月) 10:00, in Japan."""
    at = tokyo_time(instant)
    weekday = _WEEKDAYS[language][at.weekday()]
    return f"{at.month}/{at.day}({weekday}) {at.hour}:{at.minute:02d}"


def _end(exclusive: Micros, language: Language) -> str:
    """An exclusive midnight is said as 24:00 of the day before."""
    at = tokyo_time(exclusive)
    if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
        return _moment(exclusive, language)
    before = tokyo_time(Micros(exclusive - 1))
    weekday = _WEEKDAYS[language][before.weekday()]
    return f"{before.month}/{before.day}({weekday}) 24:00"


_SCAN_JA: Final = "お店の画面のQRを、もう一度読み取ってください。"
_SCAN_EN: Final = "Please scan the QR on the shop's screen again."
_BACK_JA: Final = "前の画面に戻り、もう一度入力してください。"
_BACK_EN: Final = "Please go back and enter it again."
_STAFF_JA: Final = "お店の方にご相談ください。"
_STAFF_EN: Final = "Please ask the staff."

_TABLE: Final[dict[RefusalCode, _Row]] = {
    RefusalCode.QR_MALFORMED: _Row(
        RefusalFamily.REQUEST,
        (
            "お支払い用のQRではありません",
            "読み取ったQRは、お支払いに使えるものではありません。",
            _SCAN_JA,
        ),
        ("Not a payment QR", "The QR that was scanned is not one for payments.", _SCAN_EN),
    ),
    RefusalCode.QR_OTHER_HOST: _Row(
        RefusalFamily.REQUEST,
        (
            "ほかのサービスのQRです",
            "読み取ったQRは、このウォレットのものではありません。",
            "QRに書かれた事業者名を、お店の方とお確かめください。",
        ),
        (
            "A QR of another service",
            "The QR that was scanned does not belong to this wallet.",
            "Please check with the staff whose QR it is.",
        ),
    ),
    RefusalCode.QR_NOT_GENUINE: _Row(
        RefusalFamily.USED,
        (
            "このQRは確認できません",
            "お店の端末が出したQRであることを確認できませんでした。",
            "お店の方に知らせて、画面のQRを読み取り直してください。",
        ),
        (
            "This QR could not be verified",
            "It could not be verified that the shop's terminal made this QR.",
            "Please tell the staff, and scan the QR on the screen.",
        ),
    ),
    RefusalCode.QR_EXPIRED: _Row(
        RefusalFamily.USED,
        ("QRの時間が切れました", "QRは、表示されてから2分で使えなくなります。", _SCAN_JA),
        ("The QR has expired", "A QR can be used for two minutes after it was shown.", _SCAN_EN),
    ),
    RefusalCode.QR_FROM_FUTURE: _Row(
        RefusalFamily.USED,
        (
            "端末の時計が合っていません",
            "お店の端末の時計が進んでいるため、このQRは使えません。",
            "お店の方に、端末の時計の確認をお願いしてください。",
        ),
        (
            "The terminal's clock is wrong",
            "The shop's terminal is ahead of time, so this QR cannot be used.",
            "Please ask the staff to check the terminal's clock.",
        ),
    ),
    RefusalCode.QR_TRAINING: _Row(
        RefusalFamily.REQUEST,
        (
            "練習用のQRです",
            "お店の端末は練習モードです。練習用のQRでは支払えません。",
            "お店の方に、練習モードを終えるようお伝えください。",
        ),
        (
            "A training QR",
            "The shop's terminal is in training mode. Nothing can be paid with it.",
            "Please ask the staff to leave training mode.",
        ),
    ),
    RefusalCode.TERMINAL_UNKNOWN: _Row(
        RefusalFamily.REQUEST,
        ("登録のない端末です", "この端末は登録されていません。", _STAFF_JA),
        ("Unknown terminal", "This terminal is not registered.", _STAFF_EN),
    ),
    RefusalCode.TERMINAL_RETIRED: _Row(
        RefusalFamily.USED,
        ("前の端末のQRです", "このQRを出した端末の登録は、すでに新しくなっています。", _SCAN_JA),
        ("A former terminal's QR", "The terminal of this QR has been registered anew.", _SCAN_EN),
    ),
    RefusalCode.TERMINAL_OTHER_KIND: _Row(
        RefusalFamily.REQUEST,
        ("この端末では使えないQRです", "QRの種類が、この端末のものと合いません。", _STAFF_JA),
        ("Not a QR of this terminal", "Its kind does not fit the terminal.", _STAFF_EN),
    ),
    RefusalCode.STAND_NOT_ALLOWED: _Row(
        RefusalFamily.REQUEST,
        (
            "置き型QRでは使えません",
            "{service}は、印刷されたQRでのお支払いには使えません。",
            "レジの画面のQRを読み取ってください。",
        ),
        (
            "Not usable with a printed QR",
            "A printed QR cannot be paid with {service}.",
            "Please scan the QR on the register's screen.",
        ),
    ),
    RefusalCode.SHOP_CLOSED: _Row(
        RefusalFamily.PERIOD,
        ("このお店ではいま使えません", "このお店は、いまお支払いを受け付けていません。", _STAFF_JA),
        ("Not usable at this shop now", "This shop takes no payments at present.", _STAFF_EN),
    ),
    RefusalCode.SALE_PAID: _Row(
        RefusalFamily.USED,
        (
            "このQRは使用済みです",
            "このお会計は、もう支払われています。",
            "まだお支払いでないときは、新しいQRを読み取り直してください。",
        ),
        (
            "This QR has been used",
            "This sale has already been paid.",
            "If it was not you, please scan the new QR.",
        ),
    ),
    RefusalCode.SALE_VOID: _Row(
        RefusalFamily.USED,
        (
            "このQRは使えなくなりました",
            "お店がこのお会計を取りやめたか、時間が切れました。",
            _SCAN_JA,
        ),
        ("This QR is no longer valid", "The shop took this sale back, or it ran out.", _SCAN_EN),
    ),
    RefusalCode.SALE_CLAIMED: _Row(
        RefusalFamily.WAIT,
        (
            "ほかの方が操作中です",
            "このQRは、ほかの方が先に読み取っています。",
            "お店の方に「やり直し」を押していただくか、{wait}秒ほどお待ちください。",
        ),
        (
            "Someone else is paying with this QR",
            "Another phone has scanned this QR first.",
            "Ask the staff to start over, or wait about {wait} seconds.",
        ),
    ),
    RefusalCode.CLAIM_TOO_OFTEN: _Row(
        RefusalFamily.WAIT,
        (
            "少しお待ちください",
            "短い間に何度も読み取られました。",
            "{wait}秒ほど待って、もう一度読み取ってください。",
        ),
        (
            "Please wait a moment",
            "Too many scans in a short time.",
            "Scan again in {wait} seconds.",
        ),
    ),
    RefusalCode.CLAIM_BLOCKED: _Row(
        RefusalFamily.WAIT,
        (
            "しばらくお待ちください",
            "読み取ったまま支払われないお会計が続いたため、一時的に止めています。",
            "{wait_minutes}分ほどたつと、また使えます。お急ぎのときは、お店の方にご相談ください。",
        ),
        (
            "Please wait a while",
            "Several sales were scanned and not paid, so scanning is paused.",
            "It works again in about {wait_minutes} minutes. If it is urgent, ask the staff.",
        ),
    ),
    RefusalCode.TICKET_INVALID: _Row(
        RefusalFamily.REQUEST,
        ("もう一度読み取ってください", "読み取りの記録を確認できませんでした。", _SCAN_JA),
        ("Please scan again", "The record of the scan could not be verified.", _SCAN_EN),
    ),
    RefusalCode.TICKET_EXPIRED: _Row(
        RefusalFamily.USED,
        ("時間が切れました", "読み取りから5分がすぎたため、支払えません。", _SCAN_JA),
        ("Time is over", "More than five minutes have passed since the scan.", _SCAN_EN),
    ),
    RefusalCode.USER_UNKNOWN: _Row(
        RefusalFamily.REQUEST,
        (
            "ログインし直してください",
            "お客様の登録を確認できませんでした。",
            "もう一度ログインしてください。",
        ),
        ("Please sign in again", "Your account could not be found.", "Please sign in again."),
    ),
    RefusalCode.KEY_MALFORMED: _Row(
        RefusalFamily.REQUEST,
        ("もう一度お試しください", "お支払いの番号の形が正しくありません。", _BACK_JA),
        ("Please try again", "The payment's key has the wrong form.", _BACK_EN),
    ),
    RefusalCode.KEY_REUSED: _Row(
        RefusalFamily.REQUEST,
        (
            "このお支払いはもう受け付けています",
            "同じ番号で、内容の違うお支払いが届きました。",
            "履歴でお支払いをお確かめのうえ、必要なときは読み取り直してください。",
        ),
        (
            "This payment was received before",
            "The same key came with another request.",
            "Please look into your history, and scan again if needed.",
        ),
    ),
    RefusalCode.AMOUNT_ZERO: _Row(
        RefusalFamily.REQUEST,
        ("金額を入れてください", "金額が0円です。", "1円以上の金額を入れてください。"),
        ("Please enter an amount", "The amount is zero.", "Please enter ¥1 or more."),
    ),
    RefusalCode.AMOUNT_NEGATIVE: _Row(
        RefusalFamily.REQUEST,
        (
            "金額が正しくありません",
            "金額に、0より小さい数が入っています。",
            "1円以上の金額を入れてください。",
        ),
        ("The amount is not right", "The amount is below zero.", "Please enter ¥1 or more."),
    ),
    RefusalCode.AMOUNT_TOO_LARGE: _Row(
        RefusalFamily.REQUEST,
        (
            "金額が大きすぎます",
            "一度に支払えるのは{amount}までです。",
            "金額を分けて、お支払いください。",
        ),
        ("The amount is too large", "At most {amount} can be paid at once.", "Please split it."),
    ),
    RefusalCode.AMOUNT_FIXED: _Row(
        RefusalFamily.REQUEST,
        (
            "金額はお店が決めています",
            "このお会計は{amount}です。ほかの金額では支払えません。",
            _SCAN_JA,
        ),
        ("The shop set the amount", "This sale is {amount}. It cannot be changed.", _SCAN_EN),
    ),
    RefusalCode.SPLIT_EMPTY: _Row(
        RefusalFamily.REQUEST,
        ("内訳を選んでください", "何で支払うかが選ばれていません。", _BACK_JA),
        ("Please choose how to pay", "No way of paying was chosen.", _BACK_EN),
    ),
    RefusalCode.SPLIT_SUM: _Row(
        RefusalFamily.REQUEST,
        ("内訳の合計が合いません", "内訳をたすと、お支払い金額の{amount}になりません。", _BACK_JA),
        ("The parts do not add up", "Together they are not {amount}.", _BACK_EN),
    ),
    RefusalCode.SPLIT_LEG: _Row(
        RefusalFamily.REQUEST,
        ("内訳の金額が正しくありません", "内訳に、1円より小さい金額があります。", _BACK_JA),
        ("A part is not right", "One of the parts is below ¥1.", _BACK_EN),
    ),
    RefusalCode.SPLIT_TWICE: _Row(
        RefusalFamily.REQUEST,
        ("内訳が重なっています", "同じサービスが、内訳に2回入っています。", _BACK_JA),
        ("A part stands twice", "The same service was chosen twice.", _BACK_EN),
    ),
    RefusalCode.SERVICE_UNKNOWN: _Row(
        RefusalFamily.REQUEST,
        ("選べないサービスです", "選ばれたサービスは見つかりません。", _BACK_JA),
        ("Unknown service", "The service that was chosen was not found.", _BACK_EN),
    ),
    RefusalCode.SERVICE_NOT_HERE: _Row(
        RefusalFamily.REQUEST,
        (
            "このお店では使えません",
            "{service}は、このお店では使えません。",
            "ほかのサービスでお支払いください。",
        ),
        ("Not usable at this shop", "{service} is not taken here.", "Please pay in another way."),
    ),
    RefusalCode.WINDOW_NOT_OPEN: _Row(
        RefusalFamily.PERIOD,
        (
            "まだ使えません",
            "{service}を使える期間は、{opens} から {over} までです。今は {now} です。",
            "期間が始まってからお使いください。",
        ),
        (
            "Not open yet",
            "{service} can be used from {opens} to {over}. It is {now} now.",
            "Please use it once the period has begun.",
        ),
    ),
    RefusalCode.WINDOW_OVER: _Row(
        RefusalFamily.PERIOD,
        (
            "使用期間が終わりました",
            "{service}を使えたのは、{over} までです。今は {now} です。",
            "ほかのサービスか現金でお支払いください。",
        ),
        (
            "The period is over",
            "{service} could be used until {over}. It is {now} now.",
            "Please pay in another way.",
        ),
    ),
    RefusalCode.BALANCE_SHORT: _Row(
        RefusalFamily.BALANCE,
        (
            "残高が足りません",
            "{service}の使える残高は{usable}で、{short}足りません。",
            "金額か内訳を変えるか、残りの支払い方をお店の方にご相談ください。",
        ),
        (
            "Not enough balance",
            "{usable} of {service} can be used; {short} is missing.",
            "Change the amount or the parts, or ask the staff how to pay the rest.",
        ),
    ),
    RefusalCode.STAND_AGAIN: _Row(
        RefusalFamily.WAIT,
        (
            "もう一度支払いますか",
            "2分以内に、同じお店で同じ{amount}を支払っています。",
            "別のお支払いのときだけ、「もう一度支払う」を押してください。",
        ),
        (
            "Pay once more?",
            "You paid the same {amount} at this shop less than two minutes ago.",
            "Only if this is another purchase, press “Pay again”.",
        ),
    ),
    RefusalCode.OVERLOADED: _Row(
        RefusalFamily.WAIT,
        (
            "こみあっています",
            "いま、たくさんのお支払いが届いています。",
            "少し待って、同じ画面からもう一度お試しください。",
        ),
        ("Very busy", "Many payments are arriving just now.", "Wait a little and try again."),
    ),
}
