"""Why a grant, a charge, a cancel or a file is refused: stable codes and their sentences."""

from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind
from server.typed_amount import AmountProblem

_I: Final = RefusalKind.INVALID
_N: Final = RefusalKind.NOT_FOUND
_C: Final = RefusalKind.CONFLICT
_S: Final = RefusalKind.STATE


class GrantCode(StrEnum):
    """Never change a value: programs read them."""

    AMOUNT_EMPTY = "CHOBA_GRANT_AMOUNT_EMPTY"
    AMOUNT_DECIMAL = "CHOBA_GRANT_AMOUNT_DECIMAL"
    AMOUNT_DIGITS = "CHOBA_GRANT_AMOUNT_DIGITS"
    AMOUNT_ZERO = "CHOBA_GRANT_AMOUNT_ZERO"
    AMOUNT_NEGATIVE = "CHOBA_GRANT_AMOUNT_NEGATIVE"
    AMOUNT_LARGE = "CHOBA_GRANT_AMOUNT_LARGE"
    PRICE_OF_GRANT = "CHOBA_GRANT_PRICE_OF_GRANT"
    PRICE_ABOVE_AMOUNT = "CHOBA_GRANT_PRICE_ABOVE_AMOUNT"
    KEY_INVALID = "CHOBA_GRANT_KEY_INVALID"
    KEY_REUSED = "CHOBA_GRANT_KEY_REUSED"
    NOTE_INVALID = "CHOBA_GRANT_NOTE_INVALID"
    WHY_MISSING = "CHOBA_GRANT_WHY_MISSING"
    USER_UNKNOWN = "CHOBA_GRANT_USER_UNKNOWN"
    USER_LEFT = "CHOBA_GRANT_USER_LEFT"
    SERVICE_UNKNOWN = "CHOBA_GRANT_SERVICE_UNKNOWN"
    SERVICE_NO_TERMS = "CHOBA_GRANT_SERVICE_NO_TERMS"
    SERVICE_OVER = "CHOBA_GRANT_SERVICE_OVER"
    EXPIRY_NO_RULE = "CHOBA_GRANT_EXPIRY_NO_RULE"
    EXPIRY_RULE = "CHOBA_GRANT_EXPIRY_RULE"
    EXPIRY_PAST = "CHOBA_GRANT_EXPIRY_PAST"
    GRANT_UNKNOWN = "CHOBA_GRANT_UNKNOWN"
    CANCEL_AGAIN = "CHOBA_GRANT_CANCEL_AGAIN"
    CANCEL_SPENT = "CHOBA_GRANT_CANCEL_SPENT"
    CANCEL_EXPIRED = "CHOBA_GRANT_CANCEL_EXPIRED"


_SENTENCES: Final[dict[GrantCode, tuple[RefusalKind, str, str, str]]] = {
    GrantCode.AMOUNT_EMPTY: (
        _I,
        "amount",
        "金額を入力してください。",
        "amount: write a whole number of yen.",
    ),
    GrantCode.AMOUNT_DECIMAL: (
        _I,
        "amount",
        "小数は使えません。1円単位の整数で入力してください。",
        "amount: whole yen only, no decimals; a comma only before each three digits.",
    ),
    GrantCode.AMOUNT_DIGITS: (
        _I,
        "amount",
        "金額は数字だけで入力してください（例 1200 または 1,200）。",
        "amount: digits only, e.g. 1200 or 1,200.",
    ),
    GrantCode.AMOUNT_ZERO: (
        _I,
        "amount",
        "金額は1円以上で入力してください。",
        "amount: at least 1 yen.",
    ),
    GrantCode.AMOUNT_NEGATIVE: (
        _I,
        "amount",
        "マイナスの金額は使えません。取り消すときは付与キャンセルをお使いください。",
        "amount: must not be negative; to take a grant back, cancel it.",
    ),
    GrantCode.AMOUNT_LARGE: (
        _I,
        "amount",
        "金額が大きすぎます。1件は {most} 円までです。",
        "amount: at most {most} yen at once.",
    ),
    GrantCode.PRICE_OF_GRANT: (
        _I,
        "price",
        "付与には支払額を指定できません。空にするか、チャージをお使いください。",
        "price: a grant has none; leave it empty, or make it a charge.",
    ),
    GrantCode.PRICE_ABOVE_AMOUNT: (
        _I,
        "price",
        "支払額はチャージ額以下で入力してください。",
        "price: at most the amount.",
    ),
    GrantCode.KEY_INVALID: (
        _I,
        "idempotency_key",
        "キーは空白を含まない半角英数記号1～64文字で指定してください。",
        "key: 1 to 64 printable ASCII characters without blanks.",
    ),
    GrantCode.KEY_REUSED: (
        _C,
        "idempotency_key",
        "このキーは別の内容の取引に使われています。新しいキーを指定してください。",
        "key: it names another request already; use a new one.",
    ),
    GrantCode.NOTE_INVALID: (
        _I,
        "note",
        "備考は改行などの制御文字を含まない200文字までです。",
        "note: at most 200 characters, without control characters.",
    ),
    GrantCode.WHY_MISSING: (
        _I,
        "why",
        "理由を入力してください（200文字まで）。操作記録に残ります。",
        "why: give the reason, at most 200 characters; it stands in the audit log.",
    ),
    GrantCode.USER_UNKNOWN: (
        _N,
        "user_id",
        "この利用者は見つかりません。利用者IDを確かめてください。",
        "user: not found; check the id.",
    ),
    GrantCode.USER_LEFT: (
        _S,
        "user_id",
        "この利用者は退会しています。付与できません。",
        "user: has left; nothing can be granted.",
    ),
    GrantCode.SERVICE_UNKNOWN: (
        _N,
        "service_id",
        "このサービスは見つかりません。サービスIDを確かめてください。",
        "service: not found; check the id.",
    ),
    GrantCode.SERVICE_NO_TERMS: (
        _S,
        "service_id",
        "このサービスには利用条件が登録されていません。先に登録してください。",
        "service: it has no terms yet; add them first.",
    ),
    GrantCode.SERVICE_OVER: (
        _S,
        "service_id",
        "このサービスは利用期間が終わっています。",
        "service: its window of use is over.",
    ),
    GrantCode.EXPIRY_NO_RULE: (
        _S,
        "service_id",
        "このサービスには有効期限の規則がありません。先に登録してください（choba points expiry）。",
        "service: it has no expiry rule; set one first (choba points expiry).",
    ),
    GrantCode.EXPIRY_RULE: (
        _I,
        "rule",
        "有効期限の規則が正しくありません。{hint}",
        "expiry rule: {hint}",
    ),
    GrantCode.EXPIRY_PAST: (
        _S,
        "service_id",
        "規則による有効期限がすでに過ぎています。有効期限の規則を改めてください。",
        "service: by its rule this would have expired already; change the rule.",
    ),
    GrantCode.GRANT_UNKNOWN: (
        _N,
        "grant_id",
        "この付与・チャージは見つかりません。取引IDを確かめてください。",
        "grant: not found; check the 20 characters of its id.",
    ),
    GrantCode.CANCEL_AGAIN: (
        _S,
        "grant_id",
        "この取引はすでにキャンセルされています。",
        "grant: it is cancelled already.",
    ),
    GrantCode.CANCEL_SPENT: (
        _S,
        "grant_id",
        "一部または全部が利用済み、または失効済みのため、キャンセルできません。",
        "grant: some of it is spent or forfeited; it cannot be cancelled.",
    ),
    GrantCode.CANCEL_EXPIRED: (
        _S,
        "grant_id",
        "有効期限が切れているため、キャンセルできません。",
        "grant: it has expired; it cannot be cancelled.",
    ),
}


class GrantRefusal(Refusal):
    """A grant, a charge or a cancel that is not done."""

    code: GrantCode


def grant_refusal(code: GrantCode, *, field: str = "", **facts: str | int) -> GrantRefusal:
    """The refusal of that code. ``field``: where it is not the usual one; ``facts`` fill it in."""
    kind, usual, ja, en = _SENTENCES[code]
    texts = {name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in facts.items()}
    return GrantRefusal(
        code,
        kind,
        ja=ja.format_map(texts),
        en=en.format_map(texts),
        field=field or usual,
        detail={name: str(fact) for name, fact in facts.items()},
    )


def amount_refusal(problem: AmountProblem, most: int, field: str = "amount") -> GrantRefusal:
    """What is wrong with an amount as it was typed."""
    code = GrantCode[f"AMOUNT_{problem.name}"]
    facts: dict[str, int] = {"most": most} if problem is AmountProblem.LARGE else {}
    return grant_refusal(code, field=field, **facts)
