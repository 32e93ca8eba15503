"""The wallet in a real browser on a real server: what a customer at a counter lives through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.support.browser import Shop, a_phone, axe, chromium, layout, picture, sign_in
from tests.support.photo import photograph, screen_with_qr, write_mjpeg
from tests.support.wallet import TARO, TownPlan

pytestmark = pytest.mark.journey
PAID = "お支払い完了"
SAME_TEMPLATE = {"signin-short", "signin-code-short", "home-new", "amount-decimal"}
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as running:
        yield running


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> TownPlan:
    return TownPlan(tmp_path_factory.mktemp("town"), customers=20)


@pytest.fixture(scope="module")
def shop(plan: TownPlan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    town = plan.copy(folder)
    made = Shop(town, folder)
    made.start()
    yield made
    made.stop()
    town.database.close_now()


@pytest.fixture(scope="module")
def numbers(plan: TownPlan) -> Iterator[str]:
    return iter(plan.phones())


@pytest.fixture
def number(numbers: Iterator[str]) -> str:
    """A customer of one's own: ¥5,000 of vouchers, 300 + 200 points (太郎 is not among them)."""
    taken = next(numbers)
    return next(numbers) if taken == TARO.replace(" ", "") else taken


@pytest.fixture
def phone(browser: Browser, shop: Shop) -> Iterator[Page]:
    with a_phone(browser, shop) as page:
        yield page


def go_to_confirm(page: Page, shop: Shop, amount: int) -> None:
    page.goto(shop.qr(amount))
    page.click(".dock .btn--primary")
    page.wait_for_url("**/pay/confirm")


def paid(page: Page) -> None:
    expect(page.locator("h1")).to_contain_text(PAID)


def test_from_the_phones_camera_over_sign_in_to_the_proof(
    phone: Page, shop: Shop, number: str
) -> None:
    phone.goto(shop.qr())
    expect(phone.locator(".shop__n")).to_have_text("まつや青果店")
    phone.click(".dock .btn--primary")
    phone.fill("#tel", number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)}))
    phone.click("main .btn--primary")
    phone.fill("#otp", shop.sms_code())
    phone.click("main .btn--primary")
    expect(phone.locator(".shop__n")).to_have_text("まつや青果店")
    phone.click(".dock .btn--primary")
    for key in ("1", "2", "00"):
        phone.click(f'[data-key="{key}"]')
    expect(phone.locator("#yen")).to_have_value("1,200")
    expect(phone.locator("#read")).to_have_text("千二百円")
    phone.click(".dock .btn--primary")
    phone.locator("#sl").fill("200")
    expect(phone.locator("#how")).to_have_text("ポイント 200円・商品券 1,000円で払います。")
    assert phone.locator("#sl").get_attribute("aria-valuetext") == "ポイント 200円・商品券 1,000円"
    phone.click("#pay button")
    paid(phone)
    expect(phone.locator(".leg").nth(0)).to_contain_text("¥1,000")
    expect(phone.locator(".leg").nth(1)).to_contain_text("¥200")
    expect(phone.locator("[role=status]")).to_contain_text("お支払い完了。1,200円。確認コード")
    expect(phone.locator(".age b")).to_have_text(re.compile("^[2-9]秒前$"))
    assert shop.payments(number) == 1
    assert phone.evaluate("localStorage.length") == 0


def test_a_double_tap_pays_once_and_back_does_not_pay_again(
    phone: Page, shop: Shop, number: str
) -> None:
    sign_in(phone, shop, number)
    go_to_confirm(phone, shop, 700)
    phone.dblclick("#pay button")
    paid(phone)
    phone.reload()
    paid(phone)
    phone.go_back()
    phone.wait_for_load_state()
    assert "/paid/" not in phone.url
    phone.goto("/pay/confirm")
    expect(phone.locator("h1")).to_have_text("お支払いの詳細")
    assert shop.payments(number) == 1


def test_the_server_dies_after_the_commit_and_the_phone_learns_it_was_paid(
    phone: Page, shop: Shop, number: str
) -> None:
    sign_in(phone, shop, number)
    go_to_confirm(phone, shop, 700)
    shop.at("die", "post.after_commit")
    phone.click("#pay button")
    shop.wait_until_dead()
    expect(phone.locator("h1")).to_have_text("確認中")
    expect(phone.locator("[data-checking]")).to_contain_text("まつや青果店")
    expect(phone.locator("[data-tries]")).to_contain_text("回目の問い合わせ")
    picture(phone, "checking")
    shop.start()
    phone.wait_for_url("**/paid/**", timeout=40_000)
    paid(phone)
    assert shop.payments(number) == 1
    shop.town.assert_books_hold()


def test_closed_while_in_doubt_it_asks_on_when_it_is_opened_again(
    phone: Page, shop: Shop, number: str
) -> None:
    sign_in(phone, shop, number)
    go_to_confirm(phone, shop, 700)
    shop.at("die", "post.before_commit")
    phone.click("#pay button")
    shop.wait_until_dead()
    expect(phone.locator("h1")).to_have_text("確認中")
    context = phone.context
    phone.close()
    shop.start()
    assert shop.payments(number) == 0
    again = context.new_page()
    again.goto("/history")
    expect(again.locator("#pending")).to_contain_text("まつや青果店")
    picture(again, "history-in-doubt")
    again.goto("/")
    again.wait_for_url("**/paid/**")
    paid(again)
    assert shop.payments(number) == 1


def test_a_slow_answer_shows_checking_and_then_the_proof(
    phone: Page, shop: Shop, number: str
) -> None:
    sign_in(phone, shop, number)
    go_to_confirm(phone, shop, 700)
    shop.at("slow", "post.before_commit")
    phone.click("#pay button")
    expect(phone.locator("#pay button")).to_have_text("送っています")
    expect(phone.locator("h1")).to_have_text("確認中")
    phone.wait_for_url("**/paid/**")
    assert shop.payments(number) == 1


def test_without_script_every_step_is_a_form(browser: Browser, shop: Shop, number: str) -> None:
    with a_phone(browser, shop, script=False) as page:
        sign_in(page, shop, number)
        page.goto(shop.qr())
        page.click(".dock .btn--primary")
        assert not page.locator(".keys").is_visible()
        page.fill("#yen", "１２００")
        page.click(".dock .btn--primary")
        page.click(".seg >> text=商品券だけ")
        expect(page.locator("#how")).to_have_text("商品券 1,200円で払います。")
        page.click("#pay button")
        paid(page)
        page.goto("/scan")
        expect(page.locator("noscript, .banner--wait").first).to_contain_text(
            "スマホのふつうのカメラ"
        )
    assert shop.payments(number) == 1


def test_another_customer_of_the_same_phone_is_not_asked_for(
    phone: Page, shop: Shop, number: str
) -> None:
    sign_in(phone, shop, number)
    go_to_confirm(phone, shop, 700)
    shop.at("die", "post.before_commit")
    phone.click("#pay button")
    shop.wait_until_dead()
    expect(phone.locator("h1")).to_have_text("確認中")
    shop.stop()
    phone.context.clear_cookies()
    shop.start()
    sign_in(phone, shop, TARO)
    phone.goto("/")
    expect(phone.locator("h1")).to_have_text("ホーム")
    assert shop.payments(number) == 0


def test_the_pages_own_camera_reads_the_counters_screen(
    playwright: Playwright, shop: Shop, number: str, tmp_path: Path
) -> None:
    film = tmp_path / "camera.mjpeg"
    photo = photograph(screen_with_qr(shop.qr(700)))
    write_mjpeg(film, photo)
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with chromium(playwright, *camera) as browser, a_phone(browser, shop, camera=True) as page:
        sign_in(page, shop, number)
        with page.expect_response("**/zxing_reader.wasm"):
            page.goto("/scan")
        page.wait_for_url("**/pay/confirm", timeout=30_000)
        expect(page.locator(".shop__n")).to_have_text("まつや青果店")
        page.click("#pay button")
        paid(page)
    assert shop.payments(number) == 1


def test_a_foreign_qr_is_not_opened(
    playwright: Playwright, shop: Shop, number: str, tmp_path: Path
) -> None:
    film = tmp_path / "camera.mjpeg"
    write_mjpeg(film, photograph(screen_with_qr("HTTPS://EVIL.EXAMPLE/Q/" + "A" * 44)))
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with chromium(playwright, *camera) as browser, a_phone(browser, shop, camera=True) as page:
        sign_in(page, shop, number)
        page.goto("/scan")
        expect(page.locator(".cam__s")).to_have_text("このお店以外のQRです", timeout=30_000)
        picture(page, "scan")
        assert page.url.endswith("/scan")


def test_without_a_camera_the_page_says_what_to_do(phone: Page, shop: Shop, number: str) -> None:
    sign_in(phone, shop, number)
    phone.goto("/scan")
    expect(phone.locator(".banner--wait:visible")).to_contain_text("ふつうのカメラ")
    picture(phone, "scan-no-camera")


def walk(page: Page, shop: Shop, number: str) -> Iterator[str]:
    """Every page there is, one after the other; its name as soon as it stands there."""
    page.goto("/signin")
    yield "signin"
    page.fill("#tel", number[:-1])
    page.click("main .btn--primary")
    yield "signin-short"
    page.fill("#tel", number)
    page.click("main .btn--primary")
    yield "signin-code"
    page.fill("#otp", "12345")
    page.click("main .btn--primary")
    yield "signin-code-short"
    page.fill("#otp", shop.sms_code())
    page.click("main .btn--primary")
    yield "home-new"
    page.goto(shop.qr(700))
    yield "arrive"
    page.goto(shop.qr())
    page.click(".dock .btn--primary")
    page.click('[data-key="5"]')
    yield "amount"
    page.fill("#yen", "1.5")
    page.click(".dock .btn--primary")
    yield "amount-decimal"
    page.fill("#yen", "5840")
    page.click(".dock .btn--primary")
    yield "refused-short"
    page.goto("/pay/amount")
    page.fill("#yen", "1200")
    page.click(".dock .btn--primary")
    yield "confirm"
    page.click("#pay button")
    page.wait_for_url("**/paid/**")
    yield "paid"
    genuine = shop.qr()
    page.goto(genuine[:-9] + ("B" if genuine[-9] == "A" else "A") + genuine[-8:])
    expect(page.locator("h1")).to_have_count(1)
    assert page.url.endswith("/refused")
    yield "refused-not-genuine"
    page.goto("/")
    yield "home"
    page.goto("/history")
    yield "history"
    page.click(".item")
    yield "detail"
    page.goto("/menu")
    yield "menu"
    page.goto("/scan")
    page.wait_for_selector(".banner--wait:visible")
    yield "scan-help"
    page.goto("/no-such-page")
    yield "not-found"


def test_the_checks_can_fail(phone: Page) -> None:
    phone.goto("/signin")
    assert not problems_of(phone)
    phone.evaluate("document.querySelector('label').remove()")
    phone.evaluate("document.querySelector('h1').style.color = '#999'")
    phone.evaluate("document.querySelector('.btn--big').style.minWidth = '600px'")
    found = " ".join(problems_of(phone))
    for expected in ("label:", "color-contrast:", "sideways", "out of the page"):
        assert expected in found


def problems_of(page: Page) -> list[str]:
    return axe(page) + layout(page)


def test_every_page_is_readable_at_390_and_320(phone: Page, shop: Shop, number: str) -> None:
    problems = {}
    for name in walk(phone, shop, number):
        picture(phone, name)
        for width in (390, 320):
            phone.set_viewport_size({"width": width, "height": 844})
            if found := problems_of(phone):
                problems[f"{name} at {width}"] = found
                picture(phone, f"{name}-{width}")
        phone.set_viewport_size({"width": 390, "height": 844})
    assert not problems


def test_every_page_is_readable_at_twice_the_text(
    playwright: Playwright, shop: Shop, number: str
) -> None:
    problems = {}
    with (
        chromium(playwright, "--blink-settings=defaultFontSize=32") as browser,
        a_phone(browser, shop) as page,
    ):
        for name in walk(page, shop, number):
            if name in SAME_TEMPLATE:
                continue
            picture(page, f"{name}-200")
            if found := problems_of(page):
                problems[name] = found
    assert not problems


def test_every_page_is_readable_in_english(phone: Page, shop: Shop, number: str) -> None:
    phone.goto("/signin")
    phone.click(".bar__lang")
    problems = {}
    for name in walk(phone, shop, number):
        picture(phone, f"{name}-en")
        if found := layout(phone):
            problems[name] = found
        assert phone.locator("html").get_attribute("lang") == "en"
    assert not problems
