"""Campaign terms, schedules, grants."""

from server.campaigns.grant_types import (
    Funding,
    Grant,
    GrantError,
    GrantOutcome,
    GrantSource,
    Notes,
    Origin,
)
from server.campaigns.grants import grant_all
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

__all__ = [
    "CloseRule",
    "Closing",
    "Funding",
    "Grant",
    "GrantError",
    "GrantOutcome",
    "GrantSource",
    "Notes",
    "Origin",
    "PayRule",
    "ScheduleError",
    "Terms",
    "add_terms",
    "closing_of",
    "grant_all",
    "is_bank_day",
    "learn_calendar",
    "next_bank_day",
    "terms_at",
]
