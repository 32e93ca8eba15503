"""From a QR's text to a token worth a look at the books: MAC before any other work."""

from urllib.parse import urlsplit

from protos.qr_token import Token, TokenError, TokenKind, parse, token_text_of
from protos.units import Micros
from server.clock import SECOND
from server.directory import Keyring
from server.payments.refusals import RefusalCode, Refused
from server.payments.settings import DeskSettings
from server.payments.types import SaleKind

_LONGEST_TEXT = 128
"""A QR's URL is at most 90 characters; nothing longer is worth reading."""


def genuine_token(
    qr_text: str, keyring: Keyring, settings: DeskSettings, at: Micros
) -> Token | Refused:
    """The token, once the terminal that it names has proved to have minted it.

    A token that another terminal minted, or one with any bit changed, is not genuine.
    """
    text = qr_text.strip()
    if len(text) > _LONGEST_TEXT:
        return Refused(RefusalCode.QR_MALFORMED, field="qr_text", at=at)
    try:
        sealed = parse(token_text_of(text))
    except TokenError:
        return Refused(RefusalCode.QR_MALFORMED, field="qr_text", at=at)
    if not sealed.is_genuine(keyring.terminal_keys(sealed.token.terminal).qr):
        return Refused(RefusalCode.QR_NOT_GENUINE, field="qr_text", at=at)
    return _refusal_of(sealed.token, text, settings, at) or sealed.token


def _refusal_of(token: Token, text: str, settings: DeskSettings, at: Micros) -> Refused | None:
    if not _own_host(text, settings.own_hosts):
        return Refused(RefusalCode.QR_OTHER_HOST, field="qr_text", at=at)
    if token.kind is TokenKind.TRAINING:
        return Refused(RefusalCode.QR_TRAINING, field="qr_text", at=at)
    if token.amount > settings.max_amount:
        limit = settings.max_amount
        return Refused(RefusalCode.AMOUNT_TOO_LARGE, field="qr_text", at=at, amount=limit)
    return None


def sale_kind(token: Token) -> SaleKind:
    """Of a token that may be paid (training was refused before)."""
    return SaleKind.STAND if token.kind is TokenKind.STAND else SaleKind.DYNAMIC


def freshness(token: Token, drift: int, settings: DeskSettings, at: Micros) -> Refused | None:
    """Two minutes on the server's clock, corrected by the terminal's known drift (WIRE.md 1).

    ``drift``: the device's clock less the server's; no more than the cap is believed.
    """
    if token.kind is TokenKind.STAND:
        return None
    believed = max(-settings.drift_cap, min(settings.drift_cap, drift))
    minted_at = token.minted_at * SECOND - believed
    age = at - minted_at
    if age > settings.fresh_for or minted_at < settings.reopened_at:
        return Refused(RefusalCode.QR_EXPIRED, field="qr_text", at=at)
    if age < -settings.future_tolerance:
        return Refused(RefusalCode.QR_FROM_FUTURE, field="qr_text", at=at)
    return None


def _own_host(text: str, own_hosts: frozenset[str]) -> bool:
    if "://" not in text:
        return True
    return urlsplit(text).netloc.casefold() in {host.casefold() for host in own_hosts}
