"""The audit log, leases of work that one process does at a time, gaps of restored streams."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operator_acts",
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by_operator", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_operator_acts")),
    )
    op.create_index("ix_operator_acts_at", "operator_acts", ["at"])
    op.create_index("ix_operator_acts_subject", "operator_acts", ["subject"])
    protect_books(op.get_bind(), ["operator_acts"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "stream_gaps",
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("above", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "above", name=op.f("pk_stream_gaps")),
        sa.CheckConstraint("until > above", name=op.f("ck_stream_gaps_forward")),
    )
    protect_books(op.get_bind(), ["stream_gaps"])
