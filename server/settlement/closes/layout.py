"""What the chain holds of a close: its own row, its lanes and its sums, as one digest.

subject: ``choba-close-v1`` ‖ close id 20 ‖ number 8 ‖ first day, last day, pay day 4 each (days
since 0001-01-01, that day being 1) ‖ boundary 8 ‖ version of the terms 8 ‖ length of the service
id 2 ‖ service id ‖ lanes 4 ‖ per lane, by its id: id, after, until 8 each ‖ shops 4 ‖ per shop, by
its id: account, used yen, used count, cancelled yen, cancelled count 8 each, length of the shop id
2, shop id; SHA-256, numbers big-endian and signed. ``closed_at`` is the instant of the entry.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final

from server.ledger import LaneRange
from server.settlement.closes.types import Close, ShopSum

_HEAD: Final = struct.Struct(">14s20sqiiiqqh")
_COUNT: Final = struct.Struct(">i")
_LANE: Final = struct.Struct(">qqq")
_SHOP: Final = struct.Struct(">qqqqqh")
_WORD: Final = b"choba-close-v1"


def close_subject(close: Close, lanes: Sequence[LaneRange], sums: Sequence[ShopSum]) -> bytes:
    """Raises struct.error, UnicodeError for values that no close ever had."""
    service = close.service_id.encode("utf-8")
    parts = [
        _HEAD.pack(
            _WORD,
            close.close_id.encode("ascii"),
            close.number,
            close.first_day.toordinal(),
            close.last_day.toordinal(),
            close.pay_day.toordinal(),
            close.boundary,
            close.terms_version,
            len(service),
        ),
        service,
        _COUNT.pack(len(lanes)),
        *(
            _LANE.pack(one.lane, one.after, one.until)
            for one in sorted(lanes, key=lambda one: one.lane)
        ),
        _COUNT.pack(len(sums)),
    ]
    for one in sorted(sums, key=lambda one: one.shop_id):
        shop = one.shop_id.encode("utf-8")
        packed = _SHOP.pack(
            one.account, one.used, one.used_count, one.cancelled, one.cancelled_count, len(shop)
        )
        parts += [packed, shop]
    return hashlib.sha256(b"".join(parts)).digest()
