"""精算明細: what a shop was paid for one close, transaction by transaction."""

from server.settlement.statements.drawing import statement_html
from server.settlement.statements.listing import statement_csv, statement_text
from server.settlement.statements.making import Document, Existing, Format, Made, StatementDesk
from server.settlement.statements.ports import PaidOut, PaidOutReader
from server.settlement.statements.reading import StatementReader
from server.settlement.statements.refusals import StatementCode, statement_refusal
from server.settlement.statements.types import (
    Correction,
    DayTotal,
    Issuer,
    OtherLeg,
    Payout,
    SharedTransfer,
    Statement,
    Sums,
    TakenBack,
    TakenBackAt,
    Use,
)

__all__ = [
    "Correction",
    "DayTotal",
    "Document",
    "Existing",
    "Format",
    "Issuer",
    "Made",
    "OtherLeg",
    "PaidOut",
    "PaidOutReader",
    "Payout",
    "SharedTransfer",
    "Statement",
    "StatementCode",
    "StatementDesk",
    "StatementReader",
    "Sums",
    "TakenBack",
    "TakenBackAt",
    "Use",
    "statement_csv",
    "statement_html",
    "statement_refusal",
    "statement_text",
]
