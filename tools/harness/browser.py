"""A real browser for the evidence: Chromium, where the machine has it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHOBA_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844}


@contextmanager
def chromium(extra: Sequence[str] = ()) -> Iterator[Browser]:
    """A headless Chromium with a home of its own, ended with the block."""
    assert CHROMIUM is not None, "Debian's package chromium is missing"
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, *extra],
            env={**{k: v for k, v in os.environ.items() if v}, "HOME": home},
        )
        try:
            yield browser
        finally:
            browser.close()


def phone(browser: Browser, *, language: str = "ja-JP") -> BrowserContext:
    """A phone: 390 wide, touch, our own authority accepted."""
    return browser.new_context(
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        locale=language,
        timezone_id="Asia/Tokyo",
        ignore_https_errors=True,
    )


def shot(page: Page, path: Path) -> None:
    """A picture of what is in view."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(path))


def picture_of(url: str, cookies: dict[str, str], path: Path) -> bool:
    """The page as a phone shows it; False when this machine has no Chromium."""
    if CHROMIUM is None:
        return False
    # a __Host- cookie belongs to the whole host
    host = "/".join(url.split("/")[:3]) + "/"
    with chromium() as browser:
        context = phone(browser)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": host, "secure": url.startswith("https:")}
                for name, value in cookies.items()
            ]
        )
        page = context.new_page()
        page.goto(url)
        shot(page, path)
        context.close()
    return True
