"""Selling vouchers: terms of campaigns, eligibility, applications, draws, purchases."""

import sqlalchemy as sa
from alembic import op

from server.db.guards import protect_books

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BOOKS = (
    "applications",
    "campaign_rounds",
    "campaign_terms",
    "draw_lists",
    "draw_results",
    "draws",
    "eligibility_files",
    "order_outcomes",
    "purchase_orders",
    "purchases",
)


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_applications_units")),
        sa.PrimaryKeyConstraint("application_id", "revision", name=op.f("pk_applications")),
        sa.UniqueConstraint(
            "campaign_id",
            "round",
            "user_id",
            "revision",
            name=op.f("uq_applications_campaign_id_round_user_id_revision"),
        ),
        sa.UniqueConstraint(
            "user_id", "idempotency_key", name=op.f("uq_applications_user_id_idempotency_key")
        ),
    )
    op.create_table(
        "campaign_counters",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND reserved <= total", name=op.f("ck_campaign_counters_cap")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_counters")),
    )
    op.create_table(
        "campaign_rounds",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("apply_from", sa.BigInteger(), nullable=False),
        sa.Column("apply_until", sa.BigInteger(), nullable=False),
        sa.Column("draw_event", sa.Text(), nullable=False),
        sa.Column("buy_from", sa.BigInteger(), nullable=False),
        sa.Column("buy_until", sa.BigInteger(), nullable=False),
        sa.Column("pay_until", sa.BigInteger(), nullable=False),
        sa.Column("release_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "version", "round", name=op.f("pk_campaign_rounds")),
    )
    op.create_table(
        "draw_lists",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("supply", sa.BigInteger(), nullable=False),
        sa.Column("applications", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("draw_event", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_draw_lists")),
        sa.UniqueConstraint("campaign_id", "round", name=op.f("uq_draw_lists_campaign_id_round")),
    )
    op.create_table(
        "draw_results",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "application_id", name=op.f("pk_draw_results")),
    )
    op.create_table(
        "draws",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("units_won", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_draws")),
    )
    op.create_table(
        "eligibility_files",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "sha256", name=op.f("pk_eligibility_files")),
    )
    op.create_table(
        "eligibility_tries",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "user_id", name=op.f("pk_eligibility_tries")),
    )
    op.create_table(
        "eligible_residents",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Text(), nullable=False),
        sa.Column("misses", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_eligible_residents")),
        sa.UniqueConstraint(
            "campaign_id", "code_hash", name=op.f("uq_eligible_residents_campaign_id_code_hash")
        ),
        sa.UniqueConstraint(
            "campaign_id", "user_id", name=op.f("uq_eligible_residents_campaign_id_user_id")
        ),
    )
    op.create_table(
        "order_outcomes",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("collector", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("collected_on", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bonus", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 1) = (receipt IS NOT NULL)",
            name=op.f("ck_order_outcomes_collected_names_receipt"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_outcomes")),
        sa.UniqueConstraint(
            "collector", "receipt", name=op.f("uq_order_outcomes_collector_receipt")
        ),
    )
    op.create_table(
        "purchase_orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("face", sa.BigInteger(), nullable=False),
        sa.Column("aged", sa.SmallInteger(), nullable=False),
        sa.Column("terms_version", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("pay_until", sa.BigInteger(), nullable=False),
        sa.Column("release_at", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "units > 0 AND price > 0 AND face >= price", name=op.f("ck_purchase_orders_amounts")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_purchase_orders")),
        sa.UniqueConstraint(
            "user_id", "idempotency_key", name=op.f("uq_purchase_orders_user_id_idempotency_key")
        ),
    )
    op.create_index(
        "ix_purchase_orders_campaign",
        "purchase_orders",
        ["campaign_id", "release_at"],
        unique=False,
    )
    op.create_index(
        "ix_purchase_orders_user", "purchase_orders", ["user_id", "campaign_id"], unique=False
    )
    op.create_table(
        "purchases",
        sa.Column("purchase_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("order_id", name=op.f("uq_purchases_order_id")),
    )
    op.create_table(
        "campaign_terms",
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("name_ja", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("unit_face", sa.BigInteger(), nullable=False),
        sa.Column("units_per_person", sa.BigInteger(), nullable=False),
        sa.Column("total_units", sa.BigInteger(), nullable=False),
        sa.Column("eligible_on", sa.Text(), nullable=False),
        sa.Column("bonus_service_id", sa.Text(), nullable=False),
        sa.Column("bonus_age", sa.SmallInteger(), nullable=False),
        sa.Column("bonus_age_on", sa.Text(), nullable=False),
        sa.Column("bonus_age_rule", sa.Text(), nullable=False),
        sa.Column("bonus_basis_points", sa.BigInteger(), nullable=False),
        sa.Column("bonus_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("bonus_expires_months", sa.SmallInteger(), nullable=False),
        sa.Column("not_for", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "unit_price > 0 AND unit_face >= unit_price", name=op.f("ck_campaign_terms_unit")
        ),
        sa.CheckConstraint(
            "units_per_person > 0 AND total_units > 0", name=op.f("ck_campaign_terms_limits")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.service_id"], name=op.f("fk_campaign_terms_service_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_campaign_terms")),
    )
    protect_books(op.get_bind(), BOOKS)
