"""QR check, quote, claim, pay, outcome of a sale, cancel, cash refund.

The face of this room is ``PaymentDesk``; everything it takes and gives is in ``types``, every
reason to refuse in ``refusals``.
"""

from server.payments.assembly import announcement_of
from server.payments.cancel_refusals import CancelCode
from server.payments.cancel_types import (
    AcceptExpired,
    ByKind,
    CancelBy,
    Cancelled,
    CancelRequest,
    CancelSlip,
    CashRefund,
    CashRefundPage,
    ExpiredLotRule,
    RefundRequest,
    by_operator,
    by_shop,
    by_terminal,
)
from server.payments.cancelling import PaymentCancels
from server.payments.closing_facts import OpenSales, Promised, open_sales, promised_sums
from server.payments.desk import PaymentDesk
from server.payments.many import MOST_OF_MANY, ManyPayment, PaidOfMany
from server.payments.on_paper import CancelOnPaper, PaperReader
from server.payments.queries import find_payment
from server.payments.refusals import RefusalCode, Refused
from server.payments.rules import Committed
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
from server.payments.verify import verify_outcomes, verify_payment_rows, verify_payments
from server.payments.verify_cancels import verify_cancels

__all__ = [
    "MOST_OF_MANY",
    "NOTHING_MOVED",
    "AcceptExpired",
    "AgainOnStand",
    "Announcement",
    "AnnouncementId",
    "ByKind",
    "CancelBy",
    "CancelCode",
    "CancelOnPaper",
    "CancelRequest",
    "CancelSlip",
    "Cancelled",
    "CashRefund",
    "CashRefundPage",
    "Claim",
    "ClaimChange",
    "ClaimLimits",
    "ClaimState",
    "Committed",
    "DayTotals",
    "DeskHooks",
    "DeskSettings",
    "ExpiredLotRule",
    "HistoryPage",
    "Language",
    "LegRequest",
    "LotBalance",
    "ManyPayment",
    "NotKnown",
    "OpenSales",
    "Paid",
    "PaidOfMany",
    "PaperReader",
    "Payment",
    "PaymentCancels",
    "PaymentDesk",
    "PaymentLeg",
    "PaymentsPage",
    "Promised",
    "Quote",
    "RefundRequest",
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
    "announcement_of",
    "by_operator",
    "by_shop",
    "by_terminal",
    "find_payment",
    "open_sales",
    "promised_sums",
    "verify_cancels",
    "verify_outcomes",
    "verify_payment_rows",
    "verify_payments",
    "words_of",
]
