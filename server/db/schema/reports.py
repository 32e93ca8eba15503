"""The reports' tables: sums of days that are over, so that a year's results cost some rows."""

from typing import Final

from sqlalchemy import BigInteger, Column, Table, Text

from server.db.schema.base import Access, access, metadata

result_days: Final = Table(
    "result_days",
    metadata,
    Column("day", Text, primary_key=True),
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    Column("until_position", BigInteger, nullable=False),
    info=access(Access.DELETABLE),
    sqlite_with_rowid=False,
)
"""Where each lane stood at the end of a day (2024-06-07, Asia/Tokyo) whose sums are written.

All of these tables follow from the books: they may be emptied together, and are filled again."""

result_services: Final = Table(
    "result_services",
    metadata,
    Column("service_id", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    info=access(Access.DELETABLE),
    sqlite_with_rowid=False,
)
"""What customers of a service were given, spent, got back and lost on a day. ``kind``: a
``server.ledger.Movement``."""

result_shops: Final = Table(
    "result_shops",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Text, primary_key=True),
    Column("used_yen", BigInteger, nullable=False),
    Column("used_count", BigInteger, nullable=False),
    Column("cancelled_yen", BigInteger, nullable=False),
    Column("cancelled_count", BigInteger, nullable=False),
    info=access(Access.DELETABLE),
    sqlite_with_rowid=False,
)
"""What a shop earned of a service on a day. ``account_id``: what the ledger owes it."""
