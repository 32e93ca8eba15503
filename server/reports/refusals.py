"""Why a report is refused, and what to do then."""

from datetime import date
from enum import StrEnum

from server.refusal import Refusal, RefusalKind


class ReportCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    PERIOD = "CHOBA_REPORT_PERIOD"
    FIELD = "CHOBA_REPORT_FIELD"
    CURSOR = "CHOBA_REPORT_CURSOR"
    LIMIT = "CHOBA_REPORT_LIMIT"
    OUTPUT = "CHOBA_REPORT_OUTPUT"
    SERVICE_UNKNOWN = "CHOBA_REPORT_SERVICE_UNKNOWN"
    SHOP_UNKNOWN = "CHOBA_REPORT_SHOP_UNKNOWN"
    MERCHANT_UNKNOWN = "CHOBA_REPORT_MERCHANT_UNKNOWN"


def period(first: date, last: date, most: int) -> Refusal:
    return Refusal(
        ReportCode.PERIOD,
        RefusalKind.INVALID,
        ja=f"期間は、開始日から終了日まで{most:,}日以内で指定してください"
        f"（指定：{first}〜{last}）。",
        en=f"period: from {first} to {last} is none; name a first and a last day after it, "
        f"at most {most:,} days",
        field="last_day",
    )


def period_of_instants() -> Refusal:
    return Refusal(
        ReportCode.PERIOD,
        RefusalKind.INVALID,
        ja="期間の終わりは、始まりより後にしてください。",
        en="until: has to lie after since",
        field="until",
    )


def field_invalid(field: str) -> Refusal:
    return Refusal(
        ReportCode.FIELD,
        RefusalKind.INVALID,
        ja=f"{field} に使えない文字があります。IDをそのまま入力してください。",
        en=f"{field}: an id has 1 to 64 of A-Z a-z 0-9 - _ .; enter it as it is written",
        field=field,
    )


def limit_invalid(most: int) -> Refusal:
    return Refusal(
        ReportCode.LIMIT,
        RefusalKind.INVALID,
        ja=f"件数は1から{most}までで指定してください。",
        en=f"limit: from 1 to {most}",
        field="limit",
    )


def output_unusable(path: str, why: str) -> Refusal:
    return Refusal(
        ReportCode.OUTPUT,
        RefusalKind.INVALID,
        ja=f"出力先 {path} に書き込めません（{why}）。別の場所を指定してください。",
        en=f"output: {path} cannot be written: {why}; name another place",
        field="output",
    )


def cursor_invalid() -> Refusal:
    return Refusal(
        ReportCode.CURSOR,
        RefusalKind.INVALID,
        ja="続きの位置が正しくありません。はじめから検索してください。",
        en="cursor: was not given by this server; search from the beginning",
        field="cursor",
    )


def service_unknown(service: str) -> Refusal:
    return _unknown(ReportCode.SERVICE_UNKNOWN, "サービス", "service_id", service)


def shop_unknown(shop: str) -> Refusal:
    return _unknown(ReportCode.SHOP_UNKNOWN, "店舗", "shop_id", shop)


def merchant_unknown(merchant: str) -> Refusal:
    return _unknown(ReportCode.MERCHANT_UNKNOWN, "加盟店", "merchant_id", merchant)


def _unknown(code: ReportCode, what: str, field: str, value: str) -> Refusal:
    return Refusal(
        code,
        RefusalKind.NOT_FOUND,
        ja=f"この{what}はありません：{value}\n  IDを確かめてください。",
        en=f"{field}: {value} is not there; check the id",
        field=field,
    )
