"""Cancels of payments, cash refunds, expiries, forfeits, departures."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOOKS = (
    "cancel_slips",
    "cancellations",
    "cash_refunds",
    "expiries",
    "forfeits",
    "user_departures",
)


def upgrade() -> None:
    _cancels()
    _refunds()
    _lapses()
    protect_books(op.get_bind(), BOOKS)


def _cancels() -> None:
    op.create_table(
        "cancellations",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("cancel_id", sa.Text(), nullable=False),
        sa.Column("by_kind", sa.SmallInteger(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note_hash", sa.LargeBinary(), nullable=False),
        sa.Column("accept_expired", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cancellations_amount_positive")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_cancellations")),
        sa.UniqueConstraint("cancel_id", name=op.f("uq_cancellations_cancel_id")),
        sa.UniqueConstraint(
            "by_kind",
            "by_name",
            "idempotency_key",
            name=op.f("uq_cancellations_by_kind_by_name_idempotency_key"),
        ),
    )
    op.create_index("ix_cancellations_day", "cancellations", ["cancelled_at"])
    op.create_table(
        "cancel_slips",
        sa.Column("cancel_id", sa.Text(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("target_transaction_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("before_value", sa.BigInteger(), nullable=False),
        sa.Column("after_value", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("forfeited", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cancel_slips_amount_positive")),
        sa.CheckConstraint(
            "expired >= 0 AND forfeited >= 0", name=op.f("ck_cancel_slips_lost_not_negative")
        ),
        sa.CheckConstraint(
            "after_value = before_value + amount - expired - forfeited",
            name=op.f("ck_cancel_slips_after_is_before_and_what_stays"),
        ),
        sa.PrimaryKeyConstraint("cancel_id", "leg", name=op.f("pk_cancel_slips")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_cancel_slips_transaction_id")),
        sa.UniqueConstraint(
            "target_transaction_id", name=op.f("uq_cancel_slips_target_transaction_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "service_cancel_rules",
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("expired_lots", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["services.service_id"],
            name=op.f("fk_service_cancel_rules_service_id"),
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_cancel_rules")),
    )


def _refunds() -> None:
    op.create_table(
        "cash_refunds",
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("by_kind", sa.SmallInteger(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cash_refunds_amount_positive")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_cash_refunds")),
        sa.UniqueConstraint(
            "by_kind",
            "by_name",
            "idempotency_key",
            name=op.f("uq_cash_refunds_by_kind_by_name_idempotency_key"),
        ),
    )
    op.create_index("ix_cash_refunds_payment", "cash_refunds", ["payment_id"])
    op.create_index("ix_cash_refunds_user", "cash_refunds", ["user_id", "recorded_at", "refund_id"])
    op.create_table(
        "reversal_notes",
        sa.Column("reversal_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reversal_id", name=op.f("pk_reversal_notes")),
    )


def _lapses() -> None:
    op.create_table(
        "expiries",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("lots", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("expired_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0 AND lots > 0", name=op.f("ck_expiries_amount_positive")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_expiries")),
    )
    op.create_index("ix_expiries_day", "expiries", ["expired_at"])
    op.create_index("ix_expiries_owner", "expiries", ["owner", "expired_at"])
    op.create_table(
        "forfeits",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("forfeited", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("forfeited_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "forfeited >= 0 AND expired >= 0 AND forfeited + expired > 0",
            name=op.f("ck_forfeits_amount_positive"),
        ),
        sa.PrimaryKeyConstraint("entry_id", "service_id", name=op.f("pk_forfeits")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_forfeits_day", "forfeits", ["forfeited_at"])
    op.create_table(
        "user_departures",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_user_departures_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_departures")),
        sa.UniqueConstraint("owner", name=op.f("uq_user_departures_owner")),
    )
