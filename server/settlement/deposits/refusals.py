"""What is refused of deposits and of banks' files of them."""

from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind

_I: Final = RefusalKind.INVALID


class DepositCode(StrEnum):
    """Never change a value: programs read them."""

    AMOUNT = "CHOBA_DEPOSIT_AMOUNT"
    DAY = "CHOBA_DEPOSIT_DAY"
    PAYER = "CHOBA_DEPOSIT_PAYER"
    WHY = "CHOBA_DEPOSIT_WHY"
    SHOP_UNKNOWN = "CHOBA_DEPOSIT_SHOP_UNKNOWN"
    ENCODING = "CHOBA_DEPOSIT_ENCODING"
    TOO_LARGE = "CHOBA_DEPOSIT_TOO_LARGE"
    COLUMNS = "CHOBA_DEPOSIT_COLUMNS"
    COLUMN_NAMES = "CHOBA_DEPOSIT_COLUMN_NAMES"
    LINE = "CHOBA_DEPOSIT_LINE"


_SENTENCES: Final[dict[DepositCode, tuple[RefusalKind, str, str]]] = {
    DepositCode.AMOUNT: (
        _I,
        "入金額は1円から{most}円までの数字で入力してください。",
        "amount: whole yen from 1 to {most}.",
    ),
    DepositCode.DAY: (
        _I,
        "日付は 2024-06-18 の形で入力してください。",
        "day: write it as 2024-06-18.",
    ),
    DepositCode.PAYER: (
        _I,
        "振込の名義は{most}文字までの1行にしてください。",
        "payer: one line of at most {most} characters.",
    ),
    DepositCode.WHY: (
        _I,
        "理由を1文字以上、{most}文字までで書いてください。",
        "why: give the reason in 1 to {most} characters.",
    ),
    DepositCode.SHOP_UNKNOWN: (
        RefusalKind.NOT_FOUND,
        "店舗 {shop} はありません。店舗IDを確かめてください。",
        "shop: there is no {shop}; check the shop's id.",
    ),
    DepositCode.ENCODING: (
        _I,
        "文字コードがUTF-8でもShift_JISでもありません。銀行のサイトからもう一度ダウンロードしてください。",
        "file: neither UTF-8 nor Shift_JIS; download it from the bank again.",
    ),
    DepositCode.TOO_LARGE: (
        _I,
        "ファイルが大きすぎます（{most} MiBまで）。期間を分けてダウンロードしてください。",
        "file: larger than {most} MiB; download a shorter period.",
    ),
    DepositCode.COLUMNS: (
        _I,
        "見出しの行が見つかりません。日付・入金額・摘要の列の名前を --columns "
        "「date=取引日,amount=お預り金額,payer=摘要」のように指定してください。",
        "file: no line names the columns of day, amount and payer; name them, e.g. --columns "
        "date=取引日,amount=お預り金額,payer=摘要.",
    ),
    DepositCode.COLUMN_NAMES: (
        _I,
        "列の指定は date=…,amount=…,payer=… のように書いてください（{text}）。",
        "columns: write date=…,amount=…,payer=… ({text}).",
    ),
    DepositCode.LINE: (
        _I,
        "{line} 行目が読めません: {ja} 1行も取り込んでいません。",
        "line {line}: {en} Nothing was imported.",
    ),
}


def deposit_refusal(code: DepositCode, *, field: str = "", **facts: str | int) -> Refusal:
    """The refusal of that code."""
    kind, ja, en = _SENTENCES[code]
    said = {k: f"{v:,}" if isinstance(v, int) else v for k, v in facts.items()}
    detail = {name: str(fact) for name, fact in facts.items()}
    return Refusal(
        code, kind, ja=ja.format_map(said), en=en.format_map(said), field=field, detail=detail
    )
