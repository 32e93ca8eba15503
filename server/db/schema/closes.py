"""The settlement's tables of closes (締め): where each ended, and what each shop earned."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.schema.base import Access, access, metadata

closes: Final = Table(
    "closes",
    metadata,
    Column("close_id", Text, primary_key=True),
    Column("service_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("boundary", BigInteger, nullable=False),
    Column("pay_day", Text, nullable=False),
    Column("terms_version", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    UniqueConstraint("service_id", "number"),
    UniqueConstraint("service_id", "boundary"),
    CheckConstraint("number > 0", name="number_positive"),
    CheckConstraint("closed_at >= boundary", name="not_before_its_boundary"),
    info=access(Access.BOOK),
)
"""The domain's row of a 締め entry; ``close_id`` is the entry's id. Days are Asia/Tokyo, written
2024-06-07, the last one included; ``boundary``: the scheduled instant, first of the next period."""

close_lanes: Final = Table(
    "close_lanes",
    metadata,
    Column("close_id", Text, primary_key=True),
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    Column("after_position", BigInteger, nullable=False),
    Column("until_position", BigInteger, nullable=False),
    CheckConstraint("after_position >= 0 AND after_position <= until_position", name="forward"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""Each lane that there was: the close holds its positions above ``after_position``, up to and with
``until_position``. Empty ranges are written too, so that closes adjoin lane by lane."""

close_shops: Final = Table(
    "close_shops",
    metadata,
    Column("close_id", Text, primary_key=True),
    Column("shop_id", Text, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("used_yen", BigInteger, nullable=False),
    Column("used_count", BigInteger, nullable=False),
    Column("cancelled_yen", BigInteger, nullable=False),
    Column("cancelled_count", BigInteger, nullable=False),
    UniqueConstraint("close_id", "account_id"),
    CheckConstraint(
        "used_yen >= 0 AND used_count >= 0 AND cancelled_yen >= 0 AND cancelled_count >= 0",
        name="not_negative",
    ),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""A row per shop with any use or cancel in the range. ``account_id``: what the ledger owes it."""
