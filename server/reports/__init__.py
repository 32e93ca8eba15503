"""実績 and 取引: results by day and month, transactions one by one, both as people's CSV."""

from server.reports.days import write_days, written_days
from server.reports.refusals import ReportCode, output_unusable
from server.reports.results import (
    Month,
    Result,
    Results,
    Scope,
    daily_csv,
    kind_word,
    monthly_csv,
    results,
)
from server.reports.rows import Status, Wanted
from server.reports.searching import MOST_IN_PAGE, Transaction, TransactionPage, search
from server.reports.sheet import OPERATION_NAMES, transactions_csv
from server.reports.verify import verify_results

__all__ = [
    "MOST_IN_PAGE",
    "OPERATION_NAMES",
    "Month",
    "ReportCode",
    "Result",
    "Results",
    "Scope",
    "Status",
    "Transaction",
    "TransactionPage",
    "Wanted",
    "daily_csv",
    "kind_word",
    "monthly_csv",
    "output_unusable",
    "results",
    "search",
    "transactions_csv",
    "verify_results",
    "write_days",
    "written_days",
]
