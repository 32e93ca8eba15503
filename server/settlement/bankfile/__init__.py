"""全銀 総合振込: a bank's file of transfers, made from and checked against one layout. Pure."""

from server.settlement.bankfile.banks import BankDirectory, BranchName, ZenginBanks
from server.settlement.bankfile.checking import Report, Summary, check
from server.settlement.bankfile.findings import Finding, FindingCode, Note
from server.settlement.bankfile.kana import large
from server.settlement.bankfile.layout import ACCOUNT_TYPES
from server.settlement.bankfile.plain_list import LineProblem, PlainList, read_plain_list
from server.settlement.bankfile.refusals import BankFileCode
from server.settlement.bankfile.transfers import (
    Account,
    Payer,
    Transfer,
    UnknownBanks,
    account_problems,
    each_problem,
    payer_name,
    recipient_name,
)
from server.settlement.bankfile.writing import bank_file, check_pay_day, check_totals

__all__ = [
    "ACCOUNT_TYPES",
    "Account",
    "BankDirectory",
    "BankFileCode",
    "BranchName",
    "Finding",
    "FindingCode",
    "LineProblem",
    "Note",
    "Payer",
    "PlainList",
    "Report",
    "Summary",
    "Transfer",
    "UnknownBanks",
    "ZenginBanks",
    "account_problems",
    "bank_file",
    "check",
    "check_pay_day",
    "check_totals",
    "each_problem",
    "large",
    "payer_name",
    "read_plain_list",
    "recipient_name",
]
