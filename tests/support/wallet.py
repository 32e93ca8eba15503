"""A customer with a phone: a browser without script (httpx), and the parts behind the wallet."""

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from server.db import Database, migrate, open_database
from server.directory.signin import SignIn
from server.directory.sms import FileSmsGateway
from server.payments import PaymentDesk
from server.web.wallet import PlainHttp, WalletSettings, create_wallet_app
from tests.support.books import (
    END_OF_AUGUST,
    END_OF_JUNE,
    HOST,
    POINTS,
    VOUCHER,
    HandClock,
    Town,
    build_town,
)

SECRET = b"wallet-tests-secret-of-32-bytes!"
HANAKO = "090 1000 0000"
TARO = "090 1000 0001"


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page."""

    action: str
    method: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Page:
    """What a browser shows."""

    url: httpx.URL
    status: int
    html: str
    headers: httpx.Headers

    @property
    def path(self) -> str:
        return self.url.path

    @property
    def text(self) -> str:
        """The words on it, tags left out."""
        body = re.sub(r"<(script|style|template)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))

    @property
    def h1(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        assert found is not None, self.html
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", found[1]))).strip()

    def form(self, action: str) -> Form:
        """The form that posts to ``action``."""
        reader = _Forms()
        reader.feed(re.sub(r"<template\b.*?</template>", "", self.html, flags=re.DOTALL))
        (found,) = (form for form in reader.forms if form.action == action)
        return found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values["action"], values.get("method", "get"), {}))
        elif tag == "input" and self.forms and "name" in values:
            self.forms[-1].fields[values["name"]] = values.get("value", "")


class Phone:
    """A customer's browser with scripts switched off."""

    def __init__(self, client: httpx.AsyncClient, sms: FileSmsGateway) -> None:
        self.client = client
        self._sms = sms
        self.page = Page(httpx.URL("about:blank"), 0, "", httpx.Headers())

    async def open(self, path: str) -> Page:
        return self._show(await self.client.get(path, follow_redirects=True))

    async def send(self, action: str, **changes: str) -> Page:
        """Fill in the form of the page that is open and send it."""
        form = self.page.form(action)
        assert not set(changes) - set(form.fields) - {"lang"}, f"no such field: {changes}"
        return await self.post(action, form.fields | changes)

    async def post(self, action: str, fields: Mapping[str, str], **headers: str) -> Page:
        answer = await self.client.post(
            action, data=dict(fields), headers=headers, follow_redirects=True
        )
        return self._show(answer)

    async def sign_in(self, phone: str = HANAKO) -> Page:
        await self.open("/signin")
        await self.send("/signin", phone=phone)
        return await self.send("/signin/code", code=self.code())

    def code(self) -> str:
        """As read on the phone."""
        found = re.search(r"番号: (\d{6})", self._sms.sent()[-1].text)
        assert found is not None
        return found[1]

    async def scan(self, qr: str) -> Page:
        """Point the phone's own camera at a QR and go on to pay."""
        await self.open(f"/Q/{qr}")
        return await self.send("/pay/claim")

    def _show(self, answer: httpx.Response) -> Page:
        self.page = Page(answer.url, answer.status_code, answer.text, answer.headers)
        return self.page


@dataclass
class Street:
    """The town, its running desk, the wallet's app and the phones of its customers."""

    town: Town
    desk: PaymentDesk
    app: Starlette
    sms: FileSmsGateway
    database: Database

    @asynccontextmanager
    async def phone(self, scheme: str = "https", **headers: str) -> AsyncIterator[Phone]:
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(
            transport=transport, base_url=f"{scheme}://{HOST}", headers=headers
        ) as client:
            yield Phone(client, self.sms)


class TownPlan:
    """A town built once; every test gets a copy of its database."""

    def __init__(self, folder: Path, customers: int = 0) -> None:
        """``customers``: so many more who hold what 花子 holds."""
        self._file = folder / "town.db"
        url = f"sqlite:///{self._file}"
        migrate(url)
        database = open_database(url)
        self._town = build_town(database)
        for number in range(customers):
            user = self._town.add_user(f"客{number}")
            self._town.grant(user, VOUCHER, 5000, END_OF_AUGUST, price=4166)
            self._town.grant(user, POINTS, 300, END_OF_AUGUST)
            self._town.grant(user, POINTS, 200, END_OF_JUNE)
        database.close_now()

    def phones(self) -> list[str]:
        """The numbers of all customers, in the order in which they came."""
        return [user.phone for user in self._town.users.values()]

    def copy(self, folder: Path) -> Town:
        """The town as it was built, with a database and a clock of its own."""
        for part in self._file.parent.glob("town.db*"):
            shutil.copy(part, folder / part.name.replace("town", "choba"))
        database = open_database(f"sqlite:///{folder}/choba.db")
        return replace(
            self._town, database=database, clock=HandClock(), users=dict(self._town.users)
        )


@asynccontextmanager
async def a_street(
    town: Town, folder: Path, plain_http: PlainHttp = PlainHttp.REFUSED, **desk_settings: Any
) -> AsyncIterator[Street]:
    database = town.database
    sms = FileSmsGateway(folder / "sms.jsonl")
    signin = SignIn(database=database, gateway=sms, secret=SECRET, clock=town.clock)
    settings = WalletSettings(secret=SECRET, qr_hosts=frozenset({HOST}), plain_http=plain_http)
    async with town.desk(**desk_settings) as desk:
        app = create_wallet_app(desk=desk, signin=signin, clock=town.clock, settings=settings)
        yield Street(town, desk, app, sms, database)
    await database.close()
