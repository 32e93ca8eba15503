"""Every refusal has its own words in both languages, with its sums and dates in them."""

from protos.units import Micros, Yen
from server.clock import SECOND
from server.payments import Language, RefusalCode, RefusalFamily, Refused, words_of
from server.payments.refusals import RefusalCode as Codes
from server.payments.stored_refusals import refusal_of, refusal_text
from tests.support.books import END_OF_AUGUST, VOUCHER, moment


def test_every_code_has_words_in_both_languages_and_no_two_titles_are_alike() -> None:
    for language in Language:
        titles = [words_of(Refused(code), language).title for code in Codes]
        assert all(titles)
        assert len(set(titles)) == len(titles)
        for code in Codes:
            words = words_of(Refused(code), language)
            assert words.reason
            assert words.next_step
            assert "失敗" not in words.title + words.reason + words.next_step
            assert "{" not in words.title + words.reason + words.next_step


def test_a_short_balance_names_the_sums() -> None:
    refused = Refused(
        RefusalCode.BALANCE_SHORT, short=Yen(340), usable=Yen(10340), service_name_ja="商品券"
    )
    words = words_of(refused)
    assert words.family is RefusalFamily.BALANCE
    assert words.reason == "商品券の使える残高は¥10,340で、¥340足りません。"


def test_a_window_names_its_dates_as_people_say_them() -> None:
    refused = Refused(
        RefusalCode.WINDOW_NOT_OPEN,
        at=moment(2024, 6, 3, 9, 42),
        service_id=VOUCHER,
        service_name_ja="商品券",
        usable_from=moment(2024, 6, 3, 10),
        usable_until=END_OF_AUGUST,
    )
    assert words_of(refused).reason == (
        "商品券を使える期間は、6/3(月) 10:00 から 8/31(土) 24:00 までです。今は 6/3(月) 9:42 です。"
    )


def test_a_claimed_sale_says_how_long_to_wait() -> None:
    refused = Refused(RefusalCode.SALE_CLAIMED, at=Micros(0), retry_at=Micros(29 * SECOND + 1))
    assert "30秒" in words_of(refused).next_step


def test_a_refusal_survives_being_stored() -> None:
    refused = Refused(
        RefusalCode.BALANCE_SHORT, field="legs", at=Micros(5), short=Yen(1), service_id=VOUCHER
    )
    assert refusal_of(refusal_text(refused)) == refused
