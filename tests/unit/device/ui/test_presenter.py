"""What staff read: the core's facts as views."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from device.core import events as ev
from device.core import intents as tap
from device.core.japan_time import MonoMs
from device.core.language import Bilingual
from device.core.payment import Via
from device.core.printing_data import PaperState, PrinterState
from device.core.state import Health, LinkState, Now, Part, PartStatus
from device.ui import views, wording
from device.ui.presenter import present
from protos.confirmation import seal
from protos.units import Micros, SaleNumber
from tests.support.counter import CONFIGURATION, FRIDAY_CLOSE, Bench, code_for, legs_of, micros

TODAY = dt.date(2024, 6, 5)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start()


@pytest.mark.parametrize(
    ("seconds", "ja"),
    [
        (-5, "たった今"),
        (2, "たった今"),
        (3, "3秒前"),
        (59, "59秒前"),
        (60, "1分前"),
        (1_679, "27分前"),
        (7_200, "2時間前"),
        (90_000, "1日前"),
    ],
)
def test_ages(seconds: int, ja: str) -> None:
    assert wording.age(seconds).ja == ja


@pytest.mark.parametrize(
    ("closes_at", "ja"),
    [
        (FRIDAY_CLOSE, "6/7(金)まで"),  # 00:00 of Saturday is 24:00 of Friday
        (micros(2024, 6, 7, 15, 30), "6/7(金)15:30まで"),
        (micros(2025, 1, 1), "12/31(火)まで"),
        (micros(2025, 1, 2), "翌年1/1(水)まで"),
        (micros(2026, 3, 1), "2026/2/28(土)まで"),
    ],
)
def test_half_open_ends(closes_at: Micros, ja: str) -> None:
    assert wording.until(closes_at, TODAY).ja == ja


def test_english_days() -> None:
    assert wording.until(FRIDAY_CLOSE, TODAY).en == "Fri 6/7"
    assert wording.short_day(dt.date(2025, 1, 7), TODAY).en == "Tue 1/7/2025"
    assert wording.long_day(TODAY) == Bilingual("6月5日(水)", "Wed 5 June")


def test_standby_as_drawn(bench: Bench) -> None:
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert view.bar.shop == "まつや青果店"
    assert (view.bar.clock, view.bar.link) == ("14:00:00", views.Link.ONLINE)
    assert view.qr.text.startswith("HTTPS://PAY.EXAMPLE.JP/Q/")
    assert len(view.qr.text) <= 90
    assert view.today == views.DayTotals(0, view.today.amount)
    assert view.panel == views.DatesPanel(
        (
            views.PayDates(
                views.LegKind.VOUCHER,
                Bilingual("6/7(金)まで", "Fri 6/7"),
                Bilingual("6/18(火)", "Tue 6/18"),
            ),
            views.PayDates(
                views.LegKind.POINTS,
                Bilingual("6/30(日)まで", "Sun 6/30"),
                Bilingual("7/9(火)", "Tue 7/9"),
            ),
        ),
        views.Line(views.LineKind.NOTICE, Bilingual("6/10(月) 朝5時から点検で休止")),
    )


def test_the_clock_and_the_ring_go_on_between_two_events(bench: Bench) -> None:
    later = Now(Micros(bench.wall + 7_000_000), MonoMs(bench.mono + 7_000), bench.clock)
    view = present(bench.state, later)
    assert isinstance(view, views.StandbyView)
    assert view.bar.clock == "14:00:07"
    assert view.qr.rotation == views.Countdown(23_000, 30_000)


def test_the_light(bench: Bench) -> None:
    lights = [bench.view.bar.link]
    bench.send(ev.PartReported(PartStatus(Part.WIFI, Health.WARN, 1)))
    lights.append(bench.view.bar.link)
    bench.offline()
    lights.append(bench.view.bar.link)
    assert lights == [views.Link.ONLINE, views.Link.WEAK, views.Link.OFFLINE]


def test_paid_shows_legs_code_and_seal_of_this_payment(bench: Bench) -> None:
    sale = bench.front.number
    bench.pay(sale, 1_200, points=200)
    bench.wait(3)
    view = bench.view
    assert isinstance(view, views.PaidView)
    code = code_for(sale, 1_200)
    assert (view.code, view.seal, view.age_s) == (code, seal(code), 3)
    assert [(leg.kind, leg.amount) for leg in view.legs] == [
        (views.LegKind.VOUCHER, 1_000),
        (views.LegKind.POINTS, 200),
    ]
    assert view.closes == views.Countdown(17_000, 20_000)


def test_points_alone_need_no_short_word() -> None:
    line = wording.paid_dates(legs_of(200, 200)[1:], FRIDAY_CLOSE, TODAY)
    assert line.ja == "取消は6/7(金)まで・入金7/9"


def test_the_list_is_of_today_newest_first_in_pages(bench: Bench) -> None:
    for amount in range(101, 108):
        bench.pay(bench.front.number, amount)
        bench.wait(2)
        bench.tap(tap.NextCustomer())
    bench.tap(tap.OpenToday())
    view = bench.view
    assert isinstance(view, views.TodayView)
    assert view.date.ja == "6月5日(水)"
    assert (view.page, view.pages, view.today.count, view.today.amount) == (1, 2, 7, 728)
    assert [row.amount for row in view.rows] == [107, 106, 105, 104, 103]
    bench.tap(tap.PageDown(), tap.SelectRow(1))
    view = bench.view
    assert isinstance(view, views.TodayView)
    assert [row.amount for row in view.rows] == [102, 101]
    assert view.detail is not None
    assert (view.selected, view.detail.amount) == (1, 101)
    bench.tap(tap.SelectRow(4))  # no such row on this page
    assert bench.view == view
    bench.tap(tap.CloseDetail(), tap.PageUp(), tap.PageUp())
    view = bench.view
    assert isinstance(view, views.TodayView)
    assert (view.page, view.detail) == (1, None)


def test_at_midnight_the_day_begins_anew_and_doubts_stay(bench: Bench) -> None:
    bench.pay(bench.front.number, 500)
    bench.tap(tap.NextCustomer())
    bench.claim(bench.front.number, 700)
    bench.tap(tap.CancelSale(), tap.CheckLater())
    bench.wall = micros(2024, 6, 5, 23, 59, 58)
    bench.wait(4)
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert view.today.count == 0
    bench.tap(tap.OpenToday())
    today = bench.view
    assert isinstance(today, views.TodayView)
    assert [(row.amount, row.state) for row in today.rows] == [(700, views.RowState.CHECKING)]


def test_late_payments_say_when_and_whether_their_slip_is_out(bench: Bench) -> None:
    bench.send(ev.PrinterReported(PrinterState.PAPER_OUT, PaperState.OUT))
    bench.pay(SaleNumber(5), 1_200, Via.PULLED)
    bench.wait(27 * 60, step_ms=10_000)
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    (late,) = view.panel.payments
    assert (late.time, late.ago_s, late.slip) == ("14:00", 27 * 60, views.SlipState.WAITING)


def test_network_says_each_link_in_plain_words(bench: Bench) -> None:
    bench.send(ev.PartReported(PartStatus(Part.MOBILE, Health.OFF, 0, "みらい通信")))
    bench.send(ev.PartReported(PartStatus(Part.CLOCK, Health.OK, -200)))
    bench.tap(tap.OpenNetwork(), tap.CheckParts())
    view = bench.view
    assert isinstance(view, views.NetworkView)
    assert view.probing
    rows = {row.part: row for row in view.parts}
    assert len(rows) == 8
    assert rows[views.Part.MOBILE].sentence.ja == "みらい通信：電波が届きません"
    assert rows[views.Part.SERVER].value == Bilingual("48 ms", "48 ms")
    assert rows[views.Part.CLOCK].value == Bilingual("差 0.2秒", "0.2 s off")
    assert rows[views.Part.CABLE].light is views.PartLight.UNKNOWN
    bench.send(ev.PartsProbed())
    bench.send(ev.BrokerLinkChanged(LinkState.DOWN))
    view = bench.view
    assert isinstance(view, views.NetworkView)
    assert not view.probing
    assert {row.part: row.light for row in view.parts}[views.Part.MESSAGES] is views.PartLight.WARN


def test_every_printer_and_paper_state_has_words(bench: Bench) -> None:
    bench.tap(tap.OpenNetwork())
    for printer in PrinterState:
        for paper in PaperState:
            bench.send(ev.PrinterReported(printer, paper))
            view = bench.view
            assert isinstance(view, views.NetworkView)
            assert all(row.sentence.ja and row.sentence.en for row in view.parts)


def test_notices_can_be_read(bench: Bench) -> None:
    bench.tap(tap.OpenMenu(), tap.OpenNotice())
    view = bench.view
    assert isinstance(view, views.NoticeView)
    assert (view.title.ja, view.page, view.pages) == ("6/10(月) 朝5時から点検で休止", 1, 1)
    bench.tap(tap.Back())
    bench.see(views.MenuView)
    bench.tap(tap.Back())
    bench.see(views.StandbyView)


def test_amount_over_the_limit_says_so(bench: Bench) -> None:
    bench.tap(tap.OpenAmount())
    states = []
    for digits in ("5", "0001"):
        bench.key_in(digits)
        view = bench.view
        assert isinstance(view, views.AmountView)
        states.append((view.amount, view.state))
    assert states == [(5, views.AmountState.READY), (50_001, views.AmountState.OVER_LIMIT)]
    assert bench.see(views.AmountView).limit == CONFIGURATION.amount_limit


def test_every_reason_and_remark_has_words_in_both_languages() -> None:
    from device.core.page_data import Remark
    from device.core.sale_data import Ending
    from device.core.state import OutOfService

    for table, keys in (
        (wording.OUT_OF_SERVICE, OutOfService),
        (wording.REMARKS, Remark),
        (wording.ENDINGS, Ending),
    ):
        for key in keys:
            text = table[key]  # type: ignore[index]
            assert text.ja
            assert text.en
            assert "失敗" not in text.ja


def test_a_changed_configuration_is_on_the_screen_at_once(bench: Bench) -> None:
    renamed = replace(CONFIGURATION, version="8", shop_name="まつや", notices=())
    bench.send(ev.ConfigurationArrived(renamed))
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert view.bar.shop == "まつや"
    assert isinstance(view.panel, views.DatesPanel)
    assert view.panel.line is None
