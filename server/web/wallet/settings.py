"""What the composition root tells the wallet: names, hosts, and how strict the listener is."""

from dataclasses import dataclass
from enum import Enum

from protos.units import MAX_AMOUNT, Yen


class PlainHttp(Enum):
    """What the wallet does on a listener without TLS."""

    REFUSED = "refused"
    """Every page but the static files answers 403 with a sentence: the rule outside of a demo."""
    DEMO = "demo"
    """Cookies go without ``Secure`` and ``__Host-``, so that one's own phone can open the demo's QR
    on the local network without a certificate warning. Never for real money."""


@dataclass(frozen=True, slots=True)
class WalletSettings:
    """Settings of the wallet's web pages."""

    secret: bytes
    """At least 32 bytes, the same in every server process: seals form tokens and cookies."""
    qr_hosts: frozenset[str]
    """``host`` or ``host:port``, lower case: whose QR this wallet opens. Nobody else's."""
    name_ja: str = "まち商品券"
    name_en: str = "Machi Vouchers"
    help_phone: str = "0120-000-000"
    help_hours_ja: str = "毎日9時〜18時"
    help_hours_en: str = "daily 9:00-18:00"
    max_amount: Yen = MAX_AMOUNT
    """The desk's own limit of one payment, said where it is entered."""
    plain_http: PlainHttp = PlainHttp.REFUSED

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise ValueError("CHOBA_WEB_SECRET_SHORT: the wallet's secret needs 32 bytes or more")
