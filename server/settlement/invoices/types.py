"""請求書 to the city: what it owes for what was used in a month's closes, added up when it is made.

Points and premium are billed when they are used, never when they are granted: what expires unused
costs the city nothing. Amounts are whole yen.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from protos.units import Yen
from server.directory import ServiceId, ServiceKind
from server.settlement.invoices.refusals import InvoiceCode, invoice_refusal


class Claim(Enum):
    """What the city is billed for; by letter, as on the paper."""

    PREMIUM = "A"
    BONUS = "B"
    ACTIVITY = "C"
    OTHER = "D"


@dataclass(frozen=True, slots=True)
class CloseLine:
    """One close: what shops are paid for it, and who bears that."""

    service_id: ServiceId
    service_name: str
    kind: ServiceKind
    number: int
    first_day: date
    last_day: date
    pay_day: date
    mark: str
    """帳簿の照合値: hash of the close's entry in the ledger, hexadecimal."""
    net: int
    """差引 of all shops' statements: what the close says."""
    lots: int
    """From which something was used."""
    paid_share: int
    """購入者負担: shown, not billed."""
    claims: Mapping[Claim, int]

    @property
    def used(self) -> int:
        """換金額: what the lots say; equals ``net`` or there is no invoice."""
        return self.paid_share + sum(self.claims.values())


@dataclass(frozen=True, slots=True)
class PointLine:
    """B, C or D from the first grant to the end of the month."""

    claim: Claim
    granted: int = 0
    """付与 less 付与キャンセル."""
    billed_before: int = 0
    billed: int = 0
    """Used in the closes of this invoice."""
    lost: int = 0
    """有効期限切れ and 失効: never billed."""
    left: int = 0
    """Not used yet."""


@dataclass(frozen=True, slots=True)
class PremiumFrame:
    """The premium of a campaign, and how much of it was billed up to now, this month included."""

    name: str
    total: Yen
    billed: int


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """Settings of the operator."""

    issuer_name: str
    issuer_address: str
    phone: str
    hours: str
    email: str
    addressee: str
    contract: str
    account: str
    account_name: str
    registration: str
    """登録番号 (T and 13 digits): printed only where a line is taxed."""
    commission: Yen
    """委託料 of a month without tax; 0: billed elsewhere."""
    commission_tax: int
    """Per cent; 0: not taxed."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One month. Raises Refusal, INVOICE_DIFFERS, when it does not add up."""

    facts: InvoiceFacts
    year: int
    month: int
    issued_on: date
    due_on: date
    closes: tuple[CloseLine, ...]
    points: tuple[PointLine, ...]
    frames: tuple[PremiumFrame, ...] = field(default=())

    def __post_init__(self) -> None:
        for what, found, wanted in self._equations():
            if found != wanted:
                raise invoice_refusal(
                    InvoiceCode.DIFFERS, what=what, found=str(found), wanted=str(wanted)
                )

    @property
    def number(self) -> str:
        """請求番号."""
        return f"C-{self.year}-{self.month:02}"

    def of(self, claim: Claim) -> int:
        """What is billed for it."""
        return sum(line.claims.get(claim, 0) for line in self.closes)

    @property
    def tax(self) -> int:
        """消費税 of the 委託料, fractions of a yen cut off."""
        return self.facts.commission * self.facts.commission_tax // 100

    @property
    def total(self) -> int:
        """ご請求額, tax included."""
        return sum(self.of(claim) for claim in Claim) + self.facts.commission + self.tax

    def _equations(self) -> Iterator[tuple[str, int, int]]:
        for line in self.closes:
            where = f"{line.service_id} 第{line.number}回"
            yield f"{where} の換金額と精算明細の差引", line.used, line.net
            for claim, amount in line.claims.items():
                yield f"{where} の{claim.value}がマイナスでないこと", int(amount >= 0), 1
        for point in self.points:
            added = point.billed_before + point.billed + point.lost + point.left
            yield f"{point.claim.value} の付与と使われ方", added, point.granted
            yield f"{point.claim.value} の明細と請求", point.billed, self.of(point.claim)


def last_of_month(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def month_after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)
