"""Puts the wallet's pages together: routes, the checks before each, the answers to errors."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from server.clock import Clock
from server.db import LedgerUnavailable
from server.directory.signin import SessionToken, SignIn
from server.payments import PaymentDesk
from server.web.wallet.files import StaticFiles
from server.web.wallet.pages import entrance, home, payment, sale
from server.web.wallet.render import Renderer
from server.web.wallet.security import Cookies, Sealer, SecurityHeaders, is_same_origin
from server.web.wallet.settings import PlainHttp, WalletSettings
from server.web.wallet.visit import LANGUAGE, SESSION, VISITOR, House, Visit
from server.web.wallet.words import Lang

_MOST_FORM_BYTES: Final = 16_384
_MOST_FIELDS: Final = 40

Page = Callable[[Visit], Awaitable[Response]]


class For(Enum):
    """Who may open a page."""

    EVERYONE = 1
    CUSTOMERS = 2


_PAGES: Final[tuple[tuple[str, str, Page, For], ...]] = (
    ("GET", "/", home.home, For.CUSTOMERS),
    ("GET", "/signin", entrance.phone, For.EVERYONE),
    ("POST", "/signin", entrance.send_code, For.EVERYONE),
    ("GET", "/signin/code", entrance.code, For.EVERYONE),
    ("POST", "/signin/code", entrance.enter_code, For.EVERYONE),
    ("POST", "/signin/resend", entrance.resend_code, For.EVERYONE),
    ("POST", "/signout", entrance.sign_out, For.EVERYONE),
    ("POST", "/lang", entrance.switch_language, For.EVERYONE),
    ("GET", "/q/{token}", sale.arrive, For.EVERYONE),
    ("GET", "/Q/{token}", sale.arrive, For.EVERYONE),
    ("GET", "/scan", sale.scan, For.CUSTOMERS),
    ("POST", "/scan", sale.scanned, For.CUSTOMERS),
    ("GET", "/pay", sale.come_back, For.EVERYONE),
    ("POST", "/pay/claim", sale.claim, For.CUSTOMERS),
    ("GET", "/pay/amount", sale.amount, For.CUSTOMERS),
    ("POST", "/pay/amount", sale.amount_entered, For.CUSTOMERS),
    ("POST", "/pay/typing", sale.typing, For.CUSTOMERS),
    ("GET", "/pay/confirm", sale.confirm, For.CUSTOMERS),
    ("POST", "/pay/stop", sale.release, For.CUSTOMERS),
    ("POST", "/pay", payment.pay, For.CUSTOMERS),
    ("GET", "/checking", payment.checking, For.CUSTOMERS),
    ("GET", "/paid/{payment_id}", payment.paid, For.CUSTOMERS),
    ("GET", "/refused", payment.refused, For.EVERYONE),
    ("GET", "/history", home.history, For.CUSTOMERS),
    ("GET", "/history/{payment_id}", home.detail, For.CUSTOMERS),
    ("GET", "/menu", home.menu, For.CUSTOMERS),
)


def create_wallet_app(
    *, desk: PaymentDesk, signin: SignIn, clock: Clock, settings: WalletSettings
) -> Starlette:
    """The wallet as an ASGI app. ``desk`` must be running (inside its ``async with``).

    Serve it at the root of a host; see the package's docstring.
    """
    files = StaticFiles()
    house = House(
        desk=desk,
        signin=signin,
        clock=clock,
        settings=settings,
        sealer=Sealer(settings.secret),
        renderer=Renderer(settings, files),
    )
    routes: list[BaseRoute] = [
        Route(path, _endpoint(house, page, who), methods=[method])
        for method, path, page, who in _PAGES
    ]
    routes.append(Route("/static/{name:path}", files.answer))
    strict = settings.plain_http is PlainHttp.REFUSED
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityHeaders, strict_transport=strict),
            Middleware(GZipMiddleware, minimum_size=500),
        ],
        exception_handlers={
            HTTPException: _not_found(house),
            Exception: _server_error,
        },
    )


def _endpoint(house: House, page: Page, who: For) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        visit = await _visit(house, request)
        response = await _answer(visit, page, who)
        visit.cookies.write(response)
        return response

    return endpoint


async def _visit(house: House, request: Request) -> Visit:
    now = house.clock()
    cookies = Cookies(request)
    lang = Lang.EN if cookies.get(LANGUAGE) == Lang.EN else Lang.JA
    return Visit(house, request, cookies, now, lang, None, {})


async def _answer(visit: Visit, page: Page, who: For) -> Response:
    plain = visit.request.url.scheme != "https"
    if plain and visit.house.settings.plain_http is PlainHttp.REFUSED:
        return _sorry(visit, "plain", 403)
    try:
        if visit.request.method == "POST":
            visit.form = await _form(visit.request)
            if not _is_our_form(visit):
                return _sorry(visit, "form", 403)
        token = visit.cookies.get(SESSION)
        if token:
            visit.user = await visit.house.signin.user_of(SessionToken(token))
        if who is For.CUSTOMERS and visit.user is None:
            return visit.go("/signin", 401)
        return await page(visit)
    except LedgerUnavailable:
        return _unavailable(visit)
    except HTTPException as problem:
        key = "not_found" if problem.status_code == 404 else "form"
        return _sorry(visit, key, problem.status_code)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form, bounded. Raises HTTPException 400, 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_FORM_BYTES:
                raise HTTPException(413)
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except (ClientDisconnect, ValueError) as error:
        raise HTTPException(400) from error
    return dict(pairs)


def _is_our_form(visit: Visit) -> bool:
    cookies = visit.cookies
    token = visit.form.get("csrf", "")
    return is_same_origin(visit.request) and visit.house.sealer.is_form_token(
        token, cookies.get(VISITOR), cookies.get(SESSION)
    )


def _unavailable(visit: Visit) -> Response:
    if visit.request.url.path == "/pay" and visit.request.method == "POST":
        return payment.not_known(visit)
    return _sorry(visit, "server", 503)


def _sorry(visit: Visit, key: str, status: int) -> Response:
    if visit.wants_data:
        return visit.data({"error": key}, status)
    return visit.page("error.html", status, key=key)


def _not_found(house: House) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        visit = await _visit(house, request)
        if problem.status_code == 405:
            return PlainTextResponse("405", 405, headers=problem.headers)
        response = _sorry(visit, "not_found", problem.status_code)
        visit.cookies.write(response)
        return response

    return answer


async def _server_error(_request: Request, _problem: Exception) -> Response:
    """No traceback for a person; Starlette raises the exception on, so the server logs it."""
    return PlainTextResponse(
        "ただいま開けません。少し待って、もう一度お試しください。\n"
        "This can't be opened right now. Please wait a little and try again.\n",
        500,
    )
