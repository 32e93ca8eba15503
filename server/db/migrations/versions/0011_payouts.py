"""Payouts: bank details, corrections, bulks of transfers with what each is made of, returns."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BOOKS = (
    "payout_settings",
    "merchant_payouts",
    "bank_requests",
    "bank_decisions",
    "corrections",
    "correction_decisions",
    "payout_bulks",
    "payout_events",
    "payouts",
    "payout_shops",
    "payout_items",
    "payout_files",
    "payout_returns",
)


def upgrade() -> None:
    _where_to_pay()
    _corrections()
    _bulks()
    _payouts()
    op.execute("INSERT INTO counters (name, value) VALUES ('payout_bulk', 0)")
    protect_books(op.get_bind(), BOOKS)


def _where_to_pay() -> None:
    op.create_table(
        "payout_settings",
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("bank_code", sa.Text(), nullable=False),
        sa.Column("branch_code", sa.Text(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("fee_bearer", sa.SmallInteger(), nullable=False),
        sa.Column("test_banks", sa.SmallInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "minimum > 0 AND fee >= 0",
            name=op.f("ck_payout_settings_not_negative"),
        ),
        sa.PrimaryKeyConstraint("service_id", "version", name=op.f("pk_payout_settings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "merchant_payouts",
        sa.Column("merchant_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("one_transfer", sa.SmallInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "version", name=op.f("pk_merchant_payouts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bank_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("payee_kind", sa.SmallInteger(), nullable=False),
        sa.Column("payee_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("details_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_bank_requests")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_bank_requests_idempotency_key")),
        sa.UniqueConstraint(
            "payee_kind",
            "payee_id",
            "version",
            name=op.f("uq_bank_requests_payee_kind_payee_id_version"),
        ),
    )
    op.create_table(
        "bank_decisions",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("approved", sa.SmallInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_bank_decisions")),
    )
    op.create_table(
        "bank_details",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("bank_code", sa.Text(), nullable=False),
        sa.Column("branch_code", sa.Text(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("account_number", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_bank_details")),
    )


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note_hash", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount <> 0",
            name=op.f("ck_corrections_not_zero"),
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_corrections")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_corrections_idempotency_key")),
    )
    op.create_table(
        "correction_decisions",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("approved", sa.SmallInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_correction_decisions")),
    )
    op.create_table(
        "payout_notes",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_payout_notes")),
    )


def _bulks() -> None:
    op.create_table(
        "payout_bulks",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("pay_day", sa.Text(), nullable=False),
        sa.Column("settings_version", sa.BigInteger(), nullable=False),
        sa.Column("payer_name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "count > 0 AND total > 0",
            name=op.f("ck_payout_bulks_not_empty"),
        ),
        sa.PrimaryKeyConstraint("bulk_id", name=op.f("pk_payout_bulks")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payout_bulks_idempotency_key")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_bulks_number")),
    )
    op.create_index("ix_payout_bulks_service", "payout_bulks", ["service_id", "number"])
    op.create_table(
        "payout_events",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.SmallInteger(), nullable=False),
        sa.Column("by_operator", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", "number", name=op.f("pk_payout_events")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payout_files",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", name=op.f("pk_payout_files")),
    )
    op.create_table(
        "payout_file_contents",
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", name=op.f("pk_payout_file_contents")),
    )


def _payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("bulk_id", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("payee_kind", sa.SmallInteger(), nullable=False),
        sa.Column("payee_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("hold_code", sa.Text(), nullable=False),
        sa.Column("details_id", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("operator_fee", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("carried", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 1) = (amount > 0) AND (outcome = 1 OR fee + operator_fee = 0)",
            name=op.f("ck_payouts_only_transfers_pay"),
        ),
        sa.CheckConstraint(
            "amount >= 0 AND fee >= 0 AND operator_fee >= 0",
            name=op.f("ck_payouts_never_negative"),
        ),
        sa.CheckConstraint(
            "gross = fee + amount + carried",
            name=op.f("ck_payouts_adds_up"),
        ),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("bulk_id", "line", name=op.f("uq_payouts_bulk_id_line")),
        sa.UniqueConstraint(
            "bulk_id", "payee_kind", "payee_id", name=op.f("uq_payouts_bulk_id_payee_kind_payee_id")
        ),
    )
    op.create_table(
        "payout_shops",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("closes", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.BigInteger(), nullable=False),
        sa.Column("carried_in", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("carried_out", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "closes + corrections + carried_in + returned = fee + amount + carried_out",
            name=op.f("ck_payout_shops_adds_up"),
        ),
        sa.PrimaryKeyConstraint("payout_id", "shop_id", name=op.f("pk_payout_shops")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payout_items",
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("use", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "source_id", "shop_id", "use", name=op.f("pk_payout_items")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_payout_items_payout", "payout_items", ["payout_id"])
    op.create_table(
        "payout_returns",
        sa.Column("return_id", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("details_wrong", sa.SmallInteger(), nullable=False),
        sa.Column("note_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_payout_returns")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_payout_returns_payout_id")),
    )
