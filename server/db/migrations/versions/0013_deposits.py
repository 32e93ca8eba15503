"""Deposits: what banks say has arrived at shops; device events found by their payment."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

BOOKS = ("deposits",)


def upgrade() -> None:
    op.create_table(
        "deposits",
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("arrived_on", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("payer_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deposits_amount_positive")),
        sa.CheckConstraint("number > 0", name=op.f("ck_deposits_number_positive")),
        sa.PrimaryKeyConstraint("deposit_id", name=op.f("pk_deposits")),
        sa.UniqueConstraint(
            "shop_id",
            "arrived_on",
            "amount",
            "number",
            name=op.f("uq_deposits_shop_id_arrived_on_amount_number"),
        ),
    )
    op.create_index("ix_deposits_recorded", "deposits", ["recorded_at", "deposit_id"])
    op.create_table(
        "deposit_payers",
        sa.Column("deposit_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("deposit_id", name=op.f("pk_deposit_payers")),
    )
    op.create_index(
        "ix_device_events_payment",
        "device_events",
        ["payment_id"],
        sqlite_where=sa.text("payment_id <> ''"),
        postgresql_where=sa.text("payment_id <> ''"),
    )
    protect_books(op.get_bind(), BOOKS)
