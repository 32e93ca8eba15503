"""Why a statement is not made."""

from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind

_N: Final = RefusalKind.NOT_FOUND
_S: Final = RefusalKind.STATE


class StatementCode(StrEnum):
    """Never change a value: programs read them."""

    DIFFERS = "CHOBA_STATEMENT_DIFFERS"
    CLOSE_UNKNOWN = "CHOBA_STATEMENT_CLOSE_UNKNOWN"
    SHOP_UNKNOWN = "CHOBA_STATEMENT_SHOP_UNKNOWN"
    NOT_PAID_OUT = "CHOBA_STATEMENT_NO_PAYOUT"
    OUTPUT = "CHOBA_STATEMENT_OUTPUT"


_SENTENCES: Final[dict[StatementCode, tuple[RefusalKind, str, str]]] = {
    StatementCode.DIFFERS: (
        _S,
        "明細の数字が合わないため、作成しませんでした（店舗 {shop}、{what}: {found} / {wanted}）。"
        "「choba audit verify」で帳簿を確かめてください。",
        "The statement does not add up and was not made (shop {shop}, {what}: {found} against "
        "{wanted}). Check the books with: choba audit verify.",
    ),
    StatementCode.CLOSE_UNKNOWN: (
        _N,
        "サービス {service} の第{close}回の締めはありません。締めたあとで作成してください。",
        "close: service {service} has no close number {close}; make it after the close.",
    ),
    StatementCode.SHOP_UNKNOWN: (
        _N,
        "店舗 {shop} は、このサービスの加盟店ではありません。店舗IDを確かめてください。",
        "shop: {shop} does not take this service; check the shop's id.",
    ),
    StatementCode.NOT_PAID_OUT: (
        _S,
        "サービス {service} の第{close}回は、お支払いがまだ承認されていません。"
        "先にお支払いを作成し、別の担当者が承認してください。",
        "Close {close} of service {service} has no approved payouts yet; draft them, and let "
        "somebody else approve them.",
    ),
    StatementCode.OUTPUT: (
        RefusalKind.INVALID,
        "出力先 {path} に書き込めません: {why}",
        "output: cannot write to {path}: {why}",
    ),
}


def statement_refusal(code: StatementCode, *, field: str = "", **facts: str | int) -> Refusal:
    """The refusal of that code."""
    kind, ja, en = _SENTENCES[code]
    detail = {name: str(fact) for name, fact in facts.items()}
    return Refusal(
        code, kind, ja=ja.format_map(detail), en=en.format_map(detail), field=field, detail=detail
    )
