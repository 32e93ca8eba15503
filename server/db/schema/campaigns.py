"""The campaigns' tables: a service's terms by version, and grants."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.schema.base import Access, access, metadata

service_terms: Final = Table(
    "service_terms",
    metadata,
    Column("service_id", Text, ForeignKey("services.service_id"), primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("usable_from", BigInteger, nullable=False),
    Column("usable_until", BigInteger, nullable=False),
    Column("close_rule", Text, nullable=False),
    Column("pay_rule", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("payer_name", Text, nullable=False),
    Column("on_holiday", Text, nullable=False, server_default="next"),
    CheckConstraint("usable_from < usable_until", name="window"),
    info=access(Access.BOOK),
)
"""A change is a new version that takes effect at a future boundary. ``close_rule``, ``pay_rule``,
``on_holiday``: the schedule as it is written, ``weekly:FRI``, ``weekday:TUE:2``, ``next``."""

grants: Final = Table(
    "grants",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("user_id", Text, nullable=False, index=True),
    Column("service_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("lot_id", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    UniqueConstraint("idempotency_key"),
    CheckConstraint("amount > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""The domain's row of a 付与 or チャージ entry; ``grant_id`` is the entry's id."""

Index("ix_grants_time", grants.c.granted_at, grants.c.grant_id)
