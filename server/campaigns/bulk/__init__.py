"""Grants and charges from files (CSVから取引操作). docs/bulk-csv.md has the format."""

from server.campaigns.bulk.desk import BulkDesk
from server.campaigns.bulk.refusals import BulkCode, BulkRefusal, Problem, bulk_refusal
from server.campaigns.bulk.running import BulkRunner, Progress, no_progress
from server.campaigns.bulk.store import unfinished
from server.campaigns.bulk.types import (
    BatchState,
    BatchStatus,
    CancelSummary,
    Fate,
    KeptLine,
    Preview,
    Show,
    StagedLine,
)
from server.campaigns.bulk.worker import BulkWorker

__all__ = [
    "BatchState",
    "BatchStatus",
    "BulkCode",
    "BulkDesk",
    "BulkRefusal",
    "BulkRunner",
    "BulkWorker",
    "CancelSummary",
    "Fate",
    "KeptLine",
    "Preview",
    "Problem",
    "Progress",
    "Show",
    "StagedLine",
    "bulk_refusal",
    "no_progress",
    "unfinished",
]
