"""Why a schedule is refused: the field, and what to write instead."""

from datetime import date
from enum import StrEnum

from server.refusal import Refusal, RefusalKind


class ScheduleCode(StrEnum):
    CLOSE_RULE = "CHOBA_SCHEDULE_CLOSE_RULE"
    PAY_RULE = "CHOBA_SCHEDULE_PAY_RULE"
    ON_HOLIDAY = "CHOBA_SCHEDULE_ON_HOLIDAY"
    DATE = "CHOBA_SCHEDULE_DATE"
    WINDOW = "CHOBA_SCHEDULE_WINDOW"
    CALENDAR = "CHOBA_SCHEDULE_CALENDAR"
    SERVICE = "CHOBA_SCHEDULE_SERVICE_UNKNOWN"
    NO_BOUNDARY = "CHOBA_SCHEDULE_NO_BOUNDARY"
    PAST = "CHOBA_SCHEDULE_PAST"
    PLANNED = "CHOBA_SCHEDULE_PLANNED"
    WHY = "CHOBA_SCHEDULE_WHY"


def close_rule_wrong(text: str) -> Refusal:
    return _invalid(
        ScheduleCode.CLOSE_RULE,
        "close",
        f"締めの書き方が違います：{text}\n"
        "  weekly:FRI（毎週金曜日）、month-end（月末）、days:10,25（毎月10日と25日）のように"
        "書いてください。日は1から31まで、同じ日は一度だけです。",
        f"close: {text!r}; write weekly:FRI, month-end or days:10,25 (1 to 31, each once)",
    )


def pay_rule_wrong(text: str) -> Refusal:
    return _invalid(
        ScheduleCode.PAY_RULE,
        "pay",
        f"支払日の書き方が違います：{text}\n"
        "  weekday:TUE:2（締めの週の2週後の火曜日、1から26週後）か "
        "business-day:7（締めの後7営業日目、1から60日目）のように書いてください。",
        f"pay: {text!r}; write weekday:TUE:2 (1 to 26 weeks) or business-day:7 (1 to 60)",
    )


def weekday_needs_weekly() -> Refusal:
    return _invalid(
        ScheduleCode.PAY_RULE,
        "pay",
        "weekday: の支払日は weekly: の締めとだけ使えます。business-day:7 のように書いてください。",
        "pay: weekday: goes with weekly: only; write business-day:7, for instance",
    )


def on_holiday_wrong(text: str) -> Refusal:
    return _invalid(
        ScheduleCode.ON_HOLIDAY,
        "on-holiday",
        f"休業日の扱いが違います：{text}\n"
        "  next（翌営業日）か previous（前営業日）にしてください。",
        f"on-holiday: {text!r}; write next or previous",
    )


def date_wrong(name: str, text: str) -> Refusal:
    return _invalid(
        ScheduleCode.DATE,
        name,
        f"日付として読めません：{text}\n  半角で 2024-06-03 のように書いてください。",
        f"{name}: {text!r} is no date; write it as 2024-06-03",
    )


def window_wrong(first: date, last: date) -> Refusal:
    return _invalid(
        ScheduleCode.WINDOW,
        "to",
        f"終わりの日（{last}）が始まりの日（{first}）より前です。同じ日か後の日にしてください。",
        f"to: {last} is before from: {first}; give the same day or a later one",
    )


def calendar_ends(day: date, first_year: int, last_year: int) -> Refusal:
    return Refusal(
        ScheduleCode.CALENDAR,
        RefusalKind.STATE,
        ja=f"{day.year}年の銀行休業日はまだ分かりません（分かるのは{first_year}年から"
        f"{last_year}年まで）。この期間の中で指定してください。",
        en=f"the bank holidays of {day.year} are not known (known: {first_year} to {last_year}); "
        "stay within these years",
        field="to",
    )


def service_unknown(service: str) -> Refusal:
    return Refusal(
        ScheduleCode.SERVICE,
        RefusalKind.NOT_FOUND,
        ja=f"このサービスはないか、条件がまだありません：{service}\n"
        "  サービスのIDを確かめてください。",
        en=f"service: {service} is not there, or has no terms yet; check its id",
        field="service_id",
    )


def no_boundary(wanted: str, next_day: date) -> Refusal:
    return Refusal(
        ScheduleCode.NO_BOUNDARY,
        RefusalKind.STATE,
        ja=f"{wanted}は締めの区切りではありません。締めの予定は区切りの日からだけ変えられます。"
        f"次の区切りは{next_day}です。",
        en=f"from: a period would be cut at {wanted}; a schedule changes at the start of a period "
        f"only, the next one starts on {next_day}",
        field="from",
        detail={"next_boundary": next_day.isoformat()},
    )


def not_in_the_future(wanted: str, next_day: date) -> Refusal:
    return Refusal(
        ScheduleCode.PAST,
        RefusalKind.STATE,
        ja=f"{wanted}はもう過ぎています。これからの区切りの日を指定してください。"
        f"次の区切りは{next_day}です。",
        en=f"from: {wanted} is over; give a boundary to come, the next one is {next_day}",
        field="from",
        detail={"next_boundary": next_day.isoformat()},
    )


def planned_already(service: str, since: date) -> Refusal:
    return Refusal(
        ScheduleCode.PLANNED,
        RefusalKind.STATE,
        ja=f"{service}の条件は{since}からの変更がすでに予定されています。"
        "その日かそれより後の区切りの日を指定してください。",
        en=f"from: the terms of {service} change on {since} already; give that boundary or a "
        "later one",
        field="from",
    )


def why_missing(longest: int) -> Refusal:
    return _invalid(
        ScheduleCode.WHY,
        "why",
        f"理由を{longest}文字以内で書いてください。",
        f"why: give the reason in 1 to {longest} characters",
    )


def _invalid(code: ScheduleCode, field: str, ja: str, en: str) -> Refusal:
    return Refusal(code, RefusalKind.INVALID, ja=ja, en=en, field=field)
