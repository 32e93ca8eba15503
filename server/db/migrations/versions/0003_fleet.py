"""The fleet: pairing codes, certificates, presence, device events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_events",
        sa.Column("terminal_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("sale_number", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("terminal_number", "event_id", name=op.f("pk_device_events")),
    )
    op.create_index("ix_device_events_received", "device_events", ["received_at"], unique=False)
    op.create_table(
        "key_marks",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_key_marks")),
    )
    op.create_table(
        "pairing_codes",
        sa.Column("pairing_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pairing_id", name=op.f("pk_pairing_codes")),
    )
    op.create_index("ix_pairing_codes_terminal", "pairing_codes", ["terminal_id"], unique=False)
    op.create_table(
        "terminal_certificates",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("terminal_number", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_terminal_certificates")),
    )
    op.create_index(
        "ix_terminal_certificates_terminal", "terminal_certificates", ["terminal_id"], unique=False
    )
    op.create_table(
        "terminal_former_boots",
        sa.Column("terminal_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("followed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "terminal_number", "boot_id", name=op.f("pk_terminal_former_boots")
        ),
    )
    op.create_table(
        "terminal_presence",
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("terminal_number", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("connection_number", sa.BigInteger(), nullable=False),
        sa.Column("connected_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("software_version", sa.Text(), nullable=False),
        sa.Column("highest_sale_number", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.Column("blocked_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("terminal_id", name=op.f("pk_terminal_presence")),
    )
