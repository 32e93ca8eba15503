"""The way of one payment through forms alone, and what is refused on it."""

import asyncio
import re
from urllib.parse import parse_qs

import pytest

from protos.qr_token import TokenKind
from protos.units import UserId
from server.directory import ShopId, ShopState, set_shop_state
from tests.support.books import HOST
from tests.support.cancels import CLERK, cancels_of, request_for
from tests.support.wallet import TARO, Page, Phone, Street

OPEN_SALE = 5001
FIXED_SALE = 5002


def notes(street: Street) -> dict[str, int]:
    return {table: street.town.count(table) for table in ("payments", "claims", "sale_outcomes")}


def says_nothing_moved(page: Page) -> None:
    main = page.html[page.html.index("<main") :]
    assert "お金は動いていません" in page.text
    sentence = main.index("お金は動いていません")
    assert sentence < main.index('class="lead t"'), "the money comes before the reason"


async def test_home_shows_what_there_is(hanako: Phone) -> None:
    page = await hanako.open("/")
    assert "¥ 5,000" in page.text
    assert "¥ 500" in page.text
    assert "使える合計 Total ¥ 5,500" in page.text
    assert "200は 6/30(日)まで" in page.text
    assert "あとは 8/31(土)" in page.text
    assert "8/31(土)まで・あと87日" in page.text
    assert "まだ利用はありません" in page.text


async def test_a_payment_with_an_amount_of_the_customers(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(OPEN_SALE))
    assert page.path == "/pay/amount"
    assert "まつや青果店" in page.text
    page = await hanako.send("/pay/amount", amount="１，２００円")
    assert page.path == "/pay/confirm"
    assert page.text.index("まつや青果店") < page.text.index("¥1,200を支払う")
    assert "まだお支払い前です" in page.text
    assert "1:30" in page.text
    assert "先に切れるポイント 500円から使い、あとの700円を商品券で払います。" in page.text
    page = await hanako.send("/pay")
    assert page.h1 == "お支払い完了 PAID"
    assert "¥ 1,200" in page.text
    assert street.town.holdings()[("花子", "voucher-2024")] == 4300
    assert street.town.holdings()[("花子", "points-2024")] == 0
    street.town.assert_books_hold()


async def test_the_result_is_the_ledgers(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=1200))
    page = await hanako.send("/pay")
    (payment,) = (await street.desk.history(_user(street), 10)).payments
    code = payment.confirmation_code
    assert f"{code[:3]} {code[3:]}" in page.text
    for leg in payment.legs:
        groups = re.findall(".....", leg.transaction_id)
        assert "".join(f"<span>{group}</span>" for group in groups) in page.html
    assert "6/7(金) 24:00まで・お店で" in page.text
    assert "2024/06/05 12:00:00" in page.text
    assert "たった今" in page.text


def _user(street: Street, name: str = "花子") -> UserId:
    return street.town.users[name].user_id


async def test_a_fixed_amount_is_locked(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    assert page.path == "/pay/confirm"
    assert "お店が決めた金額です" in page.text
    page = await hanako.open("/pay/confirm?amount=1")
    assert page.form("/pay").fields["amount"] == "700"
    page = await hanako.send("/pay", **{"amount": "1", "leg.voucher-2024": "1"})
    assert page.path == "/refused"
    says_nothing_moved(page)
    assert notes(street)["payments"] == 0


@pytest.mark.parametrize("prefix", ["/Q/", "/q/"])
@pytest.mark.parametrize("upper", [True, False])
async def test_a_get_changes_nothing(
    street: Street, hanako: Phone, prefix: str, upper: bool
) -> None:
    qr = street.town.qr(OPEN_SALE)
    before = notes(street)
    page = await hanako.open(prefix + (qr if upper else qr.lower()))
    assert "まつや青果店" in page.text
    async with street.phone() as stranger:
        page = await stranger.open(prefix + qr)
        assert "まつや青果店" in page.text
        assert "サインインして進む" in page.text
    assert notes(street) == before


async def test_who_is_not_signed_in_signs_in_and_comes_back(street: Street) -> None:
    async with street.phone() as phone:
        await phone.open(f"/Q/{street.town.qr(FIXED_SALE, amount=300)}")
        page = await phone.open("/signin")
        assert "まつや青果店 のお支払いに戻ります" in page.text
        await phone.send("/signin", phone="090-1000-0000")
        page = await phone.send("/signin/code", code=phone.code())
        assert page.path == "/pay"
        assert "まつや青果店" in page.text
        assert notes(street)["claims"] == 0
        await phone.send("/pay/claim")
        page = await phone.send("/pay")
        assert page.h1 == "お支払い完了 PAID"


async def test_every_page_of_a_customer_wants_a_session(street: Street) -> None:
    async with street.phone() as phone:
        for path in ("/", "/scan", "/pay/amount", "/pay/confirm", "/history", "/menu", "/checking"):
            assert (await phone.open(path)).path == "/signin"
        answer = await phone.client.get("/history", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()) == (401, {"to": "/signin"})


async def test_sent_twice_it_is_paid_once(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    fields = page.form("/pay").fields
    first = await hanako.post("/pay", fields)
    second = await hanako.post("/pay", fields)
    assert first.path == second.path
    assert notes(street)["payments"] == 1


async def test_going_back_and_paying_anew_shows_the_payment_that_is_there(
    street: Street, hanako: Phone
) -> None:
    page = await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    fields = page.form("/pay").fields
    paid = await hanako.post("/pay", fields)
    other_key = fields | {"key": "another-key-of-this-phone"}
    again = await hanako.post("/pay", other_key)
    assert again.path == paid.path.replace("/paid/", "/history/")
    back = await hanako.open("/pay/confirm")
    assert back.path == again.path
    assert notes(street)["payments"] == 1


async def test_a_second_phone_is_told_at_once(street: Street, hanako: Phone) -> None:
    qr = street.town.qr(OPEN_SALE)
    await hanako.scan(qr)
    async with street.phone() as other:
        await other.sign_in(TARO)
        page = await other.scan(qr)
        assert page.h1 == "ほかの方が操作中です"
        says_nothing_moved(page)


async def test_stopping_gives_the_sale_back(street: Street, hanako: Phone) -> None:
    qr = street.town.qr(OPEN_SALE)
    await hanako.scan(qr)
    page = await hanako.send("/pay/stop")
    assert page.path == "/"
    async with street.phone() as other:
        await other.sign_in(TARO)
        assert (await other.scan(qr)).path == "/pay/amount"


@pytest.mark.parametrize(
    ("qr", "title"),
    [
        ("A" * 44, "このQRは開けません"),
        ("short", "このQRは開けません"),
        ("expired", "QRの時間が切れました"),
        ("future", "お店の端末の時計が合っていません"),
        ("training", "練習用のQRです"),
        ("changed", "このQRは確かめられません"),
        ("closed", "このお店では今、お支払いできません"),
        ("paid", "このQRは使用済みです"),
        ("large", "この金額では払えません"),
    ],
)
async def test_each_bad_qr_has_its_own_words(
    street: Street, hanako: Phone, qr: str, title: str
) -> None:
    town = street.town
    if qr == "expired":
        qr = town.qr(OPEN_SALE)
        town.clock.forward(121)
    elif qr == "future":
        town.clock.forward(40)
        qr = town.qr(OPEN_SALE)
        town.clock.forward(-40)
    elif qr == "training":
        qr = town.qr(OPEN_SALE, kind=TokenKind.TRAINING)
    elif qr == "changed":
        qr = town.qr(OPEN_SALE)
        qr = qr[:20] + ("A" if qr[20] != "A" else "B") + qr[21:]
    elif qr == "closed":
        town.database.write_now(lambda c: set_shop_state(c, ShopId("S-0001"), ShopState.CLOSED))
        qr = town.qr(OPEN_SALE)
    elif qr == "paid":
        async with street.phone() as other:
            await other.sign_in(TARO)
            qr = town.qr(FIXED_SALE, amount=100)
            await other.scan(qr)
            assert (await other.send("/pay")).h1 == "お支払い完了 PAID"
    elif qr == "large":
        qr = town.qr(OPEN_SALE, amount=10_000_000)
    before = notes(street)
    page = await hanako.open(f"/Q/{qr}")
    assert page.h1 == title
    says_nothing_moved(page)
    assert notes(street) == before


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "金額を入れてください。"),
        ("12.5", "円より小さい額は払えません。"),
        ("0", "1円以上の金額を入れてください。"),
        ("-5", "マイナスの印を消してください。"),
        ("10000000", "一度に払えるのは ¥9,999,999 までです。"),
        ("千円", "金額は数字だけで入れてください。"),
    ],
)
async def test_a_mistyped_amount_is_explained_and_kept(
    street: Street, hanako: Phone, typed: str, sentence: str
) -> None:
    await hanako.scan(street.town.qr(OPEN_SALE))
    page = await hanako.send("/pay/amount", amount=typed)
    assert page.status == 422
    assert sentence in page.text
    assert page.form("/pay/amount").fields["amount"] == typed


async def test_too_little_says_how_much_is_missing(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(OPEN_SALE))
    page = await hanako.send("/pay/amount", amount="5840")
    assert page.h1 == "残高が足りません"
    says_nothing_moved(page)
    assert "お支払い金額 ¥ 5,840 使える残高 ¥ 5,500 足りない分 Short by ¥ 340" in page.text
    assert "/pay/amount?amount=5500" in page.html
    page = await hanako.open("/pay/amount?amount=5500")
    page = await hanako.send("/pay/amount")
    assert (await hanako.send("/pay")).h1 == "お支払い完了 PAID"


async def test_before_the_period_it_says_from_when(street: Street, hanako: Phone) -> None:
    street.town.clock.forward(-(2 * 24 + 3) * 3600)  # 2024-06-03 9:00
    page = await hanako.open("/")
    assert "6/3(月) 10:00 から使えます" in page.text
    assert "使える合計 Total ¥ 500" in page.text
    await hanako.scan(street.town.qr(OPEN_SALE))
    page = await hanako.send("/pay/amount", amount="1200")
    assert page.h1 == "商品券はまだ使えません"
    says_nothing_moved(page)
    assert "6/3(月) 10:00 から 8/31(土) 24:00 まで" in page.text
    assert "今の時刻 6/3(月) 9:00" in page.text


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"leg.voucher-2024": "600", "leg.points-2024": "0"}, "内訳が合いません"),
        ({"leg.voucher-2024": "0", "leg.points-2024": "0"}, "内訳が合いません"),
        ({"leg.voucher-2024": "0", "leg.points-2024": "700"}, "残高が足りません"),
        ({"leg.voucher-2024": "800", "leg.points-2024": "-100"}, "内訳が合いません"),
        ({"amount": "0"}, "お店が決めた金額と違います"),
        ({"key": "short"}, "画面が古くなっていました"),
        ({"sale": "forged"}, "画面が古くなっていました"),
    ],
)
async def test_a_tampered_form_moves_nothing(
    street: Street, hanako: Phone, changes: dict[str, str], title: str
) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    page = await hanako.send("/pay", **changes)
    if changes == {"amount": "0"}:
        assert page.h1 in {title, "この金額では払えません"}
    else:
        assert page.h1 == title
    says_nothing_moved(page)
    assert notes(street)["payments"] == 0


async def test_a_chosen_split_is_what_is_paid(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    page = await hanako.open("/pay/confirm?amount=700&only=voucher-2024")
    assert "商品券 700円で払います。" in page.text
    assert page.form("/pay").fields["leg.voucher-2024"] == "700"
    page = await hanako.open("/pay/confirm?amount=700&slide=350")
    assert "ポイント 350円・商品券 350円で払います。" in page.text
    assert "ポイントだけ 200 不足" in page.text
    page = await hanako.send("/pay")
    assert page.h1 == "お支払い完了 PAID"
    assert street.town.holdings()[("花子", "points-2024")] == 150


@pytest.mark.parametrize(
    ("asked", "points"),
    [("150", 150), ("0", 150), ("300", 300), ("9999999", 500), ("-1", 500), ("²", 500)],
)
async def test_the_slider_stays_within_what_there_is(
    street: Street, hanako: Phone, asked: str, points: int
) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=5150))
    page = await hanako.open(f"/pay/confirm?slide={asked}")
    assert page.form("/pay").fields["leg.points-2024"] == str(points)


async def test_a_stand_asks_before_the_same_again(street: Street, hanako: Phone) -> None:
    for again in (False, True):
        page = await hanako.scan(
            street.town.qr(0, kind=TokenKind.STAND, terminal=street.town.stand)
        )
        assert page.path == "/pay/amount"
        page = await hanako.send("/pay/amount", amount="300")
        assert "1:30" not in page.text, "nothing is held on a stand"
        page = await hanako.send("/pay")
        if not again:
            assert page.h1 == "お支払い完了 PAID"
            street.town.clock.forward(30)
    assert page.h1 == "同じお支払いがありました"
    says_nothing_moved(page)
    page = await hanako.send("/pay")
    assert page.h1 == "お支払い完了 PAID"
    assert notes(street)["payments"] == 2


async def test_the_ticket_is_good_for_five_minutes(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    street.town.clock.forward(301)
    page = await hanako.send("/pay")
    assert page.h1 == "QRの時間が切れました"
    assert notes(street)["payments"] == 0


async def test_a_result_is_a_proof_for_three_minutes_and_then_a_record(
    street: Street, hanako: Phone
) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    page = await hanako.send("/pay")
    proof = page.path
    assert page.headers["refresh"].startswith("180; url=/history/")
    street.town.clock.forward(63)
    assert "1分前" in (await hanako.open(proof)).text
    street.town.clock.forward(120)
    page = await hanako.open(proof)
    assert page.path == proof.replace("/paid/", "/history/")
    assert "この画面は記録です" in page.text
    assert 'class="w paid"' not in page.html


async def test_what_was_cancelled_is_no_proof_and_says_so(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    page = await hanako.send("/pay")
    assert 'class="w paid"' in page.html
    proof = page.path
    street.town.clock.forward(5)
    (payment,) = (await street.desk.history(_user(street), 10)).payments
    await asyncio.to_thread(cancels_of(street.town).cancel, request_for(payment), CLERK)
    page = await hanako.open(proof)
    assert page.path == proof.replace("/paid/", "/history/")
    assert "このお支払いは2024/06/05 12:00:05に取り消されました。" in page.text
    assert 'class="w paid"' not in page.html
    for path in ("/", "/history"):
        page = await hanako.open(path)
        assert "取消" in page.text
        assert "完了" not in page.text


async def test_nobody_sees_anothers_payment(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    proof = (await hanako.send("/pay")).path
    async with street.phone() as other:
        await other.sign_in(TARO)
        for path in (proof, proof.replace("/paid/", "/history/")):
            page = await other.open(path)
            assert page.status == 404
            assert "まつや" not in page.text


async def test_history_by_day_and_kind(street: Street, hanako: Phone) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    await hanako.send("/pay")
    street.town.clock.forward(24 * 3600)
    await hanako.scan(street.town.qr(FIXED_SALE + 1, amount=900))
    await hanako.open("/pay/confirm?only=voucher-2024")
    await hanako.send("/pay")
    page = await hanako.open("/history")
    assert "今日 6月6日(木)" in page.text
    assert "6月5日(水)" in page.text
    assert "12:00・商品券 200 ポイント 500" in page.text
    page = await hanako.open("/history?kind=points")
    assert "6月6日" not in page.text
    assert (await hanako.open("/history?after=made-up")).status == 404


async def test_a_pasted_link_is_opened_and_anothers_is_not(street: Street, hanako: Phone) -> None:
    await hanako.open("/scan")
    qr = street.town.qr(OPEN_SALE)
    page = await hanako.send("/scan", qr_text=f" HTTPS://{HOST.upper()}/Q/{qr} ")
    assert page.path == "/pay/amount"
    await hanako.open("/scan")
    page = await hanako.send("/scan", qr_text=f"https://evil.example/Q/{qr}")
    assert page.h1 == "このQRは開けません"


async def test_what_is_keyed_in_reaches_the_counter(street: Street, hanako: Phone) -> None:
    page = await hanako.scan(street.town.qr(OPEN_SALE))
    fields = page.form("/pay/amount").fields
    answer = await hanako.client.post(
        "/pay/typing", data=fields | {"amount": "12"}, headers={"accept": "application/json"}
    )
    assert answer.json() == {"shown": True}
    answer = await hanako.client.post(
        "/pay/typing", data=fields | {"amount": "x"}, headers={"accept": "application/json"}
    )
    assert answer.json() == {"shown": False}


async def test_english_on_the_switch_and_back_on_the_same_page(
    street: Street, hanako: Phone
) -> None:
    await hanako.scan(street.town.qr(FIXED_SALE, amount=700))
    await hanako.open("/pay/confirm?amount=700&slide=350")
    page = await hanako.send("/lang", lang="en")
    assert page.path == "/pay/confirm"
    assert parse_qs(page.url.query.decode())["slide"] == ["350"]
    assert '<html lang="en">' in page.html
    assert "NOT PAID YET まだお支払い前です" in page.text
    page = await hanako.send("/pay")
    assert page.h1 == "PAID お支払い完了"
    assert "Matsuya Greens" in page.text


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "x"])
async def test_the_switch_never_leads_away(hanako: Phone, back: str) -> None:
    await hanako.open("/")
    page = await hanako.send("/lang", lang="en", back=back)
    assert page.url.host == HOST
    assert page.path == "/"


async def test_signing_out_ends_the_session_on_the_server(street: Street, hanako: Phone) -> None:
    cookie = hanako.client.cookies["__Host-choba-session"]
    await hanako.open("/menu")
    assert (await hanako.send("/signout")).path == "/signin"
    async with street.phone() as thief:
        thief.client.cookies.set("__Host-choba-session", cookie, domain=HOST)
        assert (await thief.open("/")).path == "/signin"


async def test_a_session_fixed_beforehand_is_worth_nothing(street: Street) -> None:
    async with street.phone() as phone:
        phone.client.cookies.set("__Host-choba-session", "x" * 43, domain=HOST)
        assert (await phone.open("/")).path == "/signin"
