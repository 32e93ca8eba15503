"""入金照合: what a bank says has arrived, held against payouts, closes, transactions, terminals."""

from server.settlement.deposits.bank_csv import (
    MOST_BYTES,
    MOST_YEN,
    BankFile,
    parse_columns,
    parse_day,
    read_bank_file,
)
from server.settlement.deposits.checking import DepositChecker, ToldBy, TransfersOf
from server.settlement.deposits.desk import DepositDesk, Imported
from server.settlement.deposits.matching import match, same_payer
from server.settlement.deposits.refusals import DepositCode, deposit_refusal
from server.settlement.deposits.telling import reconciliation_lines
from server.settlement.deposits.types import (
    Arrived,
    CloseInTransfer,
    Comparison,
    Deposit,
    Fit,
    Match,
    Reconciliation,
    Stage,
    TerminalDay,
    Transfer,
)

__all__ = [
    "MOST_BYTES",
    "MOST_YEN",
    "Arrived",
    "BankFile",
    "CloseInTransfer",
    "Comparison",
    "Deposit",
    "DepositChecker",
    "DepositCode",
    "DepositDesk",
    "Fit",
    "Imported",
    "Match",
    "Reconciliation",
    "Stage",
    "TerminalDay",
    "ToldBy",
    "Transfer",
    "TransfersOf",
    "deposit_refusal",
    "match",
    "parse_columns",
    "parse_day",
    "read_bank_file",
    "reconciliation_lines",
    "same_payer",
]
