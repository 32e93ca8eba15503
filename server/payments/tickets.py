"""The signed scan ticket: what a genuine, fresh QR said, and when it arrived. Stateless.

Layout (big-endian): version 1, kind 1, terminal 4, sale 4, amount 4, arrived at 8 (microseconds),
then 16 bytes of HMAC-SHA-256 under the server's ticket key; base64url without padding.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from typing import Final

from protos.mac import hmac_sha256
from protos.units import Micros, SaleNumber, TerminalNumber, Yen
from server.payments.types import SaleKind

_VERSION: Final = 1
_BODY: Final = struct.Struct(">BBIIIq")
_MAC_BYTES: Final = 16
_TEXT_LENGTH: Final = 51


class TicketError(ValueError):
    """A text that is no ticket of ours."""


@dataclass(frozen=True, slots=True)
class Ticket:
    kind: SaleKind
    terminal: TerminalNumber
    sale: SaleNumber
    amount: Yen
    """0: the customer enters it."""
    arrived_at: Micros


def seal_ticket(ticket: Ticket, key: bytes) -> str:
    """The ticket as text; only who holds ``key`` can make one."""
    body = _BODY.pack(
        _VERSION, ticket.kind, ticket.terminal, ticket.sale, ticket.amount, ticket.arrived_at
    )
    return base64.urlsafe_b64encode(body + _mac(body, key)).decode("ascii").rstrip("=")


def open_ticket(text: str, key: bytes) -> Ticket:
    """Raises TicketError for anything that ``seal_ticket`` did not make."""
    if len(text) != _TEXT_LENGTH or not text.isascii():
        raise TicketError("length")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise TicketError("alphabet") from error
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, key)):
        raise TicketError("mac")
    _, kind, terminal, sale, amount, arrived_at = _BODY.unpack(body)
    return Ticket(
        SaleKind(kind),
        TerminalNumber(terminal),
        SaleNumber(sale),
        Yen(amount),
        Micros(arrived_at),
    )


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac_sha256(key, body)[:_MAC_BYTES]
