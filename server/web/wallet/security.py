"""Cookies, seals, form tokens and headers of the wallet's pages."""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protos.mac import hmac_sha256

_TAG_BYTES: Final = 16
_MASK_BYTES: Final = 16
DAY_S: Final = 86_400

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
FILE_POLICY: Final = (
    # the decoder's worker compiles its WebAssembly under the policy of its own script
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds the headers that every answer carries; pages are never stored by a cache."""

    def __init__(self, app: ASGIApp, strict_transport: bool) -> None:
        self._app = app
        self._strict_transport = strict_transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                headers.setdefault("Cache-Control", "no-store")
                if self._strict_transport and scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Sealer:
    """Signs small values that travel through the browser. Signed, not secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: str, value: Mapping[str, Any]) -> str:
        """``value`` as URL-safe text with a tag; ``purpose`` keeps seals of two kinds apart."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return _text(body) + "." + _text(self._tag(purpose, body))

    def open(self, purpose: str, sealed: str) -> dict[str, Any] | None:
        """The value, or None when the text was not sealed here for this purpose."""
        head, _, tail = sealed.partition(".")
        try:
            body, tag = _bytes(head), _bytes(tail)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(tag, self._tag(purpose, body)):
            return None
        value = json.loads(body)
        return value if isinstance(value, dict) else None

    def form_token(self, visitor: str, session: str) -> str:
        """A form's token, masked anew each time so that compression can't be asked for it."""
        mask = secrets.token_bytes(_MASK_BYTES)
        return _text(mask + _xor(mask, self._form_tag(visitor, session)))

    def is_form_token(self, token: str, visitor: str, session: str) -> bool:
        """Whether a form was made for this browser and session."""
        try:
            raw = _bytes(token)
        except (binascii.Error, ValueError):
            return False
        if not visitor or len(raw) != _MASK_BYTES + _TAG_BYTES:
            return False
        unmasked = _xor(raw[:_MASK_BYTES], raw[_MASK_BYTES:])
        return hmac.compare_digest(unmasked, self._form_tag(visitor, session))

    def holder(self, user: str) -> str:
        """A short name for whose phone storage it is, that says nothing of the customer."""
        return self._tag("holder", user.encode()).hex()[:16]

    def _form_tag(self, visitor: str, session: str) -> bytes:
        return self._tag("form", f"{visitor}|{session}".encode())

    def _tag(self, purpose: str, body: bytes) -> bytes:
        message = b"choba-wallet-v1|" + purpose.encode() + b"|" + body
        return hmac_sha256(self._secret, message)[:_TAG_BYTES]


class Cookies:
    """The wallet's cookies of one request. ``__Host-`` and ``Secure`` wherever there is TLS."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._secure = request.url.scheme == "https"
        self._set: list[tuple[str, str, int]] = []

    def get(self, name: str) -> str:
        """What the browser sent, or was told in this answer already; empty if nothing."""
        for set_name, value, _ in reversed(self._set):
            if set_name == name:
                return value
        return self._request.cookies.get(self._full(name), "")

    def set(self, name: str, value: str, life_s: int) -> None:
        """Tell the browser to keep it for ``life_s`` seconds."""
        self._set.append((name, value, life_s))

    def drop(self, name: str) -> None:
        """Tell the browser to forget it."""
        self._set.append((name, "", 0))

    def write(self, response: Response) -> None:
        """Put what was told into the answer."""
        for name, value, life_s in self._set:
            response.set_cookie(
                self._full(name),
                value,
                max_age=life_s,
                path="/",
                secure=self._secure,
                httponly=True,
                samesite="lax",
            )

    def _full(self, name: str) -> str:
        return f"__Host-choba-{name}" if self._secure else f"choba-{name}"


def is_same_origin(request: Request) -> bool:
    """Whether a POST comes from a page of this very origin, as far as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def _xor(mask: bytes, data: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(mask, data, strict=True))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
