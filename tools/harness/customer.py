"""The customer: signs in with the code from the short message, opens the QR, pays."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tools.harness.pages import Form, Page, Visitor
from tools.harness.process import StageError

_CODE = re.compile(r"\d{6}")
_SMS_S = 10.0


class RefusedError(StageError):
    """The phone shows that nothing was paid, and why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the customer's phone shows after paying."""

    page: Page
    code: str
    """Six digits."""
    seal: str
    sent_at_us: int
    """When the POST left, microseconds since 1970."""
    answered_at_us: int

    @property
    def payment_id(self) -> str:
        """As the page's address names it."""
        return self.page.url.rstrip("/").rpartition("/")[2]


class Customer:
    """One customer with a phone."""

    def __init__(self, wallet: str, authority: Path | None, messages: Path, phone: str) -> None:
        """``authority``: the CA certificate for HTTPS; ``messages``: the simulated SMS."""
        self._visitor = Visitor(wallet, str(authority or ""))
        self._messages = messages
        self._phone = phone

    def sign_in(self) -> Page:
        """Phone number, code from the message, home."""
        known = len(self._sent())
        page = self._visitor.get("/signin")
        page = self._visitor.send(page, page.form_with("phone"), phone=self._phone)
        page = self._visitor.send(page, page.form_with("code"), code=self._new_code(known))
        if "/signin" in page.url:
            raise StageError(f"sign-in: still at {page.url}: {page.text[:300]}")
        return page

    def _new_code(self, known: int) -> str:
        deadline = time.monotonic() + _SMS_S
        while time.monotonic() < deadline:
            fresh = self._sent()[known:]
            codes = [code for message in fresh for code in _CODE.findall(message["text"])]
            if codes:
                return str(codes[-1])
            time.sleep(0.01)
        raise StageError("sign-in: no short message came")

    def _sent(self) -> list[dict[str, str]]:
        if not self._messages.exists():
            return []
        return [json.loads(line) for line in self._messages.read_text("utf-8").splitlines()]

    def open_sale(self, qr_text: str) -> Page:
        """What the phone's camera does with the QR, and 「進む」: the sale is claimed."""
        page = self._visitor.get(_as_url(qr_text))
        claim = _form_to(page, "/pay/claim")
        return self._visitor.send(page, claim)

    def enter_amount(self, page: Page, amount: int) -> Page:
        """The amount, where the QR carries none: to the page that asks for confirmation."""
        return self._visitor.send(page, page.form_with("amount", "sale"), amount=str(amount))

    def choose_points(self, page: Page, points: int) -> Page:
        """Move the slider: this much from points, the rest from vouchers."""
        return self._visitor.send(page, page.form_with("slide"), slide=str(points))

    def confirm(self, page: Page) -> Receipt:
        """Tap 「支払う」 once."""
        form = _form_to(page, "/pay")
        sent = time.time_ns() // 1_000
        paid = self._visitor.send(page, form)
        return _receipt(paid, sent)

    def ask_once(self, page: Page) -> Receipt | None:
        """「支払う」 with the key that the page holds; None when no answer came (確認中).

        The phone asks again with the very same request. Raises RefusedError.
        """
        sent = time.time_ns() // 1_000
        try:
            paid = self._visitor.send(page, _form_to(page, "/pay"))
        except httpx.TransportError:
            return None
        if paid.status == httpx.codes.SERVICE_UNAVAILABLE:
            return None
        if "/refused" in paid.url:
            raise RefusedError(paid.text)
        return _receipt(paid, sent)

    def is_answered(self, act: Callable[["Customer"], object]) -> bool:
        """Whether the server answered at all; a phone without an answer tries again."""
        try:
            act(self)
        except httpx.TransportError:
            return False
        return True

    def pay(self, qr_text: str, amount: int, points: int | None = None) -> Receipt:
        """The whole way from the QR to the receipt."""
        page = self.open_sale(qr_text)
        if any({"amount", "sale"} <= form.fields.keys() for form in page.forms) and not any(
            form.action == "/pay" for form in page.forms
        ):
            page = self.enter_amount(page, amount)
        if points is not None:
            page = self.choose_points(page, points)
        return self.confirm(page)

    def cookies(self) -> dict[str, str]:
        """What a browser needs to be this customer."""
        return self._visitor.cookies()

    def visit(self, url: str) -> Page:
        """Any other page."""
        return self._visitor.get(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._visitor.__exit__(kind, error, trace)


def _as_url(qr_text: str) -> str:
    """The browser lowers scheme and host; the path stays as it is read."""
    scheme, _, rest = qr_text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"


def _form_to(page: Page, action: str) -> Form:
    for form in page.forms:
        if form.action == action:
            return form
    raise StageError(f"{page.url}: no way on to {action}; it says: {page.text[:400]}")


def _receipt(page: Page, sent: int) -> Receipt:
    code = re.search(r"(?<!\d)(\d{3})\s?(\d{3})(?!\d)", _text_in(page.html, "code"))
    seal = re.search(r'class="seal"[^>]*>\s*(.)\s*<', page.html)
    if code is None or seal is None:
        raise StageError(f"paid: the phone shows no receipt: {page.url}: {page.text[:400]}")
    return Receipt(page, code[1] + code[2], seal[1], sent, time.time_ns() // 1_000)


def _text_in(html: str, style: str) -> str:
    found = re.search(rf'class="{style}"[^>]*>(.*?)<', html, re.DOTALL)
    return found[1] if found else ""
