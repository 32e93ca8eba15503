"""The settlement's tables of deposits: what banks say has arrived at shops."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.schema.base import Access, access, metadata

deposits: Final = Table(
    "deposits",
    metadata,
    Column("deposit_id", Text, primary_key=True),
    Column("shop_id", Text, nullable=False),
    Column("arrived_on", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("payer_hash", LargeBinary, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    UniqueConstraint("shop_id", "arrived_on", "amount", "number"),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("number > 0", name="number_positive"),
    info=access(Access.BOOK),
)
"""A line of a shop's bank account. ``arrived_on``: 2024-06-18; ``number``: among those of the same
day and amount, so that the same file twice adds nothing and two equal deposits are two."""

Index("ix_deposits_recorded", deposits.c.recorded_at, deposits.c.deposit_id)

deposit_payers: Final = Table(
    "deposit_payers",
    metadata,
    Column("deposit_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("payer", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""From whom, as the bank wrote it: may name a person. The book holds its salted hash."""
