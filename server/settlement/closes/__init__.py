"""締め: ends a period of a service for good, and says what each shop earned in it."""

from server.settlement.closes.closing import (
    BY_TIMER,
    SERVER,
    Closed,
    CloseDesk,
    ClosePreview,
)
from server.settlement.closes.reads import (
    all_closes,
    close_numbered,
    close_totals,
    closes_of,
    find_close,
    lane_ranges,
    last_close,
    shop_sums,
)
from server.settlement.closes.refusals import CloseCode, close_unknown
from server.settlement.closes.timer import CloseTimer
from server.settlement.closes.types import Close, CloseId, CloseTotal, ShopSum
from server.settlement.closes.verify import verify_closes

__all__ = [
    "BY_TIMER",
    "SERVER",
    "Close",
    "CloseCode",
    "CloseDesk",
    "CloseId",
    "ClosePreview",
    "CloseTimer",
    "CloseTotal",
    "Closed",
    "ShopSum",
    "all_closes",
    "close_numbered",
    "close_totals",
    "close_unknown",
    "closes_of",
    "find_close",
    "lane_ranges",
    "last_close",
    "shop_sums",
    "verify_closes",
]
