"""The campaigns' tables of what customers lose: expired and forfeited balances."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Table, Text

from server.db.schema.base import Access, access, metadata

expiries: Final = Table(
    "expiries",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("owner", BigInteger, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("lots", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("expired_at", BigInteger, nullable=False),
    CheckConstraint("amount > 0 AND lots > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""The domain's row of a 有効期限切れ entry: one customer, one service.

``expired_at``: when it was booked."""

Index("ix_expiries_day", expiries.c.expired_at)
Index("ix_expiries_owner", expiries.c.owner, expiries.c.expired_at)

forfeits: Final = Table(
    "forfeits",
    metadata,
    Column("entry_id", Text, primary_key=True),
    Column("service_id", Text, primary_key=True),
    Column("owner", BigInteger, nullable=False),
    Column("forfeited", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("forfeited_at", BigInteger, nullable=False),
    CheckConstraint(
        "forfeited >= 0 AND expired >= 0 AND forfeited + expired > 0", name="amount_positive"
    ),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""The domain's rows of a 失効 entry: what a customer who left still had, by service."""

Index("ix_forfeits_day", forfeits.c.forfeited_at)
