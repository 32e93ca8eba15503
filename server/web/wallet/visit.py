"""One request as the pages see it: who, in which language, with which form; and how to answer."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from protos.units import Micros, UserId
from server.clock import SECOND, Clock, tokyo_day
from server.directory.signin import NewSession, SignIn
from server.payments import PaymentDesk, Refused
from server.web.wallet import refusals
from server.web.wallet.checkout import Checkout
from server.web.wallet.render import Renderer
from server.web.wallet.security import DAY_S, Cookies, Sealer
from server.web.wallet.settings import WalletSettings
from server.web.wallet.words import Lang

SESSION: Final = "session"
VISITOR: Final = "visitor"
LANGUAGE: Final = "lang"
CHECKOUT: Final = "sale"
REFUSED: Final = "refused"
CHALLENGE: Final = "code"
_CHECKOUT_S: Final = 900


@dataclass(frozen=True, slots=True)
class House:
    """What all pages share; made once."""

    desk: PaymentDesk
    signin: SignIn
    clock: Clock
    settings: WalletSettings
    sealer: Sealer
    renderer: Renderer


@dataclass(slots=True)
class Visit:
    """One request."""

    house: House
    request: Request
    cookies: Cookies
    now: Micros
    """The server's clock when the request arrived."""
    lang: Lang
    user: UserId | None
    form: Mapping[str, str]
    """The POST's fields; empty for a GET."""

    @property
    def today(self) -> date:
        """The day in Japan."""
        return tokyo_day(self.now)

    @property
    def customer(self) -> UserId:
        """Whose request it is, on pages that only signed-in customers reach."""
        assert self.user is not None
        return self.user

    @property
    def wants_data(self) -> bool:
        """Whether a script asked, which wants to know where to go and no page."""
        return "application/json" in self.request.headers.get("accept", "")

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page, with what every page needs."""
        visitor = self.cookies.get(VISITOR)
        if not visitor:
            visitor = secrets.token_urlsafe(18)
            self.cookies.set(VISITOR, visitor, 400 * DAY_S)
        session = self.cookies.get(SESSION)
        body = self.house.renderer.page(
            template,
            self.lang,
            csrf=self.house.sealer.form_token(visitor, session),
            holder=self.house.sealer.holder(self.user) if self.user else "",
            here=self._here(),
            today=self.today,
            now=self.now,
            **values,
        )
        return Response(body, status, media_type="text/html; charset=utf-8")

    def go(self, path: str, status: int = 200) -> Response:
        """Go on to another page of this wallet; ``status`` is for scripts."""
        if self.wants_data:
            return JSONResponse({"to": path}, status)
        return RedirectResponse(path, 303)

    def data(self, value: Mapping[str, Any], status: int = 200) -> Response:
        """An answer for a script."""
        return JSONResponse(dict(value), status)

    def begin(self, session: NewSession) -> None:
        """This browser is signed in from now on. The visitor's mark is made anew with it."""
        self.cookies.set(SESSION, session.token, (session.expires_at - self.now) // SECOND)
        self.cookies.set(VISITOR, secrets.token_urlsafe(18), 400 * DAY_S)

    def checkout(self) -> Checkout | None:
        """The sale this browser is about to pay, if any."""
        return self.read_checkout(self.cookies.get(CHECKOUT))

    def read_checkout(self, sealed: str) -> Checkout | None:
        """A sale out of a form or cookie; None when it was not sealed here."""
        value = self.house.sealer.open(CHECKOUT, sealed) if sealed else None
        return Checkout.read(value) if value is not None else None

    def keep_checkout(self, checkout: Checkout) -> str:
        """Remember the sale; gives its seal for forms."""
        sealed = self.house.sealer.seal(CHECKOUT, checkout.write())
        self.cookies.set(CHECKOUT, sealed, _CHECKOUT_S)
        return sealed

    def refuse(self, refused: Refused, **about: Any) -> Response:
        """Go to the page that says why nothing was paid. ``about``: see ``refusals.Told``."""
        sealed = self.house.sealer.seal(REFUSED, refusals.write(refused, **about))
        self.cookies.set(REFUSED, sealed, _CHECKOUT_S)
        return self.go("/refused")

    def refused(self) -> "refusals.Told | None":
        """What the refusal page has to say."""
        sealed = self.cookies.get(REFUSED)
        value = self.house.sealer.open(REFUSED, sealed) if sealed else None
        return refusals.read(value) if value is not None else None

    def _here(self) -> str:
        """Where the language switch comes back to: this page if it can be asked for again."""
        url = self.request.url
        if self.request.method != "GET":
            return "/"
        return f"{url.path}?{url.query}" if url.query else url.path
