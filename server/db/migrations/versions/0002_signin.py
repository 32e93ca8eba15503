"""Signing in: challenges, messages, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_challenges",
        sa.Column("challenge_id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("used", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_id", name=op.f("pk_sign_in_challenges")),
    )
    op.create_index("ix_sign_in_challenges_phone", "sign_in_challenges", ["phone", "asked_at"])
    op.create_index("ix_sign_in_challenges_asked_at", "sign_in_challenges", ["asked_at"])
    op.create_table(
        "sign_in_messages",
        sa.Column("challenge_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("client_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["challenge_id"],
            ["sign_in_challenges.challenge_id"],
            name=op.f("fk_sign_in_messages_challenge_id_sign_in_challenges"),
        ),
        sa.PrimaryKeyConstraint("challenge_id", "number", name=op.f("pk_sign_in_messages")),
    )
    op.create_index("ix_sign_in_messages_phone", "sign_in_messages", ["phone", "sent_at"])
    op.create_index(
        "ix_sign_in_messages_client_hash", "sign_in_messages", ["client_hash", "sent_at"]
    )
    op.create_index("ix_sign_in_messages_sent_at", "sign_in_messages", ["sent_at"])
    op.create_table(
        "sign_in_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_sessions")),
    )
    op.create_index("ix_sign_in_sessions_expires_at", "sign_in_sessions", ["expires_at"])
