"""Terms as a document: each fault names its field; the demo's are the reference campaign's."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from protos.units import Micros
from server.campaigns.selling import CampaignReason, RoundKind, bonus_due, parse_terms
from server.clock import tokyo_day
from server.demo.calendar import REFERENCE_START, DemoCalendar
from server.demo.campaign import reference_terms
from server.refusal import Refusal
from tests.support.books import POINTS, VOUCHER, moment
from tests.support.campaign import DOCUMENT, terms_of


def test_json_says_the_same_as_toml() -> None:
    as_json = json.dumps(tomllib.loads(DOCUMENT), default=lambda value: value.isoformat())
    assert parse_terms(as_json.encode()) == parse_terms(DOCUMENT.encode())
    assert parse_terms(b"\xef\xbb\xbf" + DOCUMENT.encode()) == terms_of()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("unit_price = 1000", "unit_price = 1000.0", "unit_price"),
        ("unit_price = 1000", "unit_price = true", "unit_price"),
        ("unit_price = 1000", "unit_price = 0", "unit_price"),
        ("unit_price = 1000", 'unit_price = "1000"', "unit_price"),
        ("unit_price = 1000", "unit_price = 1300", "unit_face"),
        ("unit_price = 1000", "", "unit_price"),
        ("total_units = 1000000", "total_units = 999999", "total_face"),
        ("total_premium = 200000000", "total_premium = 1", "total_premium"),
        ("eligible_on = 2024-04-01", 'eligible_on = "2024-02-30"', "eligible_on"),
        ("eligible_on = 2024-04-01", "eligible_on = 2024-02-30", "document"),
        ("age_on = 2024-04-01", "age_on = 2024-04-01T00:00:00", "bonus.age_on"),
        ('age_rule = "birthday"', 'age_rule = "guess"', "bonus.age_rule"),
        ("basis_points = 300", "basis_points = 10001", "bonus.basis_points"),
        ("basis_points = 300", "basis_points = 300\nexpires_months = 1", "bonus.expires_at"),
        ('name_ja = "みほん市デジタル商品券"', 'name_ja = "a\\nb"', "name_ja"),
        ('campaign = "mihon-2024"', 'campaign = "見本"', "campaign"),
        ('campaign = "mihon-2024"', 'campaign = "m"\ncolour = 1', "colour"),
        ("apply_until = 2024-05-11T00:00:00", "apply_until = 2024-04-01T00:00:00", "apply_until"),
        ("buy_from = 2024-06-10T10:00:00", "buy_from = 2024-06-09T10:00:00", "rounds.2"),
        ("number = 2", "number = 3", "rounds"),
        ("unit_face = 1200", "unit_face = ", "document"),
    ],
)
def test_faults_name_their_field(old: str, new: str, field: str) -> None:
    assert DOCUMENT.count(old) >= 1
    with pytest.raises(Refusal) as caught:
        parse_terms(DOCUMENT.replace(old, new, 1).encode())
    assert caught.value.code == CampaignReason.TERMS_INVALID
    assert caught.value.field.endswith(field)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 300_000, b"[" * 10_000, b"{", b""])
def test_what_is_no_document(content: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_terms(content)
    assert caught.value.code == CampaignReason.TERMS_INVALID


def test_the_demos_terms_are_the_reference_campaigns() -> None:
    terms = reference_terms(DemoCalendar(date(2024, 6, 12)), VOUCHER, POINTS)
    assert (terms.total_face, terms.total_premium) == (1_200_000_000, 200_000_000)
    assert (terms.unit_price, terms.unit_face, terms.units_per_person) == (1_000, 1_200, 30)
    assert terms.bonus is not None
    assert terms.bonus.expires_at == moment(2024, 9, 1)
    later = reference_terms(DemoCalendar(date(2026, 11, 25)), VOUCHER, POINTS)
    assert (later.eligible_on - terms.eligible_on).days % 7 == 0
    assert tokyo_day(later.round(2, RoundKind.DIRECT).buy_from) <= date(2026, 11, 25)
    assert date(2024, 6, 3) == REFERENCE_START


@pytest.mark.parametrize(
    ("months", "at", "end"),
    [
        (0, moment(2024, 5, 21, 12), moment(2024, 6, 1)),
        (1, moment(2024, 11, 30), moment(2025, 1, 1)),
        (6, moment(2024, 8, 31), moment(2025, 3, 1)),
    ],
)
def test_points_end_with_a_month(months: int, at: int, end: int) -> None:
    bonus = terms_of().bonus
    assert bonus is not None
    by_month: Callable[..., int] = replace(
        bonus, expires_at=Micros(0), expires_months=months
    ).expiry
    assert by_month(at) == end
    assert bonus.expiry(moment(2024, 5, 21)) == moment(2024, 9, 1)
    assert bonus_due(30_000, bonus.basis_points, 0) == 900  # type: ignore[arg-type]
