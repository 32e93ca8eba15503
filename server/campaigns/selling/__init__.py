"""Selling vouchers: terms, eligibility, applications, the draw, orders, purchases."""

from server.campaigns.selling.ages import AgeRule, age_on, bonus_due
from server.campaigns.selling.applications import (
    Application,
    application_of,
    applications_of,
    apply_for_vouchers,
)
from server.campaigns.selling.collecting import (
    Collected,
    CollectionPort,
    Fate,
    Instructions,
    LineFate,
    accept_collected,
    read_collected,
)
from server.campaigns.selling.csv_lines import FileRefused, LineCode, LineError, Source
from server.campaigns.selling.desk import (
    ELIGIBILITY_PURPOSE,
    ApplicationLine,
    CampaignDesk,
    CampaignLine,
    pay_by_reference,
)
from server.campaigns.selling.document import parse_terms
from server.campaigns.selling.drawing import (
    FrozenList,
    HeldDraw,
    freeze_list,
    frozen_list,
    hold_draw,
)
from server.campaigns.selling.eligibility import (
    Imported,
    check_residents,
    forget_residents,
    import_residents,
    plain_date,
)
from server.campaigns.selling.linking import (
    Resident,
    prove_eligibility,
    resident_of,
    unlock_resident,
)
from server.campaigns.selling.lottery import DrawList, DrawListError, DrawResult, draw, parse_list
from server.campaigns.selling.orders import (
    Order,
    OrderState,
    order_by_id,
    order_vouchers,
    orders_of,
    release_unpaid,
    units_won,
)
from server.campaigns.selling.purchases import book_purchases, charge_key, pending_purchases
from server.campaigns.selling.refusals import CampaignReason
from server.campaigns.selling.report import (
    CampaignReport,
    RoundReport,
    campaign_report,
    legal_warnings,
)
from server.campaigns.selling.simulator import SimulatedAgency
from server.campaigns.selling.terms import (
    AgeBonus,
    CampaignTerms,
    Round,
    RoundKind,
    add_campaign_terms,
    campaign_at,
    campaigns_at,
    latest_terms,
)
from server.campaigns.selling.verify import verify_campaigns

__all__ = [
    "ELIGIBILITY_PURPOSE",
    "AgeBonus",
    "AgeRule",
    "Application",
    "ApplicationLine",
    "CampaignDesk",
    "CampaignLine",
    "CampaignReason",
    "CampaignReport",
    "CampaignTerms",
    "Collected",
    "CollectionPort",
    "DrawList",
    "DrawListError",
    "DrawResult",
    "Fate",
    "FileRefused",
    "FrozenList",
    "HeldDraw",
    "Imported",
    "Instructions",
    "LineCode",
    "LineError",
    "LineFate",
    "Order",
    "OrderState",
    "Resident",
    "Round",
    "RoundKind",
    "RoundReport",
    "SimulatedAgency",
    "Source",
    "accept_collected",
    "add_campaign_terms",
    "age_on",
    "application_of",
    "applications_of",
    "apply_for_vouchers",
    "bonus_due",
    "book_purchases",
    "campaign_at",
    "campaign_report",
    "campaigns_at",
    "charge_key",
    "check_residents",
    "draw",
    "forget_residents",
    "freeze_list",
    "frozen_list",
    "hold_draw",
    "import_residents",
    "latest_terms",
    "legal_warnings",
    "order_by_id",
    "order_vouchers",
    "orders_of",
    "parse_list",
    "parse_terms",
    "pay_by_reference",
    "pending_purchases",
    "plain_date",
    "prove_eligibility",
    "read_collected",
    "release_unpaid",
    "resident_of",
    "units_won",
    "unlock_resident",
    "verify_campaigns",
]
