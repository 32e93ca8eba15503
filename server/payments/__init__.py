"""QR check, quote, claim, pay, outcome of a sale.

The face of this room is ``PaymentDesk``; everything it takes and gives is in ``types``, every
reason to refuse in ``refusals``.
"""

from server.payments.desk import PaymentDesk
from server.payments.refusals import RefusalCode, Refused
from server.payments.settings import ClaimLimits, DeskHooks, DeskSettings
from server.payments.types import (
    AgainOnStand,
    Announcement,
    AnnouncementId,
    Claim,
    ClaimChange,
    ClaimState,
    DayTotals,
    HistoryPage,
    LegRequest,
    LotBalance,
    NotKnown,
    Paid,
    Payment,
    PaymentLeg,
    PaymentsPage,
    Quote,
    ResolveMode,
    SaleKind,
    SaleOffer,
    SaleResolution,
    SaleState,
    ServiceBalance,
    ServiceTotal,
)

__all__ = [
    "AgainOnStand",
    "Announcement",
    "AnnouncementId",
    "Claim",
    "ClaimChange",
    "ClaimLimits",
    "ClaimState",
    "DayTotals",
    "DeskHooks",
    "DeskSettings",
    "HistoryPage",
    "LegRequest",
    "LotBalance",
    "NotKnown",
    "Paid",
    "Payment",
    "PaymentDesk",
    "PaymentLeg",
    "PaymentsPage",
    "Quote",
    "RefusalCode",
    "Refused",
    "ResolveMode",
    "SaleKind",
    "SaleOffer",
    "SaleResolution",
    "SaleState",
    "ServiceBalance",
    "ServiceTotal",
]
