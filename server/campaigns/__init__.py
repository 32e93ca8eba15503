"""Campaign terms, schedules, grants."""

from server.campaigns.grants import Funding, Grant, GrantError, GrantOutcome, grant_all
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
from server.campaigns.terms import Terms, add_terms, all_terms, terms_at, valid_at

__all__ = [
    "CloseRule",
    "Closing",
    "Funding",
    "Grant",
    "GrantError",
    "GrantOutcome",
    "PayRule",
    "ScheduleError",
    "Terms",
    "add_terms",
    "all_terms",
    "closing_of",
    "grant_all",
    "is_bank_day",
    "learn_calendar",
    "next_bank_day",
    "terms_at",
    "valid_at",
]
