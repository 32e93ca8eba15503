"""支払: from what closes say shops are owed to transfers, their file, and what comes back."""

from server.settlement.payouts.bank_details import (
    details_by_request,
    find_request,
    requests_of,
    waiting_requests,
)
from server.settlement.payouts.bulks import (
    bulks_of,
    find_bulk,
    find_payout,
    items_of,
    payout_on_line,
    payouts_of,
)
from server.settlement.payouts.corrections import corrections_of, find_correction
from server.settlement.payouts.desk import PayoutDesk
from server.settlement.payouts.drafting import Preview
from server.settlement.payouts.of_close import (
    ClosePayout,
    closes_in,
    payout_of_close,
    payouts_of_close,
    payouts_to_shop,
    shops_beside,
)
from server.settlement.payouts.payee_desk import PayeeDesk
from server.settlement.payouts.refusals import PayoutCode
from server.settlement.payouts.rules import Planned
from server.settlement.payouts.settings import payees_of, settings_of
from server.settlement.payouts.types import (
    HOLD_WORDS,
    STATE_AFTER,
    BankDetails,
    BankRequest,
    Bulk,
    BulkEvent,
    BulkState,
    Correction,
    FeeBearer,
    HoldCode,
    Item,
    ItemKind,
    Outcome,
    Payee,
    PayeeKind,
    Payout,
    PayoutSettings,
    RequestState,
    ShopShare,
)
from server.settlement.payouts.verify import verify_payouts

__all__ = [
    "HOLD_WORDS",
    "STATE_AFTER",
    "BankDetails",
    "BankRequest",
    "Bulk",
    "BulkEvent",
    "BulkState",
    "ClosePayout",
    "Correction",
    "FeeBearer",
    "HoldCode",
    "Item",
    "ItemKind",
    "Outcome",
    "Payee",
    "PayeeDesk",
    "PayeeKind",
    "Payout",
    "PayoutCode",
    "PayoutDesk",
    "PayoutSettings",
    "Planned",
    "Preview",
    "RequestState",
    "ShopShare",
    "bulks_of",
    "closes_in",
    "corrections_of",
    "details_by_request",
    "find_bulk",
    "find_correction",
    "find_payout",
    "find_request",
    "items_of",
    "payees_of",
    "payout_of_close",
    "payout_on_line",
    "payouts_of",
    "payouts_of_close",
    "payouts_to_shop",
    "requests_of",
    "settings_of",
    "shops_beside",
    "verify_payouts",
    "waiting_requests",
]
