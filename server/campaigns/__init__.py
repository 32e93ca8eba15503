"""Campaign terms, schedules, grants, expiry, leaving."""

from server.campaigns.expiry import ExpiredService, ExpiryRun, run_expiry
from server.campaigns.grants import Funding, Grant, GrantError, GrantOutcome, grant_all
from server.campaigns.leaving import Forfeited, LeavingCode, Left, close_account
from server.campaigns.schedule import (
    CloseRule,
    Closing,
    PayRule,
    ScheduleError,
    closing_of,
    is_bank_day,
    learn_calendar,
    next_bank_day,
)
from server.campaigns.terms import Terms, add_terms, terms_at
from server.campaigns.verify_lapses import verify_lapses

__all__ = [
    "CloseRule",
    "Closing",
    "ExpiredService",
    "ExpiryRun",
    "Forfeited",
    "Funding",
    "Grant",
    "GrantError",
    "GrantOutcome",
    "LeavingCode",
    "Left",
    "PayRule",
    "ScheduleError",
    "Terms",
    "add_terms",
    "close_account",
    "closing_of",
    "grant_all",
    "is_bank_day",
    "learn_calendar",
    "next_bank_day",
    "run_expiry",
    "terms_at",
    "verify_lapses",
]
