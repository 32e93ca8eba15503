"""The token in the QR: 27 bytes minted on the device, checked by the server before anything else.

Layout (big-endian): version and kind 1, terminal number 4, sale number 4, minted at 4, amount 4,
MAC 10. The text is upper-case base32 without padding, 44 characters, so that the QR stays in
alphanumeric mode; a token has exactly one spelling.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from protos.mac import hmac_sha256
from protos.units import SaleNumber, TerminalNumber, UnixSeconds, Yen

VERSION = 1
TOKEN_BYTES = 27
TEXT_LENGTH = 44
MAC_BYTES = 10
MAX_HOST_LENGTH = 35
SALE_EPOCH = 1_577_836_800
"""2020-01-01 00:00 UTC: sale numbers count seconds from here."""
PATH = "/Q/"
_BODY = struct.Struct(">BIIII")


class TokenKind(IntEnum):
    """What a token stands for; the low half of its first byte."""

    DYNAMIC = 1
    STAND = 2
    TRAINING = 3


class TokenError(ValueError):
    """A text that is no token. ``reason`` is a stable word for programs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. One that came from outside is a claim until ``open_token`` has it."""

    kind: TokenKind
    terminal: TerminalNumber
    sale: SaleNumber
    minted_at: UnixSeconds
    amount: Yen
    """0: the customer enters it."""


@dataclass(frozen=True, slots=True)
class SealedToken:
    """A well-formed token whose MAC nobody has checked yet."""

    token: Token
    body: bytes
    mac: bytes

    def is_genuine(self, qr_key: bytes) -> bool:
        """Whether the terminal that holds ``qr_key`` minted it; takes the same time either way."""
        return hmac.compare_digest(self.mac, _mac(self.body, qr_key))


def mint(token: Token, qr_key: bytes) -> str:
    """The 44 characters of a token.

    Raises TokenError("range") when a number does not fit 32 bits unsigned.
    """
    try:
        body = _BODY.pack(
            VERSION << 4 | token.kind, token.terminal, token.sale, token.minted_at, token.amount
        )
    except struct.error as error:
        raise TokenError("range") from error
    return base64.b32encode(body + _mac(body, qr_key)).decode().rstrip("=")


def parse(text: str) -> SealedToken:
    """Read the 44 characters. The path is matched without regard to case, so is the token.

    Raises TokenError: "length", "alphabet", "spelling" (unused last bits set), "version", "kind".
    """
    if len(text) != TEXT_LENGTH:
        raise TokenError("length")
    spelled = text.upper()
    try:
        raw = base64.b32decode(spelled + "====")
    except (binascii.Error, ValueError) as error:
        raise TokenError("alphabet") from error
    if base64.b32encode(raw).decode().rstrip("=") != spelled:
        raise TokenError("spelling")
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    head, terminal, sale, minted_at, amount = _BODY.unpack(body)
    if head >> 4 != VERSION:
        raise TokenError("version")
    try:
        kind = TokenKind(head & 0x0F)
    except ValueError as error:
        raise TokenError("kind") from error
    token = Token(
        kind, TerminalNumber(terminal), SaleNumber(sale), UnixSeconds(minted_at), Yen(amount)
    )
    return SealedToken(token, body, mac)


def qr_url(host: str, token_text: str, scheme: str = "https") -> str:
    """The QR's text: an upper-case URL, at most 90 characters.

    Raises TokenError("host") when host and port are longer than 35 characters.
    """
    if not host or len(host) > MAX_HOST_LENGTH:
        raise TokenError("host")
    return f"{scheme}://{host}{PATH}{token_text}".upper()


def token_text_of(qr_text: str) -> str:
    """The token's characters out of a QR's text, or the text itself when it is no URL.

    Raises TokenError("url") for a URL of another shape. Which host it names is the caller's to
    check: a wallet opens its own only.
    """
    text = qr_text.strip()
    if "://" not in text:
        return text
    head, found, token = text.rpartition("/")
    if not found or not head.upper().endswith("/Q"):
        raise TokenError("url")
    return token


def next_sale_number(last: SaleNumber, now: UnixSeconds) -> SaleNumber:
    """``max(last + 1, seconds since 2020)``: never reused even when the journal is lost."""
    return SaleNumber(max(last + 1, now - SALE_EPOCH))


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac_sha256(key, body)[:MAC_BYTES]
