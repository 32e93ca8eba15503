"""QR check, quote, claim, pay, outcome of a sale.

The face of this room is ``PaymentDesk``; everything it takes and gives is in ``types``, every
reason to refuse in ``refusals``.
"""

from server.payments.desk import PaymentDesk
from server.payments.many import MOST_OF_MANY, ManyPayment, PaidOfMany
from server.payments.queries import find_payment
from server.payments.refusals import RefusalCode, Refused
from server.payments.sentences import (
    NOTHING_MOVED,
    Language,
    RefusalFamily,
    RefusalWords,
    words_of,
)
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
from server.payments.verify import verify_payments

__all__ = [
    "MOST_OF_MANY",
    "NOTHING_MOVED",
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
    "Language",
    "LegRequest",
    "LotBalance",
    "ManyPayment",
    "NotKnown",
    "Paid",
    "PaidOfMany",
    "Payment",
    "PaymentDesk",
    "PaymentLeg",
    "PaymentsPage",
    "Quote",
    "RefusalCode",
    "RefusalFamily",
    "RefusalWords",
    "Refused",
    "ResolveMode",
    "SaleKind",
    "SaleOffer",
    "SaleResolution",
    "SaleState",
    "ServiceBalance",
    "ServiceTotal",
    "find_payment",
    "verify_payments",
    "words_of",
]
