"""締め: ends a period of a service for good, and says what each shop earned in it."""

from server.settlement.closes.reads import (
    all_closes,
    close_numbered,
    closes_of,
    find_close,
    lane_ranges,
    last_close,
    shop_sums,
)
from server.settlement.closes.types import Close, CloseId, ShopSum

__all__ = [
    "Close",
    "CloseId",
    "ShopSum",
    "all_closes",
    "close_numbered",
    "closes_of",
    "find_close",
    "lane_ranges",
    "last_close",
    "shop_sums",
]
