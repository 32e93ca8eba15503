"""Chromium as a customer's phone, and the wallet's server beside it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, Playwright
from sqlalchemy import text

from protos.qr_token import Token, TokenKind, mint, qr_url
from protos.units import SaleNumber, UnixSeconds, Yen
from server.clock import SECOND, system_clock
from server.directory import Keyring
from server.directory.sms import FileSmsGateway
from tests.support.books import MASTER, NOON, Town
from tests.support.ports import free_ports
from tools.harness.browser import CHROMIUM, FLAGS, PHONE

ROOT: Final = Path(__file__).resolve().parents[2]
AXE: Final = (ROOT / "tests" / "support" / "axe" / "axe.min.js").read_text("utf-8")
_POLICY: Final = "Content Security Policy"
PICTURES: Final = ROOT / "test-output" / "wallet"


def write_certificate(path: Path) -> None:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    path.chmod(0o600)


class Shop:
    """The wallet's server in a process of its own, and the device whose QR the customer scans."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.folder = folder
        self.port = free_ports(1)[0]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"https://{self.host}"
        self.offset = NOON - system_clock()
        self._sale = 7000
        self._process: subprocess.Popen[bytes] | None = None
        write_certificate(folder / "tls.pem")

    def start(self) -> None:
        """Start and wait until it answers. What an earlier test left half done is ended."""
        self.stop()
        arguments = (str(self.folder), str(self.port), str(self.offset), self.host)
        command = [sys.executable, "-m", "tests.support.wallet_server", *arguments]
        log = (self.folder / "server.log").open("ab")
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        log.close()
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                raise AssertionError((self.folder / "server.log").read_text("utf-8"))
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the wallet's server did not start")

    def stop(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def wait_until_dead(self) -> None:
        """It was told to end itself at a checkpoint."""
        assert self._process is not None
        self._process.wait(10)
        self._process = None

    def at(self, what: str, checkpoint: str) -> None:
        """``die`` or ``slow``, once, when the server comes to a checkpoint."""
        (self.folder / f"{what}-at").write_text(checkpoint)

    def qr(self, amount: int = 0) -> str:
        """The URL in the QR that the device shows now, for a new sale."""
        self._sale += 1
        now = (system_clock() + self.offset) // SECOND
        token = Token(
            TokenKind.DYNAMIC,
            self.town.matsuya,
            SaleNumber(self._sale),
            UnixSeconds(now),
            Yen(amount),
        )
        key = Keyring(MASTER).terminal_keys(self.town.matsuya).qr
        return qr_url(self.host, mint(token, key))

    def sms_code(self) -> str:
        """The code on the customer's phone."""
        found = re.search(
            r"番号: (\d{6})", FileSmsGateway(self.folder / "sms.jsonl").sent()[-1].text
        )
        assert found is not None
        return found[1]

    def payments(self, phone: str) -> int:
        """How many payments of a customer the ledger holds."""
        statement = text(
            "SELECT count(*) FROM payments p JOIN user_contacts c ON c.user_id = p.user_id "
            "WHERE c.phone = :phone"
        )
        digits = {"phone": phone.replace(" ", "")}
        return int(self.town.database.read_now(lambda c: c.execute(statement, digits).scalar_one()))


@contextmanager
def chromium(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def a_phone(
    browser: Browser, shop: Shop, *, width: int = 390, script: bool = True, camera: bool = False
) -> Iterator[Page]:
    """A phone with nothing on it yet. An error of a page's script fails at the end."""
    context = browser.new_context(
        base_url=shop.url,
        viewport={"width": width, "height": PHONE["height"]},
        ignore_https_errors=True,
        java_script_enabled=script,
        permissions=["camera"] if camera else [],
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    context.set_default_timeout(20_000)
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if _POLICY in m.text else None)
        yield page
        assert not errors, errors
    finally:
        context.close()


def sign_in(page: Page, shop: Shop, phone: str) -> None:
    """As a customer does."""
    page.goto("/signin")
    page.fill("#tel", phone)
    page.click("main .btn--primary")
    page.fill("#otp", shop.sms_code())
    page.click("main .btn--primary")
    page.wait_for_load_state()


def picture(page: Page, name: str) -> None:
    """Keep what a person sees."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("document.fonts.ready.then(() => true)")
    page.screenshot(path=str(PICTURES / f"{name}.png"))


def axe(page: Page) -> list[str]:
    """Every violation that axe-core finds, with what it is about."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then((r) => r.violations)")
    return [
        f"{rule['id']}: {node['html'][:140]} {node['failureSummary'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


_LAYOUT: Final = """() => {
  const page = document.documentElement, wide = page.clientWidth, bad = [];
  const say = (what, e) => bad.push(`${what}: ${e.outerHTML.slice(0, 90)}`);
  if (page.scrollWidth > wide) bad.push(`the page scrolls sideways to ${page.scrollWidth}`);
  const words = document.createRange();
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    if (e.closest(".sr, [hidden], template, noscript, video, .cam, svg, .waves")) continue;
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > wide + 1 || box.left < -1)) say("out of the page", e);
    if (e.matches(".yen, .amount, .paid__a, .code, .id, .key") && e.tagName !== "INPUT") {
      words.selectNodeContents(e);
      const line = parseFloat(getComputedStyle(e).fontSize) * 1.75;
      if (words.getBoundingClientRect().height > line) say("wraps", e);
    }
  }
  return bad;
}"""


def layout(page: Page) -> list[str]:
    """What is cut off, sticks out or wraps though it must not."""
    found = page.evaluate(_LAYOUT)
    return [str(problem) for problem in found]
