"""The payments' tables: outcomes of sales, payments and their legs, declines, claims, outbox."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.db.schema.base import Access, access, metadata

sale_outcomes: Final = Table(
    "sale_outcomes",
    metadata,
    Column("terminal_number", BigInteger, primary_key=True, autoincrement=False),
    Column("sale_number", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("payment_id", Text, nullable=True),
    Column("decided_at", BigInteger, nullable=False),
    CheckConstraint("(state = 2) = (payment_id IS NOT NULL)", name="paid_names_payment"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""The first insert wins: 2 paid, 3 void. No row: still open."""

sale_voids: Final = Table(
    "sale_voids",
    metadata,
    Column("terminal_number", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("sale_number", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("terminal_number", "sale_number"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""Voids move no money and have no entry: each terminal's form a chain of their own, from 1."""

payments: Final = Table(
    "payments",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("terminal_number", BigInteger, nullable=False),
    Column("sale_number", BigInteger, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("paid_at", BigInteger, nullable=False),
    Column("announced_to", BigInteger, nullable=True),
    Column("sequence", BigInteger, nullable=False),
    UniqueConstraint("user_id", "idempotency_key"),
    UniqueConstraint("announced_to", "sequence"),
    CheckConstraint("amount > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""The domain's row of a 利用 entry; ``payment_id`` is the entry's id."""

Index("ix_payments_history", payments.c.user_id, payments.c.paid_at, payments.c.payment_id)
Index("ix_payments_day", payments.c.announced_to, payments.c.paid_at)
Index("ix_payments_time", payments.c.paid_at, payments.c.payment_id)
Index("ix_payments_shop", payments.c.shop_id, payments.c.paid_at, payments.c.payment_id)

transactions: Final = Table(
    "transactions",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("leg", SmallInteger, primary_key=True, autoincrement=False),
    Column("transaction_id", Text, nullable=False, unique=True),
    Column("service_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("before_value", BigInteger, nullable=False),
    Column("after_value", BigInteger, nullable=False),
    Column("lots_after", Text, nullable=False),
    Column("closes_at", BigInteger, nullable=False),
    Column("pay_day", Text, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("after_value = before_value - amount", name="after_is_before_less_amount"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""One row per leg (取引). ``lots_after``: JSON ``[[expires_at, amount], …]`` for the slip."""

declines: Final = Table(
    "declines",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("refusal", Text, nullable=False),
    Column("declined_at", BigInteger, nullable=False, index=True),
    info=access(Access.DELETABLE),
)
"""What the ledger refused, kept 30 days so that a late duplicate is refused as well."""

claims: Final = Table(
    "claims",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("terminal_number", BigInteger, nullable=False),
    Column("sale_number", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
    Column("end_reason", Text, nullable=True),
    info=access(Access.DELETABLE),
)
"""Who holds or held a sale. Pruned after a day; it is no book."""

Index(
    "uq_claims_open_sale",
    claims.c.terminal_number,
    claims.c.sale_number,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index(
    "uq_claims_open_user",
    claims.c.user_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index("ix_claims_user", claims.c.user_id, claims.c.started_at)
Index("ix_claims_revision", claims.c.terminal_number, claims.c.revision)

outbox: Final = Table(
    "outbox",
    metadata,
    Column("terminal_number", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("payment_id", Text, nullable=False),
    Column("announced_at", BigInteger, nullable=True),
    info=access(Access.DELETABLE),
)
"""What the relay still has to publish; marked rows are pruned, the payment itself stays."""

Index(
    "ix_outbox_unsent",
    outbox.c.terminal_number,
    outbox.c.sequence,
    sqlite_where=text("announced_at IS NULL"),
    postgresql_where=text("announced_at IS NULL"),
)
