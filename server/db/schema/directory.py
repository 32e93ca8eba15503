"""The directory's tables: services, merchants, shops, terminals, users."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    text,
)

from server.db.schema.base import Access, access, metadata

services: Final = Table(
    "services",
    metadata,
    Column("service_id", Text, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("stand_payments", SmallInteger, nullable=False),
    info=access(Access.STATE),
)

merchants: Final = Table(
    "merchants",
    metadata,
    Column("merchant_id", Text, primary_key=True),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    info=access(Access.STATE),
)

shops: Final = Table(
    "shops",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("owner", BigInteger, nullable=False, unique=True),
    Column("merchant_id", Text, ForeignKey("merchants.merchant_id"), nullable=False),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("state", SmallInteger, nullable=False),
    info=access(Access.STATE),
)
"""``owner``: the shop's number inside the ledger."""

shop_services: Final = Table(
    "shop_services",
    metadata,
    Column("shop_id", Text, ForeignKey("shops.shop_id"), primary_key=True),
    Column("service_id", Text, ForeignKey("services.service_id"), primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    info=access(Access.STATE),
)
"""What a shop takes, and the account that is credited there."""

terminals: Final = Table(
    "terminals",
    metadata,
    Column("terminal_id", Text, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("shop_id", Text, ForeignKey("shops.shop_id"), nullable=False),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("home_terminal_id", Text, ForeignKey("terminals.terminal_id"), nullable=True),
    info=access(Access.STATE),
)

terminal_numbers: Final = Table(
    "terminal_numbers",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("terminal_id", Text, ForeignKey("terminals.terminal_id"), nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger, nullable=True),
    Column("drift", BigInteger, nullable=False),
    info=access(Access.STATE),
)
"""One row per enrolment. ``drift``: the device's clock less the server's, microseconds."""

Index(
    "uq_terminal_numbers_current",
    terminal_numbers.c.terminal_id,
    unique=True,
    sqlite_where=text("retired_at IS NULL"),
    postgresql_where=text("retired_at IS NULL"),
)

users: Final = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("owner", BigInteger, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)

revision: Final = Table(
    "directory_revision",
    metadata,
    Column("singleton", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("singleton = 1", name="singleton"),
    info=access(Access.STATE),
)
"""Raised by triggers with every change of what a payment needs to know of places and terms, so
that server processes may remember it."""

user_contacts: Final = Table(
    "user_contacts",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("phone", Text, nullable=False, unique=True),
    info=access(Access.DELETABLE),
)
"""What is known of a person; the books never name it."""

user_departures: Final = Table(
    "user_departures",
    metadata,
    Column("user_id", Text, ForeignKey("users.user_id"), primary_key=True),
    Column("owner", BigInteger, nullable=False, unique=True),
    Column("entry_id", Text, nullable=False),
    Column("left_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""退会: who left, and the ledger's entry that took the rest; empty when nothing was left."""
