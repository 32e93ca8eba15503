"""Why a close is refused, and what to do then."""

from enum import StrEnum

from protos.units import Micros
from server.clock import tokyo_time
from server.refusal import Refusal, RefusalKind
from server.settlement.closes.types import CloseId


class CloseCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    SERVICE_UNKNOWN = "CHOBA_CLOSE_SERVICE_UNKNOWN"
    NOT_YET = "CHOBA_CLOSE_NOT_YET"
    ORDER = "CHOBA_CLOSE_ORDER"
    NOTHING_LEFT = "CHOBA_CLOSE_NOTHING_LEFT"
    UNKNOWN = "CHOBA_CLOSE_UNKNOWN"
    WHY_MISSING = "CHOBA_CLOSE_WHY_MISSING"
    SHOP_UNKNOWN = "CHOBA_CLOSE_SHOP_UNKNOWN"


def service_unknown(service: str) -> Refusal:
    return Refusal(
        CloseCode.SERVICE_UNKNOWN,
        RefusalKind.NOT_FOUND,
        ja=f"このサービスはないか、条件がまだありません：{service}\n"
        "  サービスのIDを確かめてください。",
        en=f"service: {service} is not there, or has no terms yet; check its id",
        field="service_id",
    )


def not_yet(number: int, boundary: Micros) -> Refusal:
    at = f"{tokyo_time(boundary):%Y-%m-%d %H:%M}"
    return Refusal(
        CloseCode.NOT_YET,
        RefusalKind.STATE,
        ja=f"第{number}回の締めは{at}（日本時間）からです。それまではお待ちください。",
        en=f"close no. {number}: its period ends at {at} (Asia/Tokyo); run it then or later",
        detail={"boundary_micros": str(boundary), "number": str(number)},
    )


def out_of_order(wanted: int, following: int) -> Refusal:
    return Refusal(
        CloseCode.ORDER,
        RefusalKind.STATE,
        ja=f"締めは順番に行います。次は第{following}回です（指定は第{wanted}回）。",
        en=f"number: closes are made in order; no. {following} comes next, not {wanted}",
        field="number",
        detail={"next_number": str(following)},
    )


def nothing_left(service: str, last: int) -> Refusal:
    return Refusal(
        CloseCode.NOTHING_LEFT,
        RefusalKind.STATE,
        ja=f"{service}の締めは第{last}回ですべて終わりました。利用期間を延ばすと続きます。",
        en=f"{service}: all periods are closed, no. {last} was the last; "
        "extend the time of use to go on",
        detail={"last_number": str(last)},
    )


def close_unknown(wanted: CloseId) -> Refusal:
    return Refusal(
        CloseCode.UNKNOWN,
        RefusalKind.NOT_FOUND,
        ja=f"この締めはありません：{wanted}\n  一覧にあるIDを指定してください。",
        en=f"close: there is no {wanted}; take an id from the list of closes",
        field="close_id",
    )


def why_missing(longest: int) -> Refusal:
    return Refusal(
        CloseCode.WHY_MISSING,
        RefusalKind.INVALID,
        ja=f"理由を1〜{longest}文字で入力してください。",
        en=f"why: give the reason in 1 to {longest} characters",
        field="why",
    )


def shop_unknown(account: int) -> Refusal:
    return Refusal(
        CloseCode.SHOP_UNKNOWN,
        RefusalKind.STATE,
        ja=f"口座{account}の加盟店が台帳にありません。監査（choba audit verify）を行ってください。",
        en=f"account {account} of the ledger is no shop's; run choba audit verify",
    )
