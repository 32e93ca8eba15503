"""A campaign's terms as a TOML or JSON document; docs/campaigns.md describes each field.

Times without an offset are those of Japan. Every refusal is TERMS_INVALID and names the field.
"""

import itertools
import json
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from protos.units import Micros, Yen
from server.campaigns.selling.ages import AgeRule
from server.campaigns.selling.lottery import DrawListError, one_line
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.terms import AgeBonus, CampaignTerms, Round, RoundKind
from server.clock import TOKYO, micros_of
from server.directory import ServiceId
from server.refusal import Refusal

E = TypeVar("E", bound=StrEnum)

LARGEST_DOCUMENT: Final = 256 * 1024
_MOST_YEN: Final = 10**12
_MOST_UNITS: Final = 10**8
_MOST_ROUNDS: Final = 9
_MOST_NOT_FOR: Final = 100


def parse_terms(content: bytes) -> CampaignTerms:
    """The terms that a document holds, whole and consistent in themselves."""
    top = _Part("", _load(content))
    unit_price, unit_face = top.number("unit_price", 1), top.number("unit_face", 1)
    total = top.number("total_units", 1, _MOST_UNITS)
    terms = CampaignTerms(
        campaign_id=top.identifier("campaign"),
        version=top.number("version", 1, 9999),
        valid_from=top.instant("valid_from"),
        service_id=ServiceId(top.identifier("service")),
        name_ja=top.text("name_ja"),
        name_en=top.text("name_en"),
        unit_price=Yen(unit_price),
        unit_face=Yen(unit_face),
        units_per_person=top.number("units_per_person", 1, _MOST_UNITS),
        total_units=total,
        eligible_on=top.day("eligible_on"),
        bonus=_bonus(top.part("bonus")) if "bonus" in top.fields else None,
        not_for=tuple(
            (one.text("ja"), one.text("en")) for one in top.parts("not_for", _MOST_NOT_FOR)
        ),
        rounds=tuple(_round(one) for one in top.parts("rounds", _MOST_ROUNDS)),
    )
    if unit_face < unit_price:
        raise _wrong("unit_face", "must not be below unit_price")
    top.equals("total_face", terms.total_face)
    top.equals("total_premium", terms.total_premium)
    top.end()
    _check_rounds(terms.rounds)
    return terms


def _load(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST_DOCUMENT:
        raise _wrong("document", f"at most {LARGEST_DOCUMENT} bytes")
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise _wrong("document", "must be UTF-8") from error
    except (ValueError, RecursionError) as error:  # both readers' errors, dates that can't be
        raise _wrong("document", f"is neither TOML nor JSON: {error}") from error
    return dict(found)


def _bonus(part: "_Part") -> AgeBonus:
    bonus = AgeBonus(
        service_id=ServiceId(part.identifier("service")),
        age=part.number("age", 1, 150),
        age_on=part.day("age_on"),
        age_rule=part.choice("age_rule", AgeRule),
        basis_points=part.number("basis_points", 1, 10_000),
        expires_at=part.instant("expires_at") if "expires_at" in part.fields else Micros(0),
        expires_months=part.number("expires_months", 0, 120)
        if "expires_months" in part.fields
        else 0,
    )
    if ("expires_at" in part.fields) == ("expires_months" in part.fields):
        raise _wrong("bonus.expires_at", "either expires_at or expires_months")
    part.end()
    return bonus


def _round(part: "_Part") -> Round:
    kind = part.choice("kind", RoundKind)
    lottery = kind is RoundKind.LOTTERY
    one = Round(
        number=part.number("number", 1, _MOST_ROUNDS),
        kind=kind,
        apply_from=part.instant("apply_from") if lottery else Micros(0),
        apply_until=part.instant("apply_until") if lottery else Micros(0),
        draw_event=part.text("draw_event") if lottery else "",
        buy_from=part.instant("buy_from"),
        buy_until=part.instant("buy_until"),
        pay_until=part.instant("pay_until"),
        release_at=part.instant("release_at"),
    )
    part.end()
    order = ["buy_from", "buy_until", "pay_until", "release_at"]
    order = ["apply_from", "apply_until", *order] if lottery else order
    for early, late in itertools.pairwise(order):
        strict = (early, late) in {("apply_from", "apply_until"), ("buy_from", "buy_until")}
        gap = getattr(one, late) - getattr(one, early)
        if gap < 0 or (strict and not gap):
            raise _wrong(part.path(late), f"must be after {early}")
    return one


def _check_rounds(rounds: tuple[Round, ...]) -> None:
    """One after the other, so that what a round leaves is known before the next sells it."""
    if [one.number for one in rounds] != list(range(1, len(rounds) + 1)):
        raise _wrong("rounds", "numbers must be 1, 2, 3 … in this order")
    for before, after in itertools.pairwise(rounds):
        first_sale = after.apply_until if after.kind is RoundKind.LOTTERY else after.buy_from
        if first_sale < before.release_at:
            raise _wrong(
                f"rounds.{after.number}",
                f"must not be drawn or sold before round {before.number}'s release_at",
            )


class _Part:
    """One table of the document; every field has to be asked for."""

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        self.name = name
        self.fields = fields
        self._known: set[str] = set()

    def path(self, field: str) -> str:
        return f"{self.name}.{field}" if self.name else field

    def end(self) -> None:
        unknown = sorted(set(self.fields) - self._known)
        if unknown:
            raise _wrong(self.path(unknown[0]), "is no field of this document")

    def _get(self, field: str) -> Any:
        self._known.add(field)
        if field not in self.fields:
            raise _wrong(self.path(field), "is missing")
        return self.fields[field]

    def number(self, field: str, least: int, most: int = _MOST_YEN) -> int:
        value = self._get(field)
        if type(value) is not int or not least <= value <= most:
            raise _wrong(self.path(field), f"a whole number from {least} to {most}")
        return value

    def equals(self, field: str, value: int) -> None:
        """A total that the document states has to be what its units give."""
        if self.number(field, 0, 10**18) != value:
            raise _wrong(self.path(field), f"units and their price give {value}")

    def text(self, field: str) -> str:
        value = self._get(field)
        try:
            plain = one_line(field, value) if isinstance(value, str) else ""
        except DrawListError:
            plain = ""
        if not plain:
            raise _wrong(self.path(field), "one line of 1 to 200 characters")
        return plain

    def identifier(self, field: str) -> str:
        value = self.text(field)
        if len(value) > 64 or not value.isascii() or not value.replace("-", "").isalnum():
            raise _wrong(self.path(field), "1 to 64 of A-Z a-z 0-9 -")
        return value

    def choice(self, field: str, kind: type[E]) -> E:
        value = self._get(field)
        for one in kind:
            if value == one.value:
                return one
        raise _wrong(self.path(field), "one of " + ", ".join(one.value for one in kind))

    def day(self, field: str) -> date:
        value = self._get(field)
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError as error:
                raise _wrong(self.path(field), "a date that exists, 2024-04-01") from error
        if not isinstance(value, date) or isinstance(value, datetime):
            raise _wrong(self.path(field), "a date, 2024-04-01")
        return value

    def instant(self, field: str) -> Micros:
        value = self._get(field)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError as error:
                wanted = "a time that exists, 2024-06-03T10:00:00+09:00"
                raise _wrong(self.path(field), wanted) from error
        if not isinstance(value, datetime) or not 2000 <= value.year < 2200:
            raise _wrong(self.path(field), "a time, 2024-06-03T10:00:00+09:00")
        return micros_of(value if value.tzinfo else value.replace(tzinfo=TOKYO))

    def part(self, field: str) -> "_Part":
        value = self._get(field)
        if not isinstance(value, dict):
            raise _wrong(self.path(field), "a table")
        return _Part(self.path(field), value)

    def parts(self, field: str, most: int) -> list["_Part"]:
        value = self._get(field)
        good = isinstance(value, list) and len(value) <= most
        if not good or not all(isinstance(one, dict) for one in value):
            raise _wrong(self.path(field), f"a list of at most {most} tables")
        return [_Part(f"{self.path(field)}.{n}", one) for n, one in enumerate(value, start=1)]


def _wrong(field: str, en: str) -> Refusal:
    return refuse(CampaignReason.TERMS_INVALID, field=field, en=f"{field}: {en}.")
