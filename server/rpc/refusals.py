"""What each refusal of a domain is in gRPC: its status, and its words for people.

A refusal of the payment desk has moved no money, and its sentence says so where a customer could
doubt it.
"""

import grpc

from server.fleet import FleetReason, FleetRefused
from server.payments import RefusalCode, Refused
from server.refusal import Refusal, RefusalKind
from server.rpc.errors import CallError, CallFailure

_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
_DENIED = grpc.StatusCode.PERMISSION_DENIED
_UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
_NOT_FOUND = grpc.StatusCode.NOT_FOUND
_EXISTS = grpc.StatusCode.ALREADY_EXISTS
_ABORTED = grpc.StatusCode.ABORTED

_FLEET: dict[FleetReason, grpc.StatusCode] = {
    FleetReason.PAIRING_REFUSED: _DENIED,
    FleetReason.REQUEST_INVALID: _INVALID,
    FleetReason.TERMINAL_UNKNOWN: _NOT_FOUND,
    FleetReason.TERMINAL_IS_STAND: _INVALID,
    FleetReason.CERTIFICATE_UNKNOWN: _UNAUTHENTICATED,
    FleetReason.CERTIFICATE_REVOKED: _UNAUTHENTICATED,
    FleetReason.CERTIFICATE_EXPIRED: _UNAUTHENTICATED,
    FleetReason.BLOCKED: _DENIED,
    FleetReason.CLONED: _DENIED,
    FleetReason.CONNECT_FIRST: _PRECONDITION,
}

C = RefusalCode
_NOTHING_JA = "お金は動いていません。"
_NOTHING_EN = "Nothing was paid."
_PAYMENT: dict[RefusalCode, tuple[grpc.StatusCode, str, str]] = {
    C.QR_MALFORMED: (_INVALID, "お支払いのQRではありません。", "This is no QR for paying."),
    C.QR_OTHER_HOST: (_INVALID, "このお店以外のQRは開きません。", "Only this service's QR opens."),
    C.QR_NOT_GENUINE: (_INVALID, "本物のQRではありません。", "This QR is not genuine."),
    C.QR_EXPIRED: (_PRECONDITION, "QRの時間が切れました。", "The QR has expired."),
    C.QR_FROM_FUTURE: (
        _PRECONDITION,
        "お店の端末の時計が合っていません。",
        "The terminal's clock is wrong.",
    ),
    C.QR_TRAINING: (_PRECONDITION, "練習用のQRです。", "This QR is for training."),
    C.TERMINAL_UNKNOWN: (_NOT_FOUND, "登録のない端末です。", "This terminal is not known."),
    C.TERMINAL_RETIRED: (
        _PRECONDITION,
        "この端末の登録は新しくなりました。お店の画面のQRを読み取り直してください。",
        "This terminal was enrolled again. Scan the QR on its screen.",
    ),
    C.TERMINAL_OTHER_KIND: (_INVALID, "QRの種類が端末と合いません。", "The QR is of another kind."),
    C.STAND_NOT_ALLOWED: (
        _PRECONDITION,
        "印刷したQRでは払えません。お店の画面のQRを読み取ってください。",
        "A printed QR can't be used here. Scan the one on the shop's screen.",
    ),
    C.SHOP_CLOSED: (
        _PRECONDITION,
        "このお店ではいま使えません。",
        "This shop takes no payments now.",
    ),
    C.SALE_PAID: (_PRECONDITION, "このQRは使用済みです。", "This QR has been used."),
    C.SALE_VOID: (_PRECONDITION, "この会計は取り消されました。", "This sale was taken back."),
    C.SALE_CLAIMED: (
        _ABORTED,
        "ほかの方が操作中です。",
        "Someone else is paying with this QR.",
    ),
    C.CLAIM_TOO_OFTEN: (
        _EXHAUSTED,
        "操作が多すぎます。少しお待ちください。",
        "Too many tries. Please wait a little.",
    ),
    C.CLAIM_BLOCKED: (
        _EXHAUSTED,
        "途中でやめたお支払いが続いたため、少しお待ちください。",
        "Too many payments were left unfinished. Please wait.",
    ),
    C.TICKET_INVALID: (_INVALID, "もう一度QRを読み取ってください。", "Please scan the QR again."),
    C.TICKET_EXPIRED: (_PRECONDITION, "QRの時間が切れました。", "The QR has expired."),
    C.USER_UNKNOWN: (_UNAUTHENTICATED, "サインインし直してください。", "Please sign in again."),
    C.KEY_MALFORMED: (
        _INVALID,
        "支払いの番号の形が正しくありません。",
        "idempotency_key: 16 to 64 of A-Z a-z 0-9 - _",
    ),
    C.KEY_REUSED: (
        _EXISTS,
        "同じ番号で別の支払いがあります。",
        "This key belongs to another request.",
    ),
    C.AMOUNT_ZERO: (_INVALID, "金額を入れてください。", "Please enter an amount."),
    C.AMOUNT_NEGATIVE: (_INVALID, "金額を入れてください。", "The amount must be above zero."),
    C.AMOUNT_TOO_LARGE: (_INVALID, "金額が大きすぎます。", "The amount is too large."),
    C.AMOUNT_FIXED: (_INVALID, "お店が決めた金額と違います。", "The shop has set another amount."),
    C.SPLIT_EMPTY: (_INVALID, "内訳がありません。", "The split is empty."),
    C.SPLIT_SUM: (
        _INVALID,
        "内訳の合計が金額と合いません。",
        "The split does not add up to the amount.",
    ),
    C.SPLIT_LEG: (_INVALID, "内訳の金額が正しくありません。", "A leg of the split is wrong."),
    C.SPLIT_TWICE: (
        _INVALID,
        "内訳に同じサービスが2つあります。",
        "One service stands twice in the split.",
    ),
    C.SERVICE_UNKNOWN: (_NOT_FOUND, "このサービスはありません。", "There is no such service."),
    C.SERVICE_NOT_HERE: (
        _PRECONDITION,
        "このお店では使えないサービスです。",
        "This shop does not take this service.",
    ),
    C.WINDOW_NOT_OPEN: (_PRECONDITION, "まだ使えません。", "Not open yet."),
    C.WINDOW_OVER: (_PRECONDITION, "使用期間が終わりました。", "The period is over."),
    C.BALANCE_SHORT: (_PRECONDITION, "残高が足りません。", "Not enough balance."),
    C.STAND_AGAIN: (
        _PRECONDITION,
        "同じお店で同じ金額を払ったばかりです。もう一度払うときは、確かめてから進んでください。",
        "You have just paid this amount here. Confirm if you want to pay again.",
    ),
    C.OVERLOADED: (
        _EXHAUSTED,
        "混み合っています。少し待って、もう一度お試しください。",
        "The service is busy. Please try again in a moment.",
    ),
}


def fleet_failure(refused: FleetRefused) -> CallFailure:
    """A device or operator was refused."""
    return CallFailure(
        _FLEET[refused.reason],
        refused.reason,
        refused.sentence.ja,
        refused.sentence.en,
        refused.field,
    )


def payment_error(refused: Refused) -> CallError:
    """A customer was refused; numbers that explain it stand in ErrorInfo's metadata."""
    status, ja, en = _PAYMENT[refused.code]
    numbers = {
        "short_yen": refused.short,
        "usable_yen": refused.usable,
        "amount_yen": refused.amount,
        "usable_from_micros": refused.usable_from,
        "usable_until_micros": refused.usable_until,
        "retry_at_micros": refused.retry_at,
    }
    metadata = {name: str(value) for name, value in numbers.items() if value}
    if refused.service_id is not None:
        metadata["service_id"] = refused.service_id
    return CallError(
        CallFailure(
            status,
            refused.code,
            f"{ja}{_NOTHING_JA}",
            f"{en} {_NOTHING_EN}",
            refused.field,
            metadata,
        )
    )


_KINDS: dict[RefusalKind, grpc.StatusCode] = {
    RefusalKind.INVALID: _INVALID,
    RefusalKind.NOT_FOUND: _NOT_FOUND,
    RefusalKind.CONFLICT: _EXISTS,
    RefusalKind.STATE: _PRECONDITION,
    RefusalKind.DENIED: _DENIED,
}


def refusal_failure(refused: Refusal) -> CallFailure:
    """A room's refusal as a call ends with it."""
    return CallFailure(
        _KINDS[refused.kind], refused.code, refused.ja, refused.en, refused.field, refused.detail
    )
