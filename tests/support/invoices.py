"""Invoices as values and from random histories."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

from protos.units import Micros, Yen
from server.campaigns import Funding, Grant, GrantSource, Origin, grant_all
from server.db import new_public_id
from server.directory import ServiceId, ServiceKind, User
from server.ledger import Operation, process_clock
from server.settlement.invoices import (
    Claim,
    CloseLine,
    Invoice,
    InvoiceFacts,
    PointLine,
    PremiumFrame,
)
from tests.support.books import Town

FACTS = InvoiceFacts(
    "みほん市デジタル商品券コンソーシアム",
    "〒000-0000 みほん市中央1-2-3",
    "0120-000-000",
    "9:00〜18:00",
    "otoiawase@example.jp",
    "みほん市長",
    "委託契約 みほん商第12号（2024年4月1日）",
    "テスト銀行 本店 普通 9000001",
    "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝｼﾞﾑｷﾖｸ",
    "T1234567890123",
    Yen(0),
    0,
)


def grant_of(
    town: Town,
    user: User,
    service: ServiceId,
    amount: int,
    expires_at: Micros,
    *,
    price: int = 0,
    funding: Funding = Funding.ISSUED,
    origin: Origin = Origin.CAMPAIGN,
) -> str:
    """One lot of any kind; its id."""
    grant = Grant(
        idempotency_key=new_public_id(),
        operation=Operation.CHARGE if price else Operation.GRANT,
        user_id=user.user_id,
        owner=user.owner,
        service_id=service,
        amount=Yen(amount),
        price=Yen(price),
        expires_at=expires_at,
        funding=funding,
        source=GrantSource(origin, line=2 if origin is Origin.FILE else 0),
    )
    return grant_all(town.database, [grant], process_clock(town.clock))[0].grant_id


def invoice_of(**changes: Any) -> Invoice:
    """The month that was drawn: four closes of vouchers, one of points."""
    lines = [
        _line(number, first, last, pay, lots, used, paid)
        for number, first, last, pay, lots, used, paid in (
            (1, (6, 3), (6, 7), (6, 18), 1020, 18_051_813, 15_042_773),
            (2, (6, 8), (6, 14), (6, 25), 1140, 20_743_088, 17_285_438),
            (3, (6, 15), (6, 21), (7, 2), 1260, 22_654_979, 18_878_608),
            (4, (6, 22), (6, 28), (7, 9), 1380, 24_708_056, 20_589_478),
        )
    ]
    claims = {Claim.PREMIUM: 0, Claim.BONUS: 1_284_330, Claim.ACTIVITY: 356_700}
    points = CloseLine(
        ServiceId("points-2024"),
        "みほん市地域ポイント",
        ServiceKind.POINTS,
        3,
        date(2024, 6, 1),
        date(2024, 6, 30),
        date(2024, 7, 9),
        "ab" * 32,
        1_683_530,
        900,
        0,
        claims | {Claim.OTHER: 42_500},
    )
    made: dict[str, Any] = {
        "facts": FACTS,
        "year": 2024,
        "month": 6,
        "issued_on": date(2024, 7, 10),
        "due_on": date(2024, 7, 31),
        "closes": (*lines, points),
        "points": (
            PointLine(Claim.BONUS, 3_912_600, 0, 1_284_330, 0, 2_628_270),
            PointLine(Claim.ACTIVITY, 1_120_000, 0, 356_700, 0, 763_300),
            PointLine(Claim.OTHER, 88_000, 0, 42_500, 0, 45_500),
        ),
        "frames": (PremiumFrame("みほん市デジタル商品券", Yen(200_000_000), 14_361_639),),
    }
    return Invoice(**made | changes)


def _line(
    number: int,
    first: tuple[int, int],
    last: tuple[int, int],
    pay: tuple[int, int],
    lots: int,
    used: int,
    paid: int,
) -> CloseLine:
    none = dict.fromkeys(Claim, 0)
    return CloseLine(
        ServiceId("voucher-2024"),
        "みほん市デジタル商品券",
        ServiceKind.VOUCHER,
        number,
        date(2024, *first),
        date(2024, *last),
        date(2024, *pay),
        f"{number:x}7" * 32,
        used,
        lots,
        paid,
        none | {Claim.PREMIUM: used - paid},
    )


def with_commission(yen: int, percent: int) -> InvoiceFacts:
    return replace(FACTS, commission=Yen(yen), commission_tax=percent)


def odd_lots(chance: random.Random) -> tuple[int, int]:
    """Face and price whose shares leave fractions of a yen."""
    face = chance.randrange(1, 4000)
    return face, chance.randrange(0, face + 1)
