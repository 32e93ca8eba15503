"""A visitor without JavaScript: opens pages, fills in forms, sends them, as a browser would."""

import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

from tools.harness.process import StageError


@dataclass
class Form:
    """A form as it stands on the page, its fields with what they hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Forms and visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._open: Form | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._open)
        elif tag in {"script", "style"}:
            self._silent += 1
        elif tag == "input" and self._open is not None and "name" in values:
            self._input(values)
        elif tag == "button" and self._open is not None and "name" in values:
            self._open.buttons.append((values["name"], values.get("value", "")))

    def _input(self, values: dict[str, str]) -> None:
        assert self._open is not None
        kind = values.get("type", "text")
        if kind in {"radio", "checkbox"} and "checked" not in values:
            return
        if kind == "submit":
            self._open.buttons.append((values["name"], values.get("value", "")))
            return
        self._open.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag in {"script", "style"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.text.append(data.strip())


@dataclass
class Page:
    """A page that was answered."""

    url: str
    status: int
    html: str
    forms: list[Form]
    text: str

    def form_with(self, *names: str) -> Form:
        """The first form that has all these fields; StageError shows what is there instead."""
        for form in self.forms:
            if set(names) <= form.fields.keys():
                return form
        have = [sorted(form.fields) for form in self.forms]
        raise StageError(
            f"{self.url}: no form with {', '.join(names)}; forms: {have}; "
            f"it says: {self.text[:300]}"
        )


class Visitor:
    """A browser's session: cookies, redirects, forms."""

    def __init__(self, base: str, authority: str = "") -> None:
        trust = ssl.create_default_context(cafile=authority) if authority else True
        self._client = httpx.Client(base_url=base, verify=trust, follow_redirects=True, timeout=15)

    def get(self, url: str) -> Page:
        """Open a page."""
        return _read(self._client.get(url))

    def send(self, page: Page, form: Form, **values: str) -> Page:
        """Send a form of ``page`` with these fields filled in, the others as they stand."""
        target = urljoin(page.url, form.action or page.url)
        data = {**form.fields, **values}
        if form.method == "post":
            headers = {"Origin": _origin(page.url), "Referer": page.url}
            return _read(self._client.post(target, data=data, headers=headers))
        return _read(self._client.get(target, params=data))

    def cookies(self) -> dict[str, str]:
        """The session's cookies, name to value."""
        return {cookie.name: cookie.value or "" for cookie in self._client.cookies.jar}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()


def _read(response: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(response.text)
    return Page(
        str(response.url), response.status_code, response.text, reader.forms, " ".join(reader.text)
    )


def _origin(url: str) -> str:
    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii')}"
