"""Every reason for which a cancel or a cash refund is refused, and its words."""

from enum import StrEnum

from protos.units import Micros, Yen
from server.clock import tokyo_time
from server.refusal import Refusal, RefusalKind


class CancelCode(StrEnum):
    """Stable codes, the same for gRPC's ErrorInfo, the web and the command line."""

    KEY_MALFORMED = "CHOBA_CANCEL_KEY_MALFORMED"
    KEY_REUSED = "CHOBA_CANCEL_KEY_REUSED"
    WHY_MISSING = "CHOBA_CANCEL_WHY_MISSING"
    AMOUNT = "CHOBA_CANCEL_AMOUNT"
    PAYMENT_UNKNOWN = "CHOBA_CANCEL_PAYMENT_UNKNOWN"
    MISMATCH = "CHOBA_CANCEL_MISMATCH"
    ALREADY = "CHOBA_CANCEL_ALREADY"
    REFUNDED = "CHOBA_CANCEL_REFUNDED"
    CLOSED = "CHOBA_CANCEL_CLOSED"
    CLOCK = "CHOBA_CANCEL_CLOCK"
    WOULD_EXPIRE = "CHOBA_CANCEL_WOULD_EXPIRE"
    EXPIRED_REFUSED = "CHOBA_CANCEL_EXPIRED_REFUSED"
    LEG_UNKNOWN = "CHOBA_CANCEL_LEG_UNKNOWN"
    LEG_NEEDED = "CHOBA_CANCEL_LEG_NEEDED"
    REFUND_TOO_MUCH = "CHOBA_CANCEL_REFUND_TOO_MUCH"
    SERVICE_UNKNOWN = "CHOBA_CANCEL_SERVICE_UNKNOWN"
    BUSY = "CHOBA_CANCEL_BUSY"


def key_malformed() -> Refusal:
    return Refusal(
        CancelCode.KEY_MALFORMED,
        RefusalKind.INVALID,
        ja="受付番号の形が正しくありません。英数字16〜64文字にしてください。",
        en="idempotency_key: 16 to 64 of A-Z a-z 0-9 - _",
        field="idempotency_key",
    )


def key_reused() -> Refusal:
    return Refusal(
        CancelCode.KEY_REUSED,
        RefusalKind.CONFLICT,
        ja="同じ受付番号で別の操作が済んでいます。新しい番号でやり直してください。",
        en="This key belongs to another request. Send yours under a new key.",
        field="idempotency_key",
    )


def why_missing(most: int) -> Refusal:
    return Refusal(
        CancelCode.WHY_MISSING,
        RefusalKind.INVALID,
        ja=f"理由を1〜{most}文字で入力してください。",
        en=f"why: give the reason in 1 to {most} characters",
        field="why",
    )


def amount_wrong() -> Refusal:
    return Refusal(
        CancelCode.AMOUNT,
        RefusalKind.INVALID,
        ja="金額は1円以上の整数で入力してください。",
        en="amount: whole yen, 1 or more",
        field="amount",
    )


def payment_unknown() -> Refusal:
    """Also for a payment of another shop or terminal: it is nobody else's business."""
    return Refusal(
        CancelCode.PAYMENT_UNKNOWN,
        RefusalKind.NOT_FOUND,
        ja="この番号のお支払いは見つかりません。番号をお確かめください。",
        en="There is no such payment here. Check its id.",
        field="payment_id",
    )


def mismatch(field: str) -> Refusal:
    """``field``: what differs, ``shop_id`` or ``amount``."""
    what = {"shop_id": ("店舗", "shop"), "amount": ("金額", "amount")}[field]
    return Refusal(
        CancelCode.MISMATCH,
        RefusalKind.STATE,
        ja=f"{what[0]}がこのお支払いと一致しません。お客様の画面と照らし合わせてください。",
        en=f"The {what[1]} is not this payment's. Compare it with the customer's phone.",
        field=field,
    )


def already_cancelled(at: Micros) -> Refusal:
    return Refusal(
        CancelCode.ALREADY,
        RefusalKind.STATE,
        ja=f"このお支払いは{_ja(at)}に取り消し済みです。",
        en=f"This payment was cancelled on {_en(at)}.",
        detail={"cancelled_at_micros": str(at)},
    )


def refunded_in_cash(amount: Yen) -> Refusal:
    return Refusal(
        CancelCode.REFUNDED,
        RefusalKind.STATE,
        ja=f"このお支払いは現金で{amount:,}円を返金した記録があるため、取り消せません。",
        en=f"¥{amount:,} of this payment were refunded in cash, so it cannot be cancelled.",
        detail={"refunded_yen": str(amount)},
    )


def closed(until: Micros) -> Refusal:
    return Refusal(
        CancelCode.CLOSED,
        RefusalKind.STATE,
        ja=f"取り消しは{_ja(until)}で締め切りました。現金で返金し、記録してください。",
        en=f"Cancels of this payment ended on {_en(until)}. Refund in cash and record it.",
        detail={"cancel_until_micros": str(until)},
    )


def clock_behind() -> Refusal:
    return Refusal(
        CancelCode.CLOCK,
        RefusalKind.STATE,
        ja="お支払いの直後です。少し待って、もう一度お試しください。",
        en="The ledger's clock is not past the payment yet. Try again in a moment.",
    )


def would_expire(expired: Yen, forfeited: Yen, service_id: str, names: tuple[str, str]) -> Refusal:
    """``names``: the service's, Japanese and English. One of the amounts may be 0."""
    lost = Yen(expired + forfeited)
    return Refusal(
        CancelCode.WOULD_EXPIRE,
        RefusalKind.STATE,
        ja=(
            f"取り消すと、{names[0]}のうち{lost:,}円分は{_cause_ja(expired, forfeited)}のため、"
            "お客様は使えません。取り消しを続けるか、現金で返金して記録するかを選んでください。"
        ),
        en=(
            f"¥{lost:,} of {names[1]} would be lost at once, because "
            f"{_cause_en(expired, forfeited)}. Go on with the cancel, or refund in cash and "
            "record it."
        ),
        field="accept_expired",
        detail={
            "service_id": service_id,
            "expired_yen": str(expired),
            "forfeited_yen": str(forfeited),
        },
    )


def expired_refused(expired: Yen, service_id: str, names: tuple[str, str]) -> Refusal:
    """The service's own rule."""
    return Refusal(
        CancelCode.EXPIRED_REFUSED,
        RefusalKind.STATE,
        ja=(
            f"{names[0]}のうち{expired:,}円分の有効期限が切れているため、取り消せません。"
            "現金で返金し、記録してください。"
        ),
        en=(
            f"¥{expired:,} of {names[1]} have expired, so this payment cannot be cancelled. "
            "Refund in cash and record it."
        ),
        detail={"service_id": service_id, "expired_yen": str(expired)},
    )


def leg_unknown() -> Refusal:
    return Refusal(
        CancelCode.LEG_UNKNOWN,
        RefusalKind.NOT_FOUND,
        ja="この取引IDは、このお支払いのものではありません。",
        en="transaction_id: not a leg of this payment.",
        field="transaction_id",
    )


def leg_needed() -> Refusal:
    return Refusal(
        CancelCode.LEG_NEEDED,
        RefusalKind.INVALID,
        ja="複数サービス決済です。返金する取引IDを指定してください。",
        en="transaction_id: this payment has several legs; name the one that is refunded.",
        field="transaction_id",
    )


def refund_too_much(left: Yen) -> Refusal:
    return Refusal(
        CancelCode.REFUND_TOO_MUCH,
        RefusalKind.STATE,
        ja=f"返金できるのは、この取引の残り{left:,}円までです。",
        en=f"amount: ¥{left:,} of this leg are left to be refunded.",
        field="amount",
        detail={"left_yen": str(left)},
    )


def service_unknown() -> Refusal:
    return Refusal(
        CancelCode.SERVICE_UNKNOWN,
        RefusalKind.NOT_FOUND,
        ja="このサービスはありません。サービスIDをお確かめください。",
        en="service_id: there is no such service.",
        field="service_id",
    )


def busy() -> Refusal:
    return Refusal(
        CancelCode.BUSY,
        RefusalKind.STATE,
        ja="お客様が別のお支払いの最中です。少し待って、もう一度お試しください。",
        en="The customer is busy with another payment. Nothing was changed; try again.",
    )


def _cause_ja(expired: Yen, forfeited: Yen) -> str:
    if not forfeited:
        return "有効期限切れ"
    return "退会済み" if not expired else "有効期限切れ・退会済み"


def _cause_en(expired: Yen, forfeited: Yen) -> str:
    if not forfeited:
        return "it has expired"
    return "the customer has left" if not expired else "it has expired or the customer has left"


def _ja(at: Micros) -> str:
    moment = tokyo_time(at)
    return f"{moment.year}年{moment.month}月{moment.day}日{moment:%H:%M}"


def _en(at: Micros) -> str:
    return f"{tokyo_time(at):%Y-%m-%d %H:%M} (Asia/Tokyo)"
