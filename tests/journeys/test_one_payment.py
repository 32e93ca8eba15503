"""One payment, for real: the phone's camera sees the counter's window, everything else follows."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from server.db import open_database
from server.ledger import verify_ledger
from server.payments import verify_payments
from tests.support.photo import photograph, write_mjpeg
from tests.support.postgres import APPLICATION, PostgresServer
from tests.support.recordings import claimed_then_paid, problems_of
from tools.harness.browser import CHROMIUM, FLAGS
from tools.harness.customer import Customer
from tools.harness.process import StageError
from tools.harness.stack import Plan, Ports, Stack, free_port, headless_environment

pytestmark = pytest.mark.journey
PHONE = "090-0000-0001"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The whole house, on ports of its own."""
    yield from open_house(tmp_path)


@pytest.fixture
def stack_on_postgres(
    postgres: PostgresServer, postgres_name: str, tmp_path: Path
) -> Iterator[Stack]:
    """The same with the books on PostgreSQL, which the server reaches as the application's role."""
    yield from open_house(tmp_path, postgres.url(postgres_name, APPLICATION))


def open_house(folder: Path, database_url: str = "") -> Iterator[Stack]:
    sound = headless_environment(folder / "played.raw") | {"SDL_DISKAUDIODELAY": "1"}
    ports = Ports(*(free_port() for _ in range(5)))
    plan = Plan(folder, device_environment=sound, ports=ports, database_url=database_url)
    with Stack(plan) as running:
        running.start_server()
        running.load_demo_data()
        running.start_printer()
        running.enrol_device()
        running.start_device()
        yield running


@pytest.fixture
def phone(stack: Stack, tmp_path: Path) -> Iterator[Page]:
    """Chromium whose camera sees the counter's window as it is now, slantwise and blurred."""
    stack.wait_screen("Standby")
    stack.read_qr()
    film = tmp_path / "camera.mjpeg"
    with Image.open(stack.device_dir / "screen.png") as window:
        write_mjpeg(film, photograph(window))
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *camera])
        context = browser.new_context(
            base_url=stack.plan.wallet,
            viewport={"width": 390, "height": 844},
            ignore_https_errors=True,
            permissions=["camera"],
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
        )
        context.set_default_timeout(20_000)
        yield context.new_page()
        browser.close()


def test_from_the_window_over_the_camera_to_screen_voice_and_slip(
    stack: Stack, phone: Page, tmp_path: Path
) -> None:
    sign_in(phone, stack)
    assert stack.device is not None
    seen = len(stack.device.lines)
    phone.goto("/scan")
    phone.wait_for_url(re.compile("/pay/amount"))
    expect(phone.locator("main")).to_contain_text("まつや青果店")
    stack.wait_screen("Claimed", after=seen)
    phone.fill("#yen", "1,200")
    phone.click(".dock .btn--primary")
    phone.wait_for_url(re.compile("/pay/confirm"))
    phone.click("#pay button")
    expect(phone.locator("h1")).to_contain_text("お支払い完了")
    stack.wait_screen("Paid", after=seen)
    code = phone.locator(".code").inner_text().replace(" ", "")
    seal = phone.locator(".seal").inner_text()
    stack.device.wait_for("voice", lambda line: line.get("event") == "spoken", 20, after=seen)
    stack.device.wait_for("slip", lambda line: line.get("event") == "printed", 20, after=seen)
    slip = the_one_slip(stack)
    assert f"{code[:3]} {code[3:]}" in slip
    assert seal in slip
    assert "¥1,200" in slip
    assert "再発行" not in slip
    keep_pictures(stack, phone)
    assert stack.device.stop() == 0
    assert problems_of(tmp_path / "played.raw", claimed_then_paid(1200)) == ()
    no_secret_is_told(stack)


@pytest.mark.postgres
def test_the_same_line_with_the_books_on_postgresql(
    stack_on_postgres: Stack, postgres: PostgresServer, postgres_name: str, tmp_path: Path
) -> None:
    stack = stack_on_postgres
    authority = stack.server_dir / "keys" / "ca.pem"
    stack.wait_screen("Standby")
    messages = stack.server_dir / "sms.jsonl"
    with Customer(stack.plan.wallet, authority, messages, PHONE) as customer:
        customer.sign_in()
        receipt = customer.pay(stack.read_qr(), 1200, points=200)
    assert stack.device is not None
    stack.wait_screen("Paid")
    stack.device.wait_for("slip", lambda line: line.get("event") == "printed", 20)
    assert f"{receipt.code[:3]} {receipt.code[3:]}" in the_one_slip(stack)
    assert stack.device.stop() == 0
    assert not (stack.server_dir / "choba.sqlite").exists()
    database = open_database(postgres.url(postgres_name, APPLICATION))
    try:
        assert database.read_now(verify_ledger).holds
        assert database.read_now(verify_payments) == []
    finally:
        database.close_now()


def sign_in(page: Page, stack: Stack) -> None:
    page.goto("/signin")
    page.fill("#tel", PHONE)
    page.click("main .btn--primary")
    expect(page.locator("#otp")).to_be_visible()
    messages = (stack.server_dir / "sms.jsonl").read_text("utf-8").splitlines()
    code = re.search(r"\d{6}", json.loads(messages[-1])["text"])
    assert code is not None
    page.fill("#otp", code[0])
    page.click("main .btn--primary")
    page.wait_for_load_state()


def the_one_slip(stack: Stack) -> str:
    slips = sorted(stack.paper_dir.glob("slip-*.txt"))
    if len(slips) != 1:
        raise StageError(f"{len(slips)} slips were printed, one is right")
    return slips[0].read_text("utf-8")


def keep_pictures(stack: Stack, phone: Page) -> None:
    folder = Path("test-output/one-payment")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(stack.picture(), folder / "counter-paid.png")
    phone.screenshot(path=str(folder / "phone-paid.png"))


def no_secret_is_told(stack: Stack) -> None:
    """Neither in a log nor on a command line."""
    keys = stack.server_dir / "keys"
    secrets = [(keys / "master.key").read_text("utf-8").strip()]
    secrets.append(stack.operator_token())
    secrets.append((stack.device_dir / "identity" / "secret").read_bytes().hex())
    told = "".join(path.read_text("utf-8") for path in stack.plan.folder.glob("*.log"))
    assert stack.server is not None
    told += Path(f"/proc/{stack.server.pid}/cmdline").read_text("utf-8")
    assert all(len(secret) >= 32 for secret in secrets)
    assert not [secret for secret in secrets if secret in told]
