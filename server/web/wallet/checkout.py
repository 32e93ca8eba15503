"""The sale that a browser is about to pay, kept signed in its own cookie: nothing is stored."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from protos.units import Micros, PaymentId, Yen
from server.payments import Claim, SaleKind, SaleOffer
from server.web.wallet.words import Lang


@dataclass(frozen=True, slots=True)
class Checkout:
    """What was scanned, and how far the customer has come with it."""

    ticket: str
    stand: bool
    shop_ja: str
    shop_en: str
    terminal_ja: str
    terminal_en: str
    fixed: Yen
    """0: the customer enters the amount."""
    expires_at: Micros
    claimed_until: Micros = Micros(0)
    """0: not claimed, or a stand, where nothing is held."""
    payment_id: PaymentId | None = None
    """Set once it is paid: who goes back sees the payment, and can't start it again."""

    @classmethod
    def of(cls, offer: SaleOffer) -> "Checkout":
        """A genuine scan, nothing done yet."""
        return cls(
            ticket=offer.ticket,
            stand=offer.kind is SaleKind.STAND,
            shop_ja=offer.shop_name_ja,
            shop_en=offer.shop_name_en,
            terminal_ja=offer.terminal_name_ja,
            terminal_en=offer.terminal_name_en,
            fixed=offer.amount,
            expires_at=offer.expires_at,
        )

    @classmethod
    def read(cls, value: dict[str, Any]) -> "Checkout":
        """From what ``write`` gave; the seal has been checked."""
        return cls(**{f.name: value[f.name] for f in fields(cls)})

    def write(self) -> dict[str, Any]:
        """Plain values, for sealing."""
        return asdict(self)

    def claimed(self, claim: Claim) -> "Checkout":
        """The same, held by this customer."""
        until = Micros(0) if self.stand else claim.expires_at
        return replace(self, ticket=claim.ticket, claimed_until=until)

    def paid(self, payment_id: PaymentId) -> "Checkout":
        """The same, done."""
        return replace(self, payment_id=payment_id)

    def shop(self, lang: Lang) -> str:
        """The shop's name for the reader."""
        return self.shop_ja if lang is Lang.JA else self.shop_en or self.shop_ja

    def terminal(self, lang: Lang) -> str:
        """The terminal's name for the reader."""
        return self.terminal_ja if lang is Lang.JA else self.terminal_en or self.terminal_ja
