"""Rules of the slips that no kept picture shows: years, deadlines, long names, odd balances."""

import datetime as dt
from dataclasses import replace

import pytest

from device.receipts import lay_out
from device.receipts.data import (
    Balance,
    DayEvent,
    DayLeg,
    DayRow,
    DayService,
    Leg,
    Lot,
    PaymentSlip,
    Payout,
    ServiceType,
)
from device.receipts.dates import expiry, last_day, short_day, until
from device.receipts.layout import pair, triple
from device.receipts.text import fold, name_lines, sentence
from hardware.paper import Slip
from hardware.printer.grid import grid_of
from protos.units import Yen
from tests.support import slips
from tests.support.slips import micros


def rows(slip: Slip) -> list[str]:
    """The texts of a slip's lines."""
    lines = grid_of(slip).splitlines()
    return [line[1 : line.rindex("|")].rstrip() for line in lines if line.startswith("|")]


def shop_slip(payout: Payout) -> Slip:
    leg = replace(slips.voucher(1000), payout=payout)
    data = replace(slips.SHOP, legs=(leg,), cancel_before=payout.closes_at)
    return lay_out(data, 32)


def balances(*balances: Balance, width: int = 32) -> list[str]:
    texts = rows(lay_out(replace(slips.CUSTOMER, balances=balances), width))
    start = texts.index("お支払い後の残高") + 1
    return texts[start : texts.index("─" * (width // 2), start)]


# --- days and times ------------------------------------------------------------------------------


def test_a_close_at_midnight_is_twenty_four_hundred_of_the_day_before() -> None:
    assert until(micros("2024-06-08 00:00"), 2024) == "6/7(金) 24:00まで"
    assert last_day(micros("2024-06-08 00:00")) == dt.date(2024, 6, 7)


def test_a_close_at_another_hour_says_it() -> None:
    assert until(micros("2024-06-07 18:30"), 2024) == "6/7(金) 18:30まで"


def test_the_night_between_the_years_belongs_to_the_old_one() -> None:
    assert until(micros("2025-01-01 00:00"), 2024) == "12/31(火) 24:00まで"


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (dt.date(2024, 6, 18), "6/18(火)"),
        (dt.date(2025, 1, 7), "翌年1/7(火)"),
        (dt.date(2026, 1, 7), "2026/1/7(水)"),
        (dt.date(2023, 12, 29), "2023/12/29(金)"),
    ],
)
def test_another_year_is_said(day: dt.date, text: str) -> None:
    assert short_day(day, 2024) == text


def test_the_day_is_tokyos_not_greenwichs() -> None:
    # 2024-06-04 23:30 UTC is the 5th in Tokyo.
    data = replace(slips.CUSTOMER, paid_at=micros("2024-06-05 08:30:00"))
    assert "2024年6月5日(水)        08:30:00" in rows(lay_out(data, 32))


def test_an_expiry_in_the_middle_of_a_day_says_the_hour() -> None:
    assert expiry(micros("2024-08-31 17:00"), 2024) == "8/31 17:00まで"


# --- pay days ------------------------------------------------------------------------------------


def test_the_last_week_of_the_year_is_paid_in_the_next_and_still_lines_up() -> None:
    payout = Payout(micros("2024-12-28 00:00"), dt.date(2025, 1, 7))
    texts = rows(shop_slip(payout))
    assert "お店への入金    締め        入金" in texts
    assert "商品券     12/27(金) 翌年1/7(火)" in texts


def test_a_pay_day_wider_than_its_column_moves_the_middle() -> None:
    (line,) = triple(32, "券", "12/28(金)", "翌年12/31(火)")
    assert line.runs[0].text == "券       12/28(金) 翌年12/31(火)"
    assert line.columns == 32


def test_three_parts_that_do_not_fit_take_more_lines() -> None:
    texts = [
        "".join(run.text for run in line.runs)
        for line in triple(32, "みほん市プレミアム商品券", "12/27(金)", "翌年1/7(火)")
    ]
    assert texts == ["みほん市プレミアム商品券", "           12/27(金) 翌年1/7(火)"]


# --- pairs, names, sentences ---------------------------------------------------------------------


def test_what_would_touch_goes_down_to_the_right_edge() -> None:
    lines = pair(32, "みほん市プレミアム付商品券", "¥9,999,999")
    texts = ["".join(run.text for run in line.runs) for line in lines]
    assert texts == ["みほん市プレミアム付商品券", "                      ¥9,999,999"]


def test_a_long_service_name_wraps_and_keeps_its_amount() -> None:
    leg = replace(slips.voucher(1000), service_name="みほん市プレミアム付デジタル商品券第二弾")
    texts = rows(lay_out(replace(slips.CUSTOMER, legs=(leg,)), 32))
    at = texts.index("みほん市プレミアム付デジタル商品")
    assert texts[at + 1 : at + 3] == ["券第二弾", " " * 26 + "¥1,000"]


def test_a_sentence_breaks_only_between_its_phrases() -> None:
    assert sentence("取消は|両方まとめてです。", 20) == ["取消は", "両方まとめてです。"]
    assert sentence("取消は|両方まとめてです。", 32) == ["取消は両方まとめてです。"]


def test_a_name_breaks_where_a_person_would() -> None:
    assert name_lines("カフェ・ド・みほん 中央通り商店街本店", 32) == [
        "カフェ・ド・みほん",
        "中央通り商店街本店",
    ]


def test_a_name_without_such_places_breaks_by_kinsoku() -> None:
    name = "あいうえおかきくけこさしすせそたーちつてと"
    assert name_lines(name, 32) == ["あいうえおかきくけこさしすせそ", "たーちつてと"]


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        ("ﾊﾟﾝ屋ﾊﾞｰｶﾞｰ", "パン屋バーガー"),
        ("ﾞｺﾞ", "゛ゴ"),
        ("か\u3099き", "がき"),
        ("本店〜~−", "本店～～－"),
        ("A\\B", "A＼B"),
        ("Cafe\u0301", "Café"),
        ("店\x1b@\n名\u202e", "店 @ 名"),
        ("  松\u3000屋 ", "松\u3000屋"),
        ("福", "福"),  # a person's own form of a kanji is not exchanged for another
    ],
)
def test_peoples_text_is_folded(given: str, folded: str) -> None:
    assert fold(given) == folded


# --- balances ------------------------------------------------------------------------------------


def test_one_expiry_is_said_once() -> None:
    lots = (slips.lot(100, "2024-09-01"), slips.lot(200, "2024-09-01"))
    assert balances(Balance("商品券", lots)) == ["商品券(8/31まで)" + " " * 12 + "¥300"]


def test_lots_that_never_expire_have_no_date_but_the_earliest_has() -> None:
    lots = (Lot(Yen(500), None), slips.lot(200, "2024-09-01"))
    assert balances(Balance("ポイント", lots)) == [
        "ポイント                    ¥700",
        "  うち8/31まで              ¥200",
    ]


def test_a_balance_of_a_service_with_a_very_long_name_wraps_it() -> None:
    name = "みほん市プレミアム付デジタル商品券第二弾"
    lots = (slips.lot(300, "2024-09-01"),)
    assert balances(Balance(name, lots)) == [
        "みほん市プレミアム付デジタル商品",
        "券第二弾",
        "  8/31まで                  ¥300",
    ]


def test_nothing_left_is_said() -> None:
    empty = Balance("商品券", (slips.lot(0, "2024-09-01"),))
    assert balances(empty) == ["商品券                        ¥0"]


def test_without_known_balances_there_is_no_such_block() -> None:
    texts = rows(lay_out(replace(slips.CUSTOMER, balances=()), 32))
    assert "お支払い後の残高" not in texts
    assert texts.count("─" * 16) == 6


def test_the_shop_never_sees_what_the_customer_has_left() -> None:
    grid = grid_of(lay_out(slips.SHOP, 32))
    assert "残高" not in grid
    assert "11,000" not in grid


# --- the payment ---------------------------------------------------------------------------------


def test_a_leg_of_zero_has_no_line_and_the_total_stands() -> None:
    data = replace(slips.CUSTOMER, legs=(slips.voucher(0), slips.points(0)))
    texts = rows(lay_out(data, 32))
    assert not [text for text in texts if text.startswith("取引ID")]
    assert f"ご利用合計{' ' * 18}¥0" in texts


def test_pay_days_that_are_not_known_leave_no_empty_table() -> None:
    data = replace(slips.SHOP, legs=(replace(slips.voucher(1000), payout=None),))
    assert "お店への入金" not in grid_of(lay_out(data, 32))


def test_three_services_are_cancelled_together() -> None:
    third = Leg("地域通貨", ServiceType.MONEY, Yen(50), slips.points(1).transaction_id)
    data: PaymentSlip = replace(slips.SHOP, legs=(*slips.SHOP.legs, third))
    assert "取消は全部まとめてです。" in rows(lay_out(data, 32))


def test_no_slip_of_a_sale_shows_a_picture_that_could_be_taken_for_a_payment_code() -> None:
    for name in (*slips.PAYMENTS, *slips.PROVISIONALS, "day"):
        assert "[picture" not in grid_of(lay_out(slips.slip_data(name, 32), 32))


def test_no_slip_is_called_a_receipt() -> None:
    for name in slips.NAMES:
        assert "領収" not in grid_of(lay_out(slips.slip_data(name, 48), 48))


def test_training_never_shows_a_transaction_or_a_pay_day() -> None:
    for name in ("training", "training-shop"):
        grid = grid_of(lay_out(slips.PAYMENTS[name], 32))
        assert "49pvd" not in grid
        assert "締め" not in grid
        assert grid.count("練習") > 30


# --- the day -------------------------------------------------------------------------------------


def test_two_campaigns_of_one_kind_are_added_up_apart() -> None:
    use = DayRow(
        micros("2024-06-05 09:00"),
        "000001",
        DayEvent.USE,
        (DayLeg("SV1", Yen(100)), DayLeg("SV9", Yen(30))),
    )
    services = (
        DayService("SV1", "春の商品券", ServiceType.VOUCHER),
        DayService("SV9", "夏の商品券", ServiceType.VOUCHER),
    )
    texts = rows(lay_out(replace(slips.DAY, services=services, rows=(use,)), 32))
    assert [text for text in texts if text.startswith(" 差引")] == [
        " 差引              1        ¥100",
        " 差引              1         ¥30",
    ]
    assert "  うち併用                   1回" in texts


def test_the_list_adds_up_to_the_total() -> None:
    texts = rows(lay_out(slips.DAY, 32))
    amounts = [
        int(text.rpartition(" ")[2].replace("¥", "").replace(",", ""))
        for text in texts
        if text[2:3] == ":" and "¥" in text
    ]
    assert len(amounts) == len(slips.DAY.rows)
    assert f"差引合計          ¥{sum(amounts):,}" in texts


def test_a_row_of_a_service_that_the_report_does_not_list_is_refused() -> None:
    with pytest.raises(ValueError, match="SV2"):
        replace(slips.DAY, services=slips.DAY.services[:1])


def test_a_day_without_sales_has_no_list() -> None:
    texts = rows(lay_out(replace(slips.DAY, rows=()), 32))
    assert not [text for text in texts if text.startswith("明細")]
    assert f"差引合計{' ' * 20}¥0" in texts
