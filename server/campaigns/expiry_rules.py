"""When what is granted expires: a service's own rule, versioned, decided in Asia/Tokyo."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros
from server.campaigns.grant_refusals import GrantCode, grant_refusal
from server.campaigns.terms import Terms
from server.clock import start_of_day, tokyo_day
from server.db.schema import grants as t
from server.directory import ServiceId

_MOST: Final = {"days": 3650, "month-end": 120, "fiscal-year-end": 10}
_FISCAL_END: Final = (3, 31)
"""The Japanese fiscal year ends on 31 March."""


class ExpiryKind(StrEnum):
    """How the last day of use follows from the day of the grant."""

    FIXED_DAY = "fixed-day"
    """The same last day for everybody."""
    DAYS = "days"
    """N days after the day of the grant."""
    MONTH_END = "month-end"
    """The last day of the month that is N months after the grant's month; 0: of its own."""
    FISCAL_YEAR_END = "fiscal-year-end"
    """The first 31 March from the day of the grant on, and N years later."""
    USABLE_UNTIL = "usable-until"
    """The end of the service's window of use, as its terms say at the grant."""


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """``last_day``: of FIXED_DAY only; ``number``: of DAYS, MONTH_END and FISCAL_YEAR_END.

    Raises GrantRefusal when the parts do not belong together.
    """

    kind: ExpiryKind
    number: int = 0
    last_day: date | None = None

    def __post_init__(self) -> None:
        hint = ""
        if (self.kind is ExpiryKind.FIXED_DAY) != (self.last_day is not None):
            hint = "fixed-day, and only it, needs a last day (YYYY-MM-DD)"
        elif self.kind in _MOST and not 0 <= self.number <= _MOST[self.kind]:
            hint = f"{self.kind} takes a number from 0 to {_MOST[self.kind]}"
        elif self.kind not in _MOST and self.number:
            hint = f"{self.kind} takes no number"
        if hint:
            raise grant_refusal(GrantCode.EXPIRY_RULE, hint=hint)


def expires_at(rule: ExpiryRule, granted_at: Micros, usable_until: Micros) -> Micros:
    """The first instant at which it can no longer be used: midnight after the last day of use.

    Pure. ``usable_until``: of the service's terms, for the rule that follows them. May lie before
    the grant for a fixed day that is over; the caller refuses that.
    """
    if rule.kind is ExpiryKind.USABLE_UNTIL:
        return usable_until
    return start_of_day(_last_day(rule, tokyo_day(granted_at)) + timedelta(days=1))


def _last_day(rule: ExpiryRule, day: date) -> date:
    match rule.kind:
        case ExpiryKind.FIXED_DAY:
            assert rule.last_day is not None, "checked when the rule was made"
            return rule.last_day
        case ExpiryKind.DAYS:
            return day + timedelta(days=rule.number)
        case ExpiryKind.MONTH_END:
            months = day.year * 12 + day.month - 1 + rule.number
            year, month = divmod(months, 12)
            return date(year, month + 1, calendar.monthrange(year, month + 1)[1])
        case _:
            passed = (day.month, day.day) > _FISCAL_END
            return date(day.year + int(passed) + rule.number, *_FISCAL_END)


def add_expiry_rule(
    connection: Connection, service_id: ServiceId, rule: ExpiryRule, valid_from: Micros
) -> int:
    """The version of the new rule; what was granted before keeps its expiry."""
    version = connection.execute(
        select(func.coalesce(func.max(t.expiry_rules.c.version), 0) + 1).where(
            t.expiry_rules.c.service_id == service_id
        )
    ).scalar_one()
    connection.execute(
        insert(t.expiry_rules).values(
            service_id=service_id,
            version=version,
            valid_from=valid_from,
            kind=rule.kind.value,
            number=rule.number,
            day=rule.last_day.isoformat() if rule.last_day else "",
        )
    )
    return int(version)


def expiry_rules_at(connection: Connection, instant: Micros) -> dict[ServiceId, ExpiryRule]:
    """Each service's newest rule that is valid at ``instant``."""
    rows = connection.execute(
        select(t.expiry_rules)
        .where(t.expiry_rules.c.valid_from <= instant)
        .order_by(t.expiry_rules.c.service_id, t.expiry_rules.c.version)
    )
    return {ServiceId(row.service_id): _rule(row) for row in rows}


def expiry_of(rule: ExpiryRule | None, terms: Terms, at: Micros) -> Micros:
    """The expiry of what is granted at ``at``. Raises GrantRefusal without one in the future."""
    if rule is None:
        raise grant_refusal(GrantCode.EXPIRY_NO_RULE)
    found = expires_at(rule, at, terms.usable_until)
    if found <= at:
        raise grant_refusal(GrantCode.EXPIRY_PAST)
    return found


def _rule(row: Any) -> ExpiryRule:
    day = date.fromisoformat(row.day) if row.day else None
    return ExpiryRule(ExpiryKind(row.kind), row.number, day)
