"""The payments' tables of what is taken back: cancels, their slips, cash refunds, rules."""

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

cancellations: Final = Table(
    "cancellations",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("cancel_id", Text, nullable=False, unique=True),
    Column("by_kind", SmallInteger, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("note_hash", LargeBinary, nullable=False),
    Column("accept_expired", SmallInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("cancelled_at", BigInteger, nullable=False),
    UniqueConstraint("by_kind", "by_name", "idempotency_key"),
    CheckConstraint("amount > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""The domain's row of a 利用キャンセル entry; ``cancel_id`` is the entry's id.

The first insert for a payment wins, so that nothing is cancelled twice."""

Index("ix_cancellations_day", cancellations.c.cancelled_at)

cancel_slips: Final = Table(
    "cancel_slips",
    metadata,
    Column("cancel_id", Text, primary_key=True),
    Column("leg", SmallInteger, primary_key=True, autoincrement=False),
    Column("transaction_id", Text, nullable=False, unique=True),
    Column("target_transaction_id", Text, nullable=False, unique=True),
    Column("service_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("before_value", BigInteger, nullable=False),
    Column("after_value", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("forfeited", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("expired >= 0 AND forfeited >= 0", name="lost_not_negative"),
    CheckConstraint(
        "after_value = before_value + amount - expired - forfeited",
        name="after_is_before_and_what_stays",
    ),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""One row per leg. ``expired``, ``forfeited``: what was given back and lost in the same entry."""

cash_refunds: Final = Table(
    "cash_refunds",
    metadata,
    Column("refund_id", Text, primary_key=True),
    Column("payment_id", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("by_kind", SmallInteger, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("note_hash", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    UniqueConstraint("by_kind", "by_name", "idempotency_key"),
    CheckConstraint("amount > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""現金返金の記録: moves no money in the ledger. ``transaction_id``: the leg."""

Index("ix_cash_refunds_payment", cash_refunds.c.payment_id)
Index(
    "ix_cash_refunds_user",
    cash_refunds.c.user_id,
    cash_refunds.c.recorded_at,
    cash_refunds.c.refund_id,
)

reversal_notes: Final = Table(
    "reversal_notes",
    metadata,
    Column("reversal_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("why", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""Why something was cancelled or refunded, in somebody's own words; the books hold its hash."""

service_cancel_rules: Final = Table(
    "service_cancel_rules",
    metadata,
    Column("service_id", Text, ForeignKey("services.service_id"), primary_key=True),
    Column("expired_lots", SmallInteger, nullable=False),
    info=access(Access.STATE),
)
"""What a cancel does with lots that have expired; a service without a row has the default."""
