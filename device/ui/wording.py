"""Dates, times and the sentences that the core's facts become, in Japanese and English. Pure."""

import datetime as dt

from device.core.japan_time import tokyo
from device.core.language import Bilingual
from device.core.page_data import Remark
from device.core.payment import Leg, ServiceKind
from device.core.sale_data import Ending
from device.core.state import OutOfService
from protos.units import Micros

_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_SHORT_JA = {ServiceKind.VOUCHER: "商", ServiceKind.POINTS: "ポ", ServiceKind.MONEY: "マ"}
_SHORT_EN = {ServiceKind.VOUCHER: "voucher", ServiceKind.POINTS: "pts", ServiceKind.MONEY: "money"}


def hh_mm(at: Micros) -> str:
    """``14:31`` in Japan."""
    return f"{tokyo(at):%H:%M}"


def hh_mm_ss(at: Micros) -> str:
    """``14:31:08`` in Japan."""
    return f"{tokyo(at):%H:%M:%S}"


def age(seconds: int) -> Bilingual:
    """たった今 → 3秒前 → 27分前 → 2時間前; a clock that runs behind gives たった今."""
    if seconds < 3:
        return Bilingual("たった今", "just now")
    if seconds < 60:
        return Bilingual(f"{seconds}秒前", f"{seconds} s ago")
    if seconds < 3_600:
        return Bilingual(f"{seconds // 60}分前", f"{seconds // 60} min ago")
    if seconds < 86_400:
        return Bilingual(f"{seconds // 3_600}時間前", f"{seconds // 3_600} h ago")
    return Bilingual(f"{seconds // 86_400}日前", f"{seconds // 86_400} d ago")


def short_day(day: dt.date, today: dt.date) -> Bilingual:
    """``6/18(火)``; of another year the year is said: ``翌年1/7(火)``, ``2026/1/7(水)``."""
    weekday = day.weekday()
    ja = f"{day.month}/{day.day}({_WEEKDAYS_JA[weekday]})"
    en = f"{_WEEKDAYS_EN[weekday]} {day.month}/{day.day}"
    if day.year == today.year + 1:
        return Bilingual(f"翌年{ja}", f"{en}/{day.year}")
    if day.year != today.year:
        return Bilingual(f"{day.year}/{ja}", f"{en}/{day.year}")
    return Bilingual(ja, en)


def long_day(day: dt.date) -> Bilingual:
    """``6月5日(水)``."""
    weekday = day.weekday()
    return Bilingual(
        f"{day.month}月{day.day}日({_WEEKDAYS_JA[weekday]})",
        f"{_WEEKDAYS_EN[weekday]} {day.day} {_MONTHS_EN[day.month - 1]}",
    )


def until(closes_at: Micros, today: dt.date) -> Bilingual:
    """A half-open end for people: 00:00 of Saturday is ``6/7(金)まで`` (24:00 of Friday)."""
    end = tokyo(closes_at)
    if (end.hour, end.minute, end.second) == (0, 0, 0):
        last = short_day(end.date() - dt.timedelta(days=1), today)
        return Bilingual(f"{last.ja}まで", last.en)
    day = short_day(end.date(), today)
    return Bilingual(f"{day.ja}{end:%H:%M}まで", f"{day.en} {end:%H:%M}")


def paid_dates(legs: tuple[Leg, ...], cancel_until: Micros, today: dt.date) -> Bilingual:
    """One line of the paid screen: ``取消は6/7(金)まで・入金6/18、ポ7/9``."""
    by = until(cancel_until, today)
    paid_ja, paid_en = [], []
    for place, leg in enumerate(legs):
        day = f"{leg.pay_day.month}/{leg.pay_day.day}"
        paid_ja.append(day if place == 0 else f"{_SHORT_JA[leg.kind]}{day}")
        paid_en.append(day if place == 0 else f"{_SHORT_EN[leg.kind]} {day}")
    return Bilingual(
        f"取消は{by.ja}・入金{'、'.join(paid_ja)}", f"Cancel by {by.en} · paid {', '.join(paid_en)}"
    )


ENDINGS = {
    Ending.EXPIRED: Bilingual("時間切れです。お支払いはありません", "Timed out: nothing was paid"),
    Ending.CANCELLED: Bilingual(
        "中止しました。お支払いはありません", "Cancelled: nothing was paid"
    ),
}

REMARKS = {
    Remark.REPRINTING: Bilingual("【再発行】を印刷しています", "Printing again"),
    Remark.DAY_REPORT_PRINTING: Bilingual("日計を印刷しています", "Printing the day report"),
    Remark.NO_PRINTER: Bilingual("この端末にプリンターはありません", "No printer on this terminal"),
}

OUT_OF_SERVICE = {
    OutOfService.STARTING: Bilingual("準備しています", "Starting"),
    OutOfService.NOT_ENROLLED: Bilingual("端末がまだ登録されていません", "Not enrolled yet"),
    OutOfService.NO_CONFIGURATION: Bilingual(
        "お店の設定がまだ届いていません。通信を確かめてください", "Waiting for its configuration"
    ),
    OutOfService.CLOCK: Bilingual(
        "時計が合っていません。通信がつながると自動で合います", "Clock not set: connect the network"
    ),
    OutOfService.REFUSED: Bilingual(
        "端末の登録が期限切れか、止められています", "Registration expired or stopped"
    ),
    OutOfService.JOURNAL_FULL: Bilingual(
        "端末の記録がいっぱいです。コールセンターへ", "Storage is full: call the office"
    ),
    OutOfService.JOURNAL_FAILED: Bilingual(
        "端末の記録に書き込めません。電源を入れなおしてください",
        "Storage failed: restart the device",
    ),
}


def unresolved(count: int) -> Bilingual:
    """The line of standby for sales that the ledger has not settled."""
    return Bilingual(f"確認中のお支払いが{count}件あります", f"{count} being checked")


def contact(phone: str) -> Bilingual:
    """Whom to call; empty while nobody is known."""
    if not phone:
        return Bilingual("")
    return Bilingual(f"コールセンター {phone}", f"Call centre {phone}")
