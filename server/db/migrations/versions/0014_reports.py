"""Reports: sums of days that are over; transactions found by time and by shop."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "result_days",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "lane_id", name=op.f("pk_result_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "result_services",
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "day", "kind", name=op.f("pk_result_services")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "result_shops",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("used_yen", sa.BigInteger(), nullable=False),
        sa.Column("used_count", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_yen", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", name=op.f("pk_result_shops")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_payments_time", "payments", ["paid_at", "payment_id"])
    op.create_index("ix_payments_shop", "payments", ["shop_id", "paid_at", "payment_id"])
    op.create_index("ix_grants_time", "grants", ["granted_at", "grant_id"])
    op.create_index("ix_grant_cancels_time", "grant_cancels", ["cancelled_at", "cancel_id"])
