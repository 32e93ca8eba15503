"""Sample views: what the gallery draws and the goldens keep. Figures of the reference campaign."""

from dataclasses import dataclass, replace
from typing import Any, Final

from device.core.intents import CheckField
from device.core.language import Bilingual, Language
from device.ui.views import (
    AmountSource,
    AmountState,
    AmountView,
    Bar,
    CheckingView,
    ClaimedView,
    CodeFalseView,
    CodeTrueView,
    Countdown,
    DatesPanel,
    DayTotals,
    Detail,
    Doubt,
    LatePanel,
    LatePayment,
    Leg,
    LegKind,
    Line,
    LineKind,
    Link,
    LockedView,
    MenuView,
    Mismatch,
    NetworkView,
    NoticeView,
    OfflineEntryView,
    OutOfServiceView,
    PaidView,
    Part,
    PartLight,
    PartRow,
    PayDates,
    PrinterPanel,
    PrinterTrouble,
    Qr,
    QrFixedView,
    RowState,
    SlipState,
    StandbyView,
    TodayRow,
    TodayView,
    View,
    rows_per_page,
)
from protos.units import Yen

QR_TEXT: Final = "HTTPS://PAY.EXAMPLE.JP/Q/CEAAAABKAAAADTTWMCQ3AAAAAAAJZAN32APC5I3FC5"
QR_TEXT_FIXED: Final = "HTTPS://PAY.EXAMPLE.JP/Q/CEAAAABKAAAADTTWMCQ3AAAABFQHOQNX2APC5I3FCV"
LONG_SHOP: Final = "医療法人社団みたか𠮷祥会 髙﨑歯科クリニック三鷹駅南口本院"


@dataclass(frozen=True, slots=True)
class Sample:
    """A named view, and the window's clock at which it is drawn (it moves the waves)."""

    name: str
    view: View
    at: float = 0.0


def _bar(link: Link = Link.ONLINE, clock: str = "14:32:11") -> Bar:
    return Bar("まつや青果店", "レジ1", clock, link, Language.JA)


_VOUCHER, _POINTS = LegKind.VOUCHER, LegKind.POINTS
_LEGS: Final = (Leg(_VOUCHER, Yen(1000)), Leg(_POINTS, Yen(200)))
_TODAY: Final = DayTotals(23, Yen(48600))
_DATES: Final = (
    PayDates(_VOUCHER, Bilingual("6/7(金)まで", "Fri 6/7"), Bilingual("6/18(火)", "Tue 6/18")),
    PayDates(_POINTS, Bilingual("6/30(日)まで", "Sun 6/30"), Bilingual("7/9(火)", "Tue 7/9")),
)
_NOTICE: Final = Line(
    LineKind.NOTICE,
    Bilingual("6/10(月) 朝5時から点検で休止", "Mon 6/10: closed from 5 a.m."),
)
_QR: Final = Qr(QR_TEXT, Countdown(18_000, 30_000))
_STRIP: Final = Bilingual(
    "取消は6/7(金)まで・入金6/18、ポ7/9", "Cancel by 6/7 · paid 6/18, points 7/9"
)


def _standby() -> list[Sample]:
    plain = StandbyView(_bar(), _QR, _TODAY, DatesPanel(_DATES, _NOTICE))
    late = LatePanel(
        (
            LatePayment("14:05", 27 * 60, Yen(1200), _LEGS, "482913", SlipState.PRINTED),
            LatePayment(
                "13:58",
                34 * 60,
                Yen(800),
                (Leg(_VOUCHER, Yen(800)),),
                "160275",
                SlipState.PRINTED,
            ),
            LatePayment(
                "13:40",
                52 * 60,
                Yen(123456),
                (Leg(_VOUCHER, Yen(123456)),),
                "000123",
                SlipState.WAITING,
            ),
        )
    )
    unresolved = Line(
        LineKind.UNRESOLVED,
        Bilingual("確認中のお支払いが1件あります", "1 payment is being checked"),
    )
    outcome = Line(
        LineKind.OUTCOME, Bilingual("中止しました。お支払いはありません", "Cancelled, nothing paid")
    )
    long_bar = replace(_bar(), shop=LONG_SHOP, terminal="レジ12")
    return [
        Sample("standby", plain),
        Sample("standby-offline", replace(plain, bar=_bar(Link.OFFLINE))),
        Sample("standby-weak", replace(plain, bar=_bar(Link.WEAK))),
        Sample("printer-trouble", replace(plain, panel=PrinterPanel(PrinterTrouble.PAPER_OUT, 2))),
        Sample("printer-silent", replace(plain, panel=PrinterPanel(PrinterTrouble.SILENT, 0))),
        Sample("late", replace(plain, panel=replace(late, payments=late.payments[:2]))),
        Sample("late-many", replace(plain, panel=replace(late, payments=late.payments[::-1]))),
        Sample("standby-unresolved", replace(plain, panel=DatesPanel(_DATES, unresolved))),
        Sample("standby-outcome", replace(plain, panel=DatesPanel(_DATES, outcome))),
        Sample(
            "standby-long",
            replace(plain, bar=long_bar, today=DayTotals(1234, Yen(99_999_999))),
        ),
    ]


def _sale() -> list[Sample]:
    amount = AmountView(_bar(), Yen(1200), Yen(50000), AmountState.READY)
    fixed = QrFixedView(
        _bar(), Qr(QR_TEXT_FIXED, _QR.rotation), Yen(1200), Countdown(108_000, 120_000)
    )
    claimed = ClaimedView(_bar(), AmountSource.CUSTOMER, Yen(1200), 12)
    return [
        Sample("amount", amount),
        Sample("amount-empty", replace(amount, amount=Yen(0), state=AmountState.EMPTY)),
        Sample("amount-over", replace(amount, amount=Yen(9_999_999), state=AmountState.OVER_LIMIT)),
        Sample("amount-largest", replace(amount, amount=Yen(9_999_999), limit=Yen(9_999_999))),
        Sample("qr-fixed", fixed),
        Sample("qr-fixed-largest", replace(fixed, amount=Yen(7_777_777))),
        Sample("claimed", claimed),
        Sample("claimed-nothing", replace(claimed, amount=None, elapsed_s=3)),
        Sample(
            "claimed-staff",
            replace(claimed, source=AmountSource.STAFF, amount=Yen(9_999_999), elapsed_s=75),
        ),
    ]


def _paid() -> list[Sample]:
    paid = PaidView(
        _bar(),
        *(Yen(1200), _LEGS, "482913", "松", 3, _STRIP),
        closes=Countdown(17_000, 20_000),
    )
    large = (Leg(_VOUCHER, Yen(100_000)), Leg(_POINTS, Yen(23_456)))
    largest = (
        Leg(_VOUCHER, Yen(8_000_000)),
        Leg(_POINTS, Yen(1_900_000)),
        Leg(LegKind.MONEY, Yen(99_999)),
    )
    return [
        Sample("paid", paid),
        Sample(
            "paid-8s-later",
            replace(paid, bar=_bar(clock="14:32:19"), age_s=11, closes=Countdown(9_000, 20_000)),
            at=8.0,
        ),
        Sample(
            "paid-large",
            replace(
                paid,
                bar=_bar(clock="14:32:08"),
                amount=Yen(123_456),
                legs=large,
                code="060771",
                seal="鶴",
                age_s=0,
                closes=Countdown(20_000, 20_000),
            ),
        ),
        Sample(
            "paid-one-leg",
            replace(paid, amount=Yen(800), legs=(Leg(_POINTS, Yen(800)),), seal="", waiting=2),
        ),
        Sample(
            "paid-largest",
            replace(paid, bar=replace(_bar(), shop=LONG_SHOP), amount=Yen(9_999_999), legs=largest),
        ),
    ]


def _doubt() -> list[Sample]:
    off = _bar(Link.OFFLINE)
    checking = CheckingView(off, Doubt.OUTCOME_UNKNOWN, "14:31", Yen(1200), 3, 5)
    entry = OfflineEntryView(
        off, Yen(1200), True, "14:31", "4829", CheckField.CODE, tries_left=5, ready=False
    )
    false = CodeFalseView(off, Mismatch.NO_MATCH, Yen(1200), "482931", 4)
    return [
        Sample("checking", checking),
        Sample(
            "checking-cancelling",
            replace(checking, doubt=Doubt.CANCELLING, amount=None, attempt=1, next_try_s=None),
        ),
        Sample("offline-entry", entry),
        Sample(
            "offline-entry-amount",
            replace(
                entry,
                amount=Yen(9_999_999),
                amount_fixed=False,
                sale_time="",
                code="",
                focus=CheckField.AMOUNT,
            ),
        ),
        Sample("offline-entry-ready", replace(entry, code="482913", ready=True, tries_left=1)),
        Sample("offline-true", CodeTrueView(off, Yen(1200), "482913", "14:31", SlipState.NONE)),
        Sample(
            "offline-true-printed",
            CodeTrueView(off, Yen(9_999_999), "482913", "14:31", SlipState.PRINTED),
        ),
        Sample("offline-false", false),
        Sample("offline-used", replace(false, mismatch=Mismatch.ALREADY_USED, tries_left=1)),
        Sample("offline-locked", LockedView(off, Countdown(47_000, 60_000))),
        Sample("offline-locked-long", LockedView(off, Countdown(894_000, 900_000))),
    ]


def _row(time: str, amount: int | None, legs: tuple[Leg, ...], state: RowState) -> TodayRow:
    return TodayRow(time, None if amount is None else Yen(amount), legs, state)


def _voucher(amount: int) -> tuple[Leg, ...]:
    return (Leg(_VOUCHER, Yen(amount)),)


_ROWS: Final = (
    _row("14:32", 1200, _LEGS, RowState.PAID),
    _row("14:05", 800, _voucher(800), RowState.LATE),
    _row("13:41", 3500, _voucher(3500), RowState.CODE_GENUINE),
    _row("13:20", 600, (Leg(_POINTS, Yen(600)),), RowState.CANCELLED),
    _row("12:58", None, (), RowState.CHECKING),
    _row("12:31", 9_999_999, _voucher(9_999_999), RowState.PAID),
    _row("12:02", 950, (Leg(_VOUCHER, Yen(700)), Leg(_POINTS, Yen(250))), RowState.PAID),
    _row("11:47", 2000, _voucher(2000), RowState.PAID),
    _row("11:20", 480, (Leg(_POINTS, Yen(480)),), RowState.PAID),
)


def _pages(width: int, height: int) -> list[Sample]:
    rows = _ROWS[: rows_per_page(width, height)]
    detail = Detail(RowState.PAID, "14:32:08", Yen(1200), _LEGS, "482913", _DATES, reprint=True)
    date = Bilingual("6月5日(水)", "Wed 5 June")
    note = Bilingual("日計を印刷しています", "Printing the day report")
    today = TodayView(_bar(), date, _TODAY, rows, 1, 5, None, None)
    gone = replace(detail, state=RowState.CANCELLED, amount=Yen(9_999_999), legs=_voucher(9999999))
    notice = NoticeView(
        _bar(),
        Bilingual("6/10(月) 朝5時から点検で休止", "Maintenance on Monday 10 June from 5 a.m."),
        Bilingual(
            "6月10日(月)の午前5時から午前6時まで、サーバーの点検のため、お支払いをお休みします。\n"
            "午前6時を過ぎると、端末は自動で元に戻ります。電源は入れたままにしてください。",
            "On Monday 10 June, from 5 to 6 a.m., payments stop for maintenance of the server.\n"
            "After 6 a.m. the terminal comes back by itself. Please leave it switched on.",
        ),
        Bilingual("6月3日(月)", "Mon 3 June"),
        1,
        3,
    )
    return [
        Sample("list", replace(today, selected=0, detail=detail)),
        Sample("list-none-selected", today),
        Sample("list-cancelled", replace(today, selected=3, detail=gone, note=note, page=5)),
        Sample("list-empty", replace(today, rows=(), today=DayTotals(0, Yen(0)), pages=1)),
        Sample("network", NetworkView(_bar(), _PARTS, probing=False)),
        Sample("network-probing", NetworkView(_bar(), _PARTS_UNKNOWN, probing=True)),
        Sample("menu", MenuView(_bar(), _TODAY, 3)),
        Sample("menu-note", MenuView(_bar(), _TODAY, 0, note)),
        Sample("notice", notice),
    ]


_PARTS: Final = (
    PartRow(
        Part.CABLE,
        PartLight.WARN,
        Bilingual("抜けています。Wi-Fiで通信中", "Unplugged, using Wi-Fi"),
    ),
    PartRow(Part.WIFI, PartLight.OK, Bilingual("電波は良好です", "Good signal"), bars=3),
    PartRow(
        Part.MOBILE,
        PartLight.OFF,
        Bilingual("みらい通信：電波が届きません", "Mirai: no signal"),
        bars=0,
    ),
    PartRow(
        Part.SERVER,
        PartLight.OK,
        Bilingual("すぐに応えています", "Answers at once"),
        Bilingual("48 ms", "48 ms"),
    ),
    PartRow(
        Part.MESSAGES,
        PartLight.OK,
        Bilingual("支払いがすぐ届きます", "Payments arrive at once"),
        Bilingual("受信中", "On"),
    ),
    PartRow(
        Part.CLOCK,
        PartLight.OK,
        Bilingual("正しい時刻です", "The time is right"),
        Bilingual("差 0.2秒", "0.2 s off"),
    ),
    PartRow(
        Part.PRINTER, PartLight.OK, Bilingual("使えます", "Ready"), Bilingual("58 mm", "58 mm")
    ),
    PartRow(
        Part.PAPER,
        PartLight.WARN,
        Bilingual("残りわずか。替えのご用意を", "Nearly out, have a roll ready"),
        Bilingual("少ない", "Low"),
    ),
)
_PARTS_UNKNOWN: Final = tuple(
    PartRow(row.part, PartLight.UNKNOWN, Bilingual("まだ調べていません", "Not checked yet"))
    for row in _PARTS[:7]
)


def _stopped() -> list[Sample]:
    contact = Bilingual("コールセンター 0120-000-000（9〜18時）", "Call centre 0120-000-000 (9-18)")
    expired = OutOfServiceView(
        _bar(),
        Bilingual("端末の登録が期限切れです", "This terminal's certificate has expired"),
        "E-31",
        contact,
        _TODAY,
    )
    return [
        Sample("out-of-service", expired),
        Sample(
            "out-of-service-clock",
            replace(
                expired,
                reason=Bilingual(
                    "時計が合っていません。通信がつながると自動で直ります",
                    "The clock is not set; it sets itself once the network is up",
                ),
                code="E-12",
                today=None,
            ),
        ),
        Sample(
            "out-of-service-not-enrolled",
            replace(
                expired,
                bar=replace(_bar(), shop="", terminal=""),
                reason=Bilingual(
                    "この端末は、まだ登録されていません", "This terminal is not enrolled yet"
                ),
                code="E-01",
                today=None,
            ),
        ),
    ]


def samples(width: int, height: int) -> list[Sample]:
    """Every screen and its variants, for a window of this size."""
    return [*_standby(), *_sale(), *_paid(), *_doubt(), *_pages(width, height), *_stopped()]


def in_english(sample: Sample) -> Sample:
    """The same screen after a tap on EN."""
    view: Any = sample.view
    bar = replace(view.bar, language=Language.EN)
    return Sample(f"{sample.name}-en", replace(view, bar=bar), sample.at)
