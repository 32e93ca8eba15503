"""The made-up payment of the slips that are compared with kept grids, bytes and pictures."""

import datetime as dt
from dataclasses import replace

from device.receipts.data import (
    Agreement,
    Balance,
    Copy,
    Counter,
    DayEvent,
    DayLeg,
    DayRow,
    DayService,
    DaySlip,
    Leg,
    Lot,
    Method,
    Office,
    PaymentSlip,
    Payout,
    PrinterFacts,
    PrinterTestSlip,
    ProvisionalSlip,
    Reprint,
    ServiceType,
    Source,
    Training,
)
from device.receipts.dates import TOKYO
from protos.units import Micros, SaleNumber, TerminalId, TransactionId, Yen


def micros(text: str) -> Micros:
    """An instant on Tokyo's clock."""
    at = dt.datetime.fromisoformat(text).replace(tzinfo=TOKYO)
    return Micros(int(at.timestamp()) * 1_000_000)


def counter(shop: str = "まつや青果店", terminal: str = "レジ1") -> Counter:
    return Counter(shop, terminal, TerminalId("T-000412"))


OFFICE = Office("みほん市デジタル商品券事務局", "0120-000-000")
VOUCHER_PAYOUT = Payout(micros("2024-06-08 00:00"), dt.date(2024, 6, 18))
POINT_PAYOUT = Payout(micros("2024-07-01 00:00"), dt.date(2024, 7, 9))
LONG_NAME = "みほん市中央商店街振興組合 ヘアーサロン＆リラクゼーション「はなみずき」南口駅前本店"
LONGER_NAME = f"{LONG_NAME} 別館 みほんショッピングプラザ三階 催事場 ＡＢＣ"


def voucher(amount: int) -> Leg:
    transaction = TransactionId("49pvdaZclEbD9NcoAIQL")
    return Leg("商品券", ServiceType.VOUCHER, Yen(amount), transaction, VOUCHER_PAYOUT)


def points(amount: int) -> Leg:
    transaction = TransactionId("diQLwZzLubmLzowpJADg")
    return Leg("ポイント", ServiceType.POINTS, Yen(amount), transaction, POINT_PAYOUT)


def lot(amount: int, end: str) -> Lot:
    return Lot(Yen(amount), micros(end))


VOUCHERS_LEFT = Balance("商品券", (lot(11_000, "2024-09-01 00:00"),))
POINTS_LEFT = Balance("ポイント", (lot(120, "2024-10-01 00:00"), lot(230, "2025-04-01 00:00")))

CUSTOMER = PaymentSlip(
    counter=counter(),
    office=OFFICE,
    paid_at=micros("2024-06-05 14:32:08"),
    legs=(voucher(1000), points(200)),
    confirmation_code="482913",
    seal="松",
    cancel_before=VOUCHER_PAYOUT.closes_at,
    copy=Copy.CUSTOMER,
    balances=(VOUCHERS_LEFT, POINTS_LEFT),
)
SHOP = replace(CUSTOMER, copy=Copy.SHOP)
_REPRINT = Reprint(2, micros("2024-06-05 15:10:44"))
LONG_HUGE = replace(
    CUSTOMER,
    counter=counter(LONG_NAME, "2階カウンター"),
    legs=(voucher(9_000_000), points(999_999)),
    balances=(
        Balance("商品券", (lot(9_999_999, "2024-09-01 00:00"),)),
        Balance("ポイント", (lot(9_999_999, "2025-04-01 00:00"),)),
    ),
)

PAYMENTS: dict[str, PaymentSlip] = {
    "customer": CUSTOMER,
    "shop": SHOP,
    "reprint": replace(CUSTOMER, mark=_REPRINT),
    "reprint-shop": replace(SHOP, mark=_REPRINT),
    "training": replace(CUSTOMER, mark=Training()),
    "training-shop": replace(SHOP, mark=Training()),
    "voucher-only": replace(CUSTOMER, legs=(voucher(800), points(0)), balances=(VOUCHERS_LEFT,)),
    "points-only": replace(
        SHOP, legs=(voucher(0), points(200)), cancel_before=POINT_PAYOUT.closes_at
    ),
    "rare-name": replace(CUSTOMER, counter=counter("𠮷野家具店 Cafe\u0301 葛\U000e0100城")),
    "kana-name": replace(SHOP, counter=counter("ﾊﾟﾝ工房 髙﨑〜本店~")),
    "long-huge": LONG_HUGE,
    "long-huge-shop": replace(LONG_HUGE, copy=Copy.SHOP),
    "longer-name": replace(
        CUSTOMER, counter=counter(LONGER_NAME, "2階カウンター"), source=Source.STAND
    ),
}

_PROVISIONAL = ProvisionalSlip(
    counter=counter(),
    office=OFFICE,
    paid_at=micros("2024-06-05 14:32:08"),
    checked_at=micros("2024-06-05 14:32:08"),
    amount=Yen(1200),
    sale_number=SaleNumber(139728700),
    confirmation_code="482913",
    seal="松",
    copy=Copy.CUSTOMER,
)
PROVISIONALS: dict[str, ProvisionalSlip] = {
    "provisional": _PROVISIONAL,
    "provisional-shop": replace(_PROVISIONAL, copy=Copy.SHOP),
}


DOTS = {32: 384, 35: 420, 42: 512, 48: 576}


def printer_test(columns: int) -> PrinterTestSlip:
    mm = 58 if columns < 40 else 80
    facts = PrinterFacts(f"GENERIC-{mm}", "USB", mm, columns, DOTS[columns], Method.KANJI_ROM)
    return PrinterTestSlip(micros("2024-06-03 09:02:11"), facts)


def _row(time: str, code: str, vouchers: int, points_: int, event: DayEvent) -> DayRow:
    legs = (DayLeg("SV1", Yen(vouchers)), DayLeg("SV2", Yen(points_)))
    return DayRow(micros(f"2024-06-05 {time}"), code, event, legs)


DAY = DaySlip(
    counter=counter(),
    day=dt.date(2024, 6, 5),
    printed_at=micros("2024-06-05 17:05:30"),
    services=(
        DayService("SV1", "商品券", ServiceType.VOUCHER, VOUCHER_PAYOUT),
        DayService("SV2", "ポイント", ServiceType.POINTS, POINT_PAYOUT),
    ),
    rows=(
        _row("10:04", "160275", 3000, 0, DayEvent.USE),
        _row("10:41", "007731", 1500, 300, DayEvent.USE),
        _row("10:55", "318204", 700, 100, DayEvent.EARLIER_CANCEL),
        _row("11:20", "914400", 0, 480, DayEvent.USE),
        _row("12:02", "553018", 700, 250, DayEvent.USE),
        _row("13:58", "238846", 800, 0, DayEvent.USE),
        _row("14:05", "690127", 2600, 0, DayEvent.USE),
        _row("14:21", "690127", 2600, 0, DayEvent.CANCEL),
        _row("14:32", "482913", 1000, 200, DayEvent.USE),
        _row("16:47", "071559", 12400, 0, DayEvent.USE),
    ),
    checking=0,
    provisional=1,
    agreement=Agreement.AGREES,
    agreed_at=micros("2024-06-05 17:05:30"),
    open_at=micros("2024-06-05 17:05:30"),
)

DAY_CLOSED = replace(
    DAY,
    printed_at=micros("2024-06-06 09:00:00"),
    agreed_at=micros("2024-06-05 22:00:00"),
    open_at=None,
)

NAMES = (*PAYMENTS, *PROVISIONALS, "day", "day-closed", "test")
"""Every slip; each has a kept grid, kept bytes and a kept picture."""


def slip_data(name: str, columns: int) -> PaymentSlip | ProvisionalSlip | DaySlip | PrinterTestSlip:
    """What the slip of that name says."""
    if name == "day":
        return DAY
    if name == "day-closed":
        return DAY_CLOSED
    if name == "test":
        return printer_test(columns)
    return PAYMENTS[name] if name in PAYMENTS else PROVISIONALS[name]
