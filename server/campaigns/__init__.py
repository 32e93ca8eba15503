"""Campaign terms, schedules, grants; files of grants are in ``server.campaigns.bulk``."""

from server.campaigns.bank_days import (
    is_bank_day,
    learn_calendar,
    next_bank_day,
    previous_bank_day,
)
from server.campaigns.expiry import ExpiredService, ExpiryRun, run_expiry
from server.campaigns.expiry_rules import (
    ExpiryKind,
    ExpiryRule,
    add_expiry_rule,
    expires_at,
    expiry_rules_at,
)
from server.campaigns.grant_checks import WhoLeft
from server.campaigns.grant_desk import CancelReceipt, GrantDesk, GrantOrder, GrantReceipt
from server.campaigns.grant_origins import grant_origins
from server.campaigns.grant_refusals import GrantCode, GrantRefusal, grant_refusal
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
from server.campaigns.leaving import Forfeited, LeavingCode, Left, close_account
from server.campaigns.periods import Period, next_boundary, next_period
from server.campaigns.schedule import (
    Closing,
    OnHoliday,
    Schedule,
    ScheduleRow,
    parse_schedule,
    schedule_rows,
)
from server.campaigns.schedule_changes import change_schedule
from server.campaigns.schedule_refusals import ScheduleCode, date_wrong
from server.campaigns.schedule_refusals import service_unknown as schedule_unknown
from server.campaigns.terms import (
    Terms,
    add_terms,
    all_terms,
    next_change,
    terms_at,
    terms_of,
    valid_at,
)
from server.campaigns.verify_grants import verify_grants
from server.campaigns.verify_lapses import verify_lapses

__all__ = [
    "CancelReceipt",
    "Closing",
    "ExpiredService",
    "ExpiryKind",
    "ExpiryRule",
    "ExpiryRun",
    "Forfeited",
    "Funding",
    "Grant",
    "GrantCode",
    "GrantDesk",
    "GrantError",
    "GrantOrder",
    "GrantOutcome",
    "GrantReceipt",
    "GrantRefusal",
    "GrantSource",
    "LeavingCode",
    "Left",
    "Notes",
    "OnHoliday",
    "Origin",
    "Period",
    "Schedule",
    "ScheduleCode",
    "ScheduleRow",
    "Terms",
    "WhoLeft",
    "add_expiry_rule",
    "add_terms",
    "all_terms",
    "change_schedule",
    "close_account",
    "date_wrong",
    "expires_at",
    "expiry_rules_at",
    "grant_all",
    "grant_origins",
    "grant_refusal",
    "is_bank_day",
    "learn_calendar",
    "next_bank_day",
    "next_boundary",
    "next_change",
    "next_period",
    "parse_schedule",
    "previous_bank_day",
    "run_expiry",
    "schedule_rows",
    "schedule_unknown",
    "terms_at",
    "terms_of",
    "valid_at",
    "verify_grants",
    "verify_lapses",
]
