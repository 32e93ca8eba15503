"""What many views have in common: bar, legs, dates, totals, countdowns, slips. Pure."""

from device.core.configuration import ServiceSchedule
from device.core.day_totals import totals_today
from device.core.japan_time import SECOND, MonoMs, day_of
from device.core.payment import Leg, ServiceKind
from device.core.printing import subject_key
from device.core.state import Health, LinkState, Now, Part, State
from device.core.telling_data import KnownPayment
from device.ui import views, wording
from protos.units import Micros, PaymentId

_KINDS = {
    ServiceKind.MONEY: views.LegKind.MONEY,
    ServiceKind.POINTS: views.LegKind.POINTS,
    ServiceKind.VOUCHER: views.LegKind.VOUCHER,
}
_ORDER = {ServiceKind.VOUCHER: 0, ServiceKind.POINTS: 1, ServiceKind.MONEY: 2}


def bar(state: State, now: Now) -> views.Bar:
    """The bar: shop, light, clock, language."""
    configuration = state.configuration
    weak = any(
        status.part in (Part.WIFI, Part.MOBILE) and status.health is Health.WARN
        for status in state.parts
    )
    link = views.Link.OFFLINE
    if state.links.server is LinkState.UP:
        link = views.Link.WEAK if weak else views.Link.ONLINE
    return views.Bar(
        shop=configuration.shop_name if configuration else "",
        terminal=configuration.terminal_name if configuration else "",
        clock=wording.hh_mm_ss(now.wall),
        link=link,
        language=state.navigation.language,
    )


def legs(legs: tuple[Leg, ...]) -> tuple[views.Leg, ...]:
    """Voucher first; a leg of 0 yen is none."""
    shown = sorted((leg for leg in legs if leg.amount > 0), key=lambda leg: _ORDER[leg.kind])
    return tuple(views.Leg(_KINDS[leg.kind], leg.amount) for leg in shown)


def dates(parts: tuple[Leg | ServiceSchedule, ...], now: Now) -> tuple[views.PayDates, ...]:
    """Cancel-by and pay day of legs or schedules, voucher first."""
    today = day_of(now.wall)
    return tuple(
        views.PayDates(
            _KINDS[part.kind],
            wording.until(part.closes_at, today),
            wording.short_day(part.pay_day, today),
        )
        for part in sorted(parts, key=lambda part: _ORDER[part.kind])
    )


def day_totals(state: State, now: Now) -> views.DayTotals:
    """本日: what the ledger holds."""
    sums = totals_today(state, now.wall)
    return views.DayTotals(sums.count, sums.amount)


def age_s(since: Micros, now: Now) -> int:
    """Whole seconds since an instant; never negative."""
    return max(0, (now.wall - since) // SECOND)


def countdown(ends: MonoMs, total_ms: int, now: Now) -> views.Countdown:
    """Time left until an instant of this run."""
    return views.Countdown(min(max(0, ends - now.mono), total_ms), total_ms)


def slips(state: State) -> dict[str, views.SlipState]:
    """What became of the slips, by what they are of; a missing one is NONE."""
    found = {key.rpartition("/")[0]: views.SlipState.PRINTED for key, _ in state.printing.sheets}
    for job in state.printing.jobs:
        found[subject_key(job.subject)] = views.SlipState.WAITING
    return found


def known_payment(state: State, payment_id: PaymentId) -> KnownPayment | None:
    """A payment in memory."""
    for known in reversed(state.payments):
        if known.payment.payment_id == payment_id:
            return known
    return None
