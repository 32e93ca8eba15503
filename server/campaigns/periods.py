"""The periods of a service: one after the other, through every change of its terms. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from protos.units import Micros
from server.campaigns.terms import Span, Terms, usable_spans
from server.clock import tokyo_day


@dataclass(frozen=True, slots=True)
class Period:
    """What one close will end. ``first_day``, ``last_day``: on which the service can be used."""

    first_day: date
    last_day: date
    opens_at: Micros
    """The first instant at which the service could be used in it."""
    closes_at: Micros
    pay_day: date
    terms_version: int


def next_period(versions: Sequence[Terms], after: Micros | None) -> Period | None:
    """The first period of a service in which it can be used, from the boundary ``after`` on.

    ``versions``: the service's terms, in their order. ``after`` None: the very first period.
    None: after that boundary the service can never be used. Raises Refusal
    (CHOBA_SCHEDULE_CALENDAR).
    """
    spans = usable_spans(versions)
    first = next((span for span in spans if after is None or span.until > after), None)
    if first is None:
        return None
    opens = first.since if after is None else Micros(max(first.since, after))
    closing = first.terms.closing(opens)
    last = _last_before(spans, closing.closes_at)
    return Period(
        tokyo_day(opens),
        tokyo_day(Micros(min(last.until, closing.closes_at) - 1)),
        opens,
        closing.closes_at,
        closing.pay_day,
        last.terms.version,
    )


def next_boundary(versions: Sequence[Terms], now: Micros) -> Micros:
    """The first boundary after ``now`` by the terms that hold now; before a service has terms or
    can be used, by those that will. Raises Refusal (CHOBA_SCHEDULE_CALENDAR)."""
    in_force = [terms for terms in versions if terms.valid_from <= now]
    return (in_force[-1] if in_force else versions[0]).closing(now).closes_at


def _last_before(spans: Sequence[Span], end: Micros) -> Span:
    return [span for span in spans if span.since < end][-1]
