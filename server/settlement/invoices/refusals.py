"""Why an invoice is not made."""

from enum import StrEnum
from typing import Final

from server.refusal import Refusal, RefusalKind

_S: Final = RefusalKind.STATE


class InvoiceCode(StrEnum):
    """Never change a value: programs read them."""

    DIFFERS = "CHOBA_INVOICE_DIFFERS"
    NOTHING = "CHOBA_INVOICE_NOTHING_CLOSED"
    OPEN = "CHOBA_INVOICE_CLOSE_MISSING"
    MONTH = "CHOBA_INVOICE_MONTH"
    ADDRESSEE = "CHOBA_INVOICE_ADDRESSEE"
    OUTPUT = "CHOBA_INVOICE_OUTPUT"


_SENTENCES: Final[dict[InvoiceCode, tuple[RefusalKind, str, str]]] = {
    InvoiceCode.DIFFERS: (
        _S,
        "請求書の数字が合わないため、作成しませんでした（{what}: {found} / {wanted}）。"
        "「choba audit verify」で帳簿を確かめてください。",
        "The invoice does not add up and was not made ({what}: {found} against {wanted}). "
        "Check the books with: choba audit verify.",
    ),
    InvoiceCode.NOTHING: (
        _S,
        "{month} に締めたサービスがありません。月を確かめてください。",
        "month: nothing was closed in {month}; check the month.",
    ),
    InvoiceCode.OPEN: (
        _S,
        "{month} の締めがまだ残っています（サービス {service}、{day} 締め）。"
        "締めてから作成してください。",
        "month: service {service} still has to be closed for {day}; make the invoice after that.",
    ),
    InvoiceCode.MONTH: (
        RefusalKind.INVALID,
        "月は 2024-06 の形で指定してください。",
        "month: write it as 2024-06.",
    ),
    InvoiceCode.ADDRESSEE: (
        _S,
        "宛名が設定されていません。設定 invoice.addressee に「みほん市長」のように書いてください。",
        "No addressee: set invoice.addressee in the settings.",
    ),
    InvoiceCode.OUTPUT: (
        RefusalKind.INVALID,
        "出力先 {path} に書き込めません: {why}",
        "output: cannot write to {path}: {why}",
    ),
}


def invoice_refusal(code: InvoiceCode, *, field: str = "", **facts: str | int) -> Refusal:
    """The refusal of that code."""
    kind, ja, en = _SENTENCES[code]
    detail = {name: str(fact) for name, fact in facts.items()}
    return Refusal(
        code, kind, ja=ja.format_map(detail), en=en.format_map(detail), field=field, detail=detail
    )
