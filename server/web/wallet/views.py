"""Domain values as the templates draw them: words chosen, days said, nothing decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from protos.confirmation import seal
from protos.units import Micros, Yen
from server.clock import tokyo_day
from server.directory import ServiceKind
from server.payments import LotBalance, Payment, PaymentLeg, ServiceBalance
from server.web.wallet import formats
from server.web.wallet.words import Lang, say

_RECENT_DAYS = {0: "home.today", 1: "home.yesterday"}
SOON_DAYS = 30
"""An expiry this near is amber."""


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service's name for the reader, and small beside it the other language's."""

    name: str
    other: str
    striped: bool
    """Points are striped, everything else is solid."""


@dataclass(frozen=True, slots=True)
class BalanceView:
    """One part of the ticket on the home page."""

    service: ServiceName
    amount: Yen
    chip: str
    """The nearest expiry in words; empty where there is nothing to expire."""
    chip_state: str
    rest: str


@dataclass(frozen=True, slots=True)
class LegView:
    """One leg of a payment."""

    service: ServiceName
    amount: Yen
    transaction: tuple[str, ...]
    after: Yen


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as lists, the paid page and the detail page draw it."""

    payment_id: str
    shop: str
    terminal: str
    amount: Yen
    legs: tuple[LegView, ...]
    paid_at: Micros
    time: str
    parts: str
    code: str
    seal: str
    cancel_until: str
    cancellable: bool
    cancelled: str
    """When it was taken back; empty when it was not."""


@dataclass(frozen=True, slots=True)
class DayView:
    """The payments of one day."""

    heading: str
    short: str
    payments: tuple[PaymentView, ...]


def service_name(ja: str, en: str, kind: ServiceKind, lang: Lang) -> ServiceName:
    """The names in the reader's order."""
    first, second = (ja, en) if lang is Lang.JA else (en or ja, ja)
    return ServiceName(first, second if second != first else "", kind is ServiceKind.POINTS)


def balance_view(balance: ServiceBalance, lang: Lang, now: Micros) -> BalanceView:
    """A balance with its nearest expiry first."""
    today = tokyo_day(now)
    service = service_name(balance.name_ja, balance.name_en, balance.kind, lang)
    chip, state, rest = "", "", ""
    if now >= balance.usable_until:
        chip, state = say("home.over", lang), "off"
    elif now < balance.usable_from and balance.amount:
        when = formats.start(balance.usable_from, lang, today)
        chip = say("home.from", lang, time=when)
    elif balance.lots:
        chip, state, rest = _expiry(balance.lots, lang, today)
    return BalanceView(service, balance.amount, chip, state, rest)


def _expiry(lots: Sequence[LotBalance], lang: Lang, today: date) -> tuple[str, str, str]:
    by_day = [
        (day, sum(lot.amount for lot in group))
        for day, group in groupby(
            sorted(lots, key=lambda lot: lot.last_day), key=lambda lot: lot.last_day
        )
    ]
    first_day, first_amount = by_day[0]
    said = formats.day(first_day, lang, today)
    left = (first_day - today).days
    state = "wait" if left <= SOON_DAYS else ""
    if len(by_day) == 1:
        key = "home.until" if left > 0 else "home.until_today"
        return say(key, lang, day=said, days=left), state, ""
    rest_key = "home.rest_until" if len(by_day) == 2 else "home.rest_from"
    return (
        say("home.part_until", lang, amount=f"{first_amount:,}", day=said),
        state,
        say(rest_key, lang, day=formats.day(by_day[1][0], lang, today)),
    )


def payment_view(payment: Payment, lang: Lang, now: Micros) -> PaymentView:
    """Everything that is shown of a payment."""
    japanese = lang is Lang.JA
    legs = tuple(_leg(leg, lang) for leg in payment.legs)
    parts = (
        legs[0].service.name
        if len(legs) == 1
        else " ".join(f"{leg.service.name} {leg.amount:,}" for leg in legs)
    )
    return PaymentView(
        payment_id=payment.payment_id,
        shop=payment.shop_name_ja if japanese else payment.shop_name_en or payment.shop_name_ja,
        terminal=payment.terminal_name_ja
        if japanese
        else payment.terminal_name_en or payment.terminal_name_ja,
        amount=payment.amount,
        legs=legs,
        paid_at=payment.paid_at,
        time=formats.minutes(payment.paid_at),
        parts=parts,
        code=payment.confirmation_code,
        seal=seal(payment.confirmation_code),
        cancel_until=formats.end(payment.cancel_until, lang, tokyo_day(now)),
        cancellable=now < payment.cancel_until,
        cancelled="" if payment.cancelled_at is None else formats.stamp(payment.cancelled_at),
    )


def _leg(leg: PaymentLeg, lang: Lang) -> LegView:
    return LegView(
        service=service_name(leg.name_ja, leg.name_en, leg.kind, lang),
        amount=leg.amount,
        transaction=formats.id_groups(leg.transaction_id),
        after=leg.after,
    )


def by_day(payments: Sequence[Payment], lang: Lang, now: Micros) -> tuple[DayView, ...]:
    """Payments, newest first, under the day they belong to."""
    today = tokyo_day(now)
    days: list[DayView] = []
    for day, group in groupby(payments, key=lambda payment: tokyo_day(payment.paid_at)):
        said = formats.long_day(day, lang)
        short = _RECENT_DAYS.get((today - day).days, "")
        heading = say("history.today", lang, day=said) if day == today else said
        if day.year != today.year:
            heading = f"{day.year} {said}"
        spoken = say(short, lang) if short else formats.day(day, lang, today)
        days.append(DayView(heading, spoken, tuple(payment_view(p, lang, now) for p in group)))
    return tuple(days)
