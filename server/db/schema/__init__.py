"""Every table, a module per room. A room reads and writes its own tables only.

Times are BIGINT microseconds UTC, amounts BIGINT yen, public ids text. Hot books carry no foreign
keys (a check per row would cost more than the row); ``choba audit verify`` proves what they would.
"""

from server.db.schema import (
    campaigns,
    cancels,
    closes,
    deposits,
    directory,
    fleet,
    grants,
    house,
    lapses,
    ledger,
    oversight,
    payments,
    payouts,
    reports,
    selling,
    signin,
)
from server.db.schema.base import Access, access, metadata

__all__ = [
    "Access",
    "access",
    "campaigns",
    "cancels",
    "closes",
    "deposits",
    "directory",
    "fleet",
    "grants",
    "house",
    "lapses",
    "ledger",
    "metadata",
    "oversight",
    "payments",
    "payouts",
    "reports",
    "selling",
    "signin",
]
