"""The reference campaign's terms, moved by whole weeks as the demo's calendar is."""

import datetime as dt
from typing import Final

from protos.units import Micros, Yen
from server.campaigns.selling import AgeBonus, AgeRule, CampaignTerms, Round, RoundKind
from server.clock import start_of_day
from server.demo.calendar import DemoCalendar
from server.directory import ServiceId

CAMPAIGN: Final = "mihon-vouchers"
_NOT_FOR: Final = (
    (
        "商品券、プリペイドカード、電子マネー、それらへのチャージ",
        "Vouchers, prepaid cards, e-money",
    ),
    ("ビール券、切手、はがき、印紙", "Beer coupons, stamps, postcards"),
    ("税金、保険料、公共料金", "Taxes, insurance, utilities"),
    ("市指定のごみ袋", "The city's rubbish bags"),
    ("たばこ", "Tobacco"),
    ("インターネットでの販売", "Sales over the internet"),
)


def reference_terms(calendar: DemoCalendar, voucher: ServiceId, points: ServiceId) -> CampaignTerms:
    """1,000 yen buy 1,200; 30 units a person; 1.2 billion yen in all; 3 % for those of 70."""

    def at(month: int, day: int, hour: int = 0) -> Micros:
        start = start_of_day(dt.date(2024, month, day) + calendar.shift)
        return Micros(start + hour * 3_600_000_000)

    reckoned = dt.date(2024, 4, 1) + calendar.shift
    lottery = Round(
        number=1,
        kind=RoundKind.LOTTERY,
        apply_from=at(4, 15, 10),
        apply_until=at(5, 11),
        draw_event="申込締切の翌営業日の日経平均株価（終値）",
        buy_from=at(5, 20, 10),
        buy_until=at(6, 1),
        pay_until=at(6, 3),
        release_at=at(6, 10),
    )
    direct = Round(
        number=2,
        kind=RoundKind.DIRECT,
        apply_from=Micros(0),
        apply_until=Micros(0),
        draw_event="",
        buy_from=at(6, 10),
        buy_until=at(8, 1),
        pay_until=at(8, 3),
        release_at=at(8, 10),
    )
    return CampaignTerms(
        campaign_id=CAMPAIGN,
        version=1,
        valid_from=Micros(0),
        service_id=voucher,
        name_ja="みほん市デジタル商品券",
        name_en="Mihon Digital Vouchers",
        unit_price=Yen(1_000),
        unit_face=Yen(1_200),
        units_per_person=30,
        total_units=1_000_000,
        eligible_on=reckoned,
        bonus=AgeBonus(
            service_id=points,
            age=70,
            age_on=reckoned,
            age_rule=AgeRule.BIRTHDAY,
            basis_points=300,
            expires_at=calendar.voucher_until,
            expires_months=0,
        ),
        not_for=_NOT_FOR,
        rounds=(lottery, direct),
    )
