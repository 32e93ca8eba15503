"""Grants and charges: their transaction rows, cancels, expiry rules, files."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BOOKS = [
    "grant_transactions",
    "grant_cancels",
    "expiry_rules",
    "bulk_confirmations",
    "bulk_completions",
]


def upgrade() -> None:
    op.create_table(
        "grant_transactions",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("funding", sa.SmallInteger(), nullable=False),
        sa.Column("origin", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.Text(), nullable=True),
        sa.Column("note_hash", sa.LargeBinary(), nullable=False),
        sa.Column("before_value", sa.BigInteger(), nullable=False),
        sa.Column("after_value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_transactions")),
    )
    op.create_index(
        "ix_grant_transactions_batch",
        "grant_transactions",
        ["batch_id", "line"],
        sqlite_where=sa.text("batch_id IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "grant_notes",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("note1", sa.Text(), nullable=False),
        sa.Column("note2", sa.Text(), nullable=False),
        sa.Column("note3", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_notes")),
    )
    op.create_table(
        "grant_cancels",
        sa.Column("cancel_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("before_value", sa.BigInteger(), nullable=False),
        sa.Column("after_value", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "after_value = before_value - amount",
            name=op.f("ck_grant_cancels_after_is_before_less_amount"),
        ),
        sa.PrimaryKeyConstraint("cancel_id", name=op.f("pk_grant_cancels")),
        sa.UniqueConstraint("grant_id", name=op.f("uq_grant_cancels_grant_id")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_grant_cancels_idempotency_key")),
    )
    op.create_table(
        "expiry_rules",
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "version", name=op.f("pk_expiry_rules")),
    )
    op.create_table(
        "bulk_batches",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("file_digest", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("by_operator", sa.Text(), nullable=False),
        sa.Column("previewed_at", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("new_lines", sa.BigInteger(), nullable=False),
        sa.Column("repeated_lines", sa.BigInteger(), nullable=False),
        sa.Column("wrong_lines", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("shown_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_bulk_batches")),
    )
    op.create_index(op.f("ix_bulk_batches_file_digest"), "bulk_batches", ["file_digest"])
    op.create_table(
        "bulk_lines",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grant_key", sa.Text(), nullable=False),
        sa.Column("operation", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.SmallInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("note1", sa.Text(), nullable=False),
        sa.Column("note2", sa.Text(), nullable=False),
        sa.Column("note3", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "line", name=op.f("pk_bulk_lines")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bulk_confirmations",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("file_digest", sa.Text(), nullable=False),
        sa.Column("shown_digest", sa.Text(), nullable=False),
        sa.Column("new_lines", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_bulk_confirmations")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_bulk_confirmations_idempotency_key")),
        sa.UniqueConstraint("serial", name=op.f("uq_bulk_confirmations_serial")),
    )
    op.create_table(
        "bulk_completions",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_bulk_completions")),
    )
    protect_books(op.get_bind(), BOOKS)
