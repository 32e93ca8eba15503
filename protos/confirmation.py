"""The confirmation code (確認コード) and the seal (照合印) that both screens show."""

from typing import Final

from protos.mac import hmac_sha256
from protos.units import PaymentId, SaleNumber, TerminalNumber, Yen

CODE_DIGITS: Final = 6
SEALS: Final = (
    "山川空海花月星雲雨雪風森滝竹梅桜菊桃柿栗稲麦豆茶米"
    "魚鳥馬牛犬猫亀鶴松虎竜金銀鈴扇火水舟橋赤青白黒"
)


def confirmation_code(key: bytes, terminal: TerminalNumber, sale: SaleNumber, amount: Yen) -> str:
    """Six digits for a paid sale: RFC 4226 truncation of an HMAC under the confirmation key.

    The amount is part of it: a code for another amount does not match.
    """
    numbers = terminal.to_bytes(4, "big") + sale.to_bytes(4, "big") + amount.to_bytes(4, "big")
    return _truncate(hmac_sha256(key, b"choba-confirm-v1" + numbers))


def stand_code(key: bytes, payment: PaymentId) -> str:
    """The code of a payment on a static stand, which has no sale number.

    It follows from the payment's id and is of no use for the offline check.
    """
    return _truncate(hmac_sha256(key, b"choba-stand-v1" + payment.encode("ascii")))


def seal(code: str) -> str:
    """One kanji of 48 for a code; an aid for the eye, no security.

    Raises ValueError when the code is not six ASCII digits.
    """
    if len(code) != CODE_DIGITS or not code.isascii() or not code.isdigit():
        raise ValueError("confirmation code: six digits are needed")
    return SEALS[int(code) % len(SEALS)]


def _truncate(digest: bytes) -> str:
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
