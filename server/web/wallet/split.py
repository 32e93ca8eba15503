"""How a payment is divided, as the confirm page draws it: proposal, presets, slider.

The limits and the proposal are the quote's; the choice that stands in the URL is brought into them.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from protos.units import Micros, Yen
from server.clock import tokyo_day
from server.directory import ServiceId, ServiceKind
from server.payments import Quote, ServiceBalance
from server.web.wallet import formats
from server.web.wallet.views import ServiceName, service_name
from server.web.wallet.words import Lang, say


@dataclass(frozen=True, slots=True)
class PartView:
    """What one service pays."""

    service_id: ServiceId
    service: ServiceName
    amount: Yen
    balance: Yen

    @property
    def left(self) -> int:
        """What stays of that service."""
        return self.balance - self.amount


@dataclass(frozen=True, slots=True)
class PresetView:
    """A split to choose with one tap."""

    key: str
    label: str
    href: str
    chosen: bool
    missing: int
    """> 0: it can't be chosen, so much is missing."""
    slide: int
    """Where the slider stands with it."""


@dataclass(frozen=True, slots=True)
class SliderView:
    """The slider between two services."""

    service: ServiceName
    least: int
    most: int
    value: int
    suggested: int


@dataclass(frozen=True, slots=True)
class SplitView:
    """The whole card 内訳."""

    parts: tuple[PartView, ...]
    presets: tuple[PresetView, ...]
    slider: SliderView | None
    suggested: bool
    percent: float
    """Of the first part, for the bar."""
    sentence: str
    suggested_sentence: str


def split_view(quote: Quote, slide: str, only: str, lang: Lang, now: Micros) -> SplitView:
    """The split that the URL asks for, or the proposal. The quote reaches its amount."""
    usable = sorted(quote.usable, key=lambda b: b.kind is not ServiceKind.POINTS)
    usable = [b for b in usable if b.amount > 0]
    proposed = {leg.service_id: int(leg.amount) for leg in quote.legs}
    amounts = _chosen(quote, usable, proposed, slide, only)
    parts = tuple(
        PartView(
            b.service_id,
            service_name(b.name_ja, b.name_en, b.kind, lang),
            Yen(amounts.get(b.service_id, 0)),
            b.amount,
        )
        for b in usable
    )
    suggested = amounts == proposed
    proposal = _proposal(quote, usable, lang, now)
    return SplitView(
        parts=parts,
        presets=_presets(quote, parts, suggested, amounts, proposed, lang),
        slider=_slider(quote, parts, proposed),
        suggested=suggested,
        percent=round(100 * parts[0].amount / quote.amount, 1) if len(parts) > 1 else 0,
        sentence=proposal if suggested else plain_sentence(parts, lang),
        suggested_sentence=proposal,
    )


def _chosen(
    quote: Quote,
    usable: list[ServiceBalance],
    proposed: dict[ServiceId, int],
    slide: str,
    only: str,
) -> dict[ServiceId, int]:
    for balance in usable:
        if balance.service_id == only and balance.amount >= quote.amount:
            return {balance.service_id: quote.amount}
    if len(usable) == 2 and slide.isascii() and slide.isdigit() and len(slide) <= 9:
        first, second = usable
        least = max(0, quote.amount - second.amount)
        value = min(max(int(slide), least), first.amount, quote.amount)
        both = {first.service_id: value, second.service_id: quote.amount - value}
        return {service: amount for service, amount in both.items() if amount}
    return proposed


def _slider(
    quote: Quote, parts: tuple[PartView, ...], proposed: dict[ServiceId, int]
) -> SliderView | None:
    if len(parts) != 2:
        return None
    first, second = parts
    least, most = max(0, quote.amount - second.balance), min(first.balance, quote.amount)
    if least == most:
        return None
    suggested = proposed.get(first.service_id, 0)
    return SliderView(first.service, least, most, first.amount, suggested)


def _presets(
    quote: Quote,
    parts: tuple[PartView, ...],
    suggested: bool,
    amounts: dict[ServiceId, int],
    proposed: dict[ServiceId, int],
    lang: Lang,
) -> tuple[PresetView, ...]:
    if len(parts) < 2:
        return ()
    path = "/pay/confirm?"
    first = parts[0].service_id
    presets = [
        PresetView(
            key="suggested",
            label=say("confirm.suggested", lang),
            href=path + urlencode({"amount": int(quote.amount)}),
            chosen=suggested,
            missing=0,
            slide=proposed.get(first, 0),
        )
    ]
    for part in reversed(parts):
        alone = {part.service_id: int(quote.amount)}
        if alone == proposed:
            continue  # the proposal is that already
        presets.append(
            PresetView(
                key=part.service_id,
                label=say("confirm.only", lang, service=part.service.name),
                href=path + urlencode({"amount": int(quote.amount), "only": part.service_id}),
                chosen=not suggested and amounts == alone,
                missing=max(0, quote.amount - part.balance),
                slide=quote.amount if part.service_id == first else 0,
            )
        )
    return tuple(presets)


def _proposal(quote: Quote, usable: list[ServiceBalance], lang: Lang, now: Micros) -> str:
    """「6月30日で切れる200ポイントを先に使い、あとの1,000円を商品券で払います」 where it is so."""
    known = {b.service_id: b for b in usable}
    legs = sorted(
        ((known[leg.service_id], leg.amount) for leg in quote.legs),
        key=lambda part: part[0].lots[0].last_day,
    )
    if len(legs) == 2:
        (first, first_amount), (second, second_amount) = legs
        ending = first.lots[0]
        if ending.last_day < second.lots[0].last_day:
            whole = first_amount <= ending.amount
            return say(
                "confirm.first" if whole else "confirm.sooner",
                lang,
                day=formats.day(ending.last_day, lang, tokyo_day(now)),
                part=_of(first, first_amount, lang),
                rest=_of_yen(second_amount, lang),
                service=_name(second, lang),
            )
    return say(
        "confirm.plain",
        lang,
        parts=say("all.and", lang).join(_of(b, amount, lang) for b, amount in legs),
    )


def plain_sentence(parts: tuple[PartView, ...], lang: Lang) -> str:
    """「ポイント 200円・商品券 1,000円で払います。」"""
    said = (
        say("confirm.of", lang, service=p.service.name, amount=_of_yen(p.amount, lang))
        for p in parts
        if p.amount
    )
    return say("confirm.plain", lang, parts=say("all.and", lang).join(said))


def _of(balance: ServiceBalance, amount: Yen, lang: Lang) -> str:
    money = _of_yen(amount, lang)
    return say("confirm.of", lang, service=_name(balance, lang), amount=money)


def _of_yen(amount: Yen, lang: Lang) -> str:
    return f"{amount:,}円" if lang is Lang.JA else formats.yen(amount)


def _name(balance: ServiceBalance, lang: Lang) -> str:
    return balance.name_ja if lang is Lang.JA else balance.name_en or balance.name_ja
