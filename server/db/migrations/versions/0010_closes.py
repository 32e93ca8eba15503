"""Closes: their row, where they ended in each lane, what each shop earned.

Terms also say where a pay day moves that is no bank day; until now it was always the next one.
"""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BOOKS = ("closes", "close_lanes", "close_shops")


def upgrade() -> None:
    op.add_column(
        "service_terms",
        sa.Column("on_holiday", sa.Text(), server_default="next", nullable=False),
    )
    op.create_table(
        "closes",
        sa.Column("close_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("boundary", sa.BigInteger(), nullable=False),
        sa.Column("pay_day", sa.Text(), nullable=False),
        sa.Column("terms_version", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_closes_number_positive")),
        sa.CheckConstraint("closed_at >= boundary", name=op.f("ck_closes_not_before_its_boundary")),
        sa.PrimaryKeyConstraint("close_id", name=op.f("pk_closes")),
        sa.UniqueConstraint("service_id", "number", name=op.f("uq_closes_service_id_number")),
        sa.UniqueConstraint("service_id", "boundary", name=op.f("uq_closes_service_id_boundary")),
    )
    op.create_table(
        "close_lanes",
        sa.Column("close_id", sa.Text(), nullable=False),
        sa.Column("lane_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_position", sa.BigInteger(), nullable=False),
        sa.Column("until_position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "after_position >= 0 AND after_position <= until_position",
            name=op.f("ck_close_lanes_forward"),
        ),
        sa.PrimaryKeyConstraint("close_id", "lane_id", name=op.f("pk_close_lanes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "close_shops",
        sa.Column("close_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("used_yen", sa.BigInteger(), nullable=False),
        sa.Column("used_count", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_yen", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "used_yen >= 0 AND used_count >= 0 AND cancelled_yen >= 0 AND cancelled_count >= 0",
            name=op.f("ck_close_shops_not_negative"),
        ),
        sa.PrimaryKeyConstraint("close_id", "shop_id", name=op.f("pk_close_shops")),
        sa.UniqueConstraint(
            "close_id", "account_id", name=op.f("uq_close_shops_close_id_account_id")
        ),
        sqlite_with_rowid=False,
    )
    protect_books(op.get_bind(), BOOKS)
