"""Statements as values, of any size, that add up."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from protos.units import Micros, PaymentId, TerminalId, TransactionId, Yen
from server.clock import DAY, MINUTE, start_of_day
from server.directory import ServiceId, ServiceKind, ShopId
from server.settlement.statements import (
    Issuer,
    OtherLeg,
    Payout,
    Statement,
    Sums,
    TakenBack,
    TakenBackAt,
    Use,
)

FIRST, LAST, PAY_DAY = date(2024, 6, 15), date(2024, 6, 21), date(2024, 7, 2)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

ISSUER = Issuer(
    "みほん市デジタル商品券コンソーシアム",
    "〒000-0000 みほん市中央1-2-3",
    "0120-000-000",
    "9:00〜18:00",
    "otoiawase@example.jp",
)


def statement_of(
    uses: int = 59,
    taken_back: int = 3,
    *,
    seed: int = 1,
    payout: Payout | None = None,
    **changes: Any,
) -> Statement:
    """``changes``: other fields of the statement; ``payout``: else all of it is transferred."""
    chance = random.Random(seed)
    amount = changes.pop("amount", None)
    found = sorted((_use(chance, amount) for _ in range(uses + taken_back)), key=lambda use: use.at)
    back = [replace(use, others=()) for use in chance.sample(found, taken_back)]
    kept = tuple(use for use in found if use.transaction_id not in {b.transaction_id for b in back})
    cancelled = Yen(sum(use.amount for use in back))
    sums = Sums(
        Yen(sum(use.amount for use in kept) + cancelled), uses + taken_back, cancelled, taken_back
    )
    made: dict[str, Any] = {
        "issuer": ISSUER,
        "merchant_name": "株式会社まちのみせ",
        "shop_id": ShopId("WHc7BO50w9bP4gQy6irQ"),
        "shop_name": "まつや青果店",
        "service_id": ServiceId("voucher-2024"),
        "service_name": "みほん市デジタル商品券",
        "kind": ServiceKind.VOUCHER,
        "close_number": 3,
        "first_day": FIRST,
        "last_day": LAST,
        "closes_at": Micros(start_of_day(LAST) + DAY),
        "pay_day": PAY_DAY,
        "payer": "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝｼﾞﾑｷﾖｸ",
        "sums": sums,
        "payout": payout or paid(sums.net),
        "uses": kept,
        "taken_back": tuple(
            TakenBack(
                use, _identifier(chance), Micros(use.at + MINUTE), TakenBackAt.TERMINAL, use.amount
            )
            for use in sorted(back, key=lambda use: use.at)
        ),
    }
    return Statement(**made | changes)


def paid(net: int, carried_in: int = 0, **changes: Any) -> Payout:
    """What is left is transferred, or carried on where it is negative."""
    rest = net + carried_in - changes.get("fee", 0)
    rest += sum(correction.amount for correction in changes.get("corrections", ()))
    return Payout(
        carried_in=carried_in,
        transferred=Yen(max(rest, 0)),
        carried_out=min(rest, 0),
        account="テスト銀行 本店 普通 ****002　カ)マチノミセ",
        **changes,
    )


def _use(chance: random.Random, amount: int | None) -> Use:
    day = FIRST + timedelta(days=chance.randrange(7))
    at = Micros(start_of_day(day) + chance.randrange(10 * 60, 20 * 60) * MINUTE)
    points = chance.choice((0, 0, 0, 200, 350))
    other = OtherLeg(
        ServiceId("points-2024"),
        "みほん市地域ポイント",
        ServiceKind.POINTS,
        Yen(points),
        date(2024, 6, 30),
        date(2024, 7, 9),
    )
    return Use(
        _identifier(chance),
        PaymentId(_identifier(chance)),
        at,
        TerminalId("T-000412"),
        chance.choice(("レジ1", "レジ2")),
        f"{chance.randrange(1_000_000):06}",
        Yen(amount or chance.choice((480, 500, 800, 1000, 1650, 2000, 12_400))),
        (other,) if points else (),
    )


def _identifier(chance: random.Random) -> TransactionId:
    return TransactionId("".join(chance.choices(_LETTERS, k=20)))
