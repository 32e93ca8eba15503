"""Selling vouchers: terms of campaigns, eligibility, applications, draws, purchases."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.schema.base import Access, access, metadata

campaign_terms: Final = Table(
    "campaign_terms",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("service_id", Text, ForeignKey("services.service_id"), nullable=False),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    Column("unit_face", BigInteger, nullable=False),
    Column("units_per_person", BigInteger, nullable=False),
    Column("total_units", BigInteger, nullable=False),
    Column("eligible_on", Text, nullable=False),
    Column("bonus_service_id", Text, nullable=False),
    Column("bonus_age", SmallInteger, nullable=False),
    Column("bonus_age_on", Text, nullable=False),
    Column("bonus_age_rule", Text, nullable=False),
    Column("bonus_basis_points", BigInteger, nullable=False),
    Column("bonus_expires_at", BigInteger, nullable=False),
    Column("bonus_expires_months", SmallInteger, nullable=False),
    Column("not_for", Text, nullable=False),
    CheckConstraint("unit_price > 0 AND unit_face >= unit_price", name="unit"),
    CheckConstraint("units_per_person > 0 AND total_units > 0", name="limits"),
    info=access(Access.BOOK),
)
"""One version of a campaign's terms. Amounts in yen; ``bonus_service_id`` empty: no age bonus.

``not_for``: JSON ``[[ja, en], …]``, what vouchers may not buy. Dates are ISO texts.
"""

campaign_rounds: Final = Table(
    "campaign_rounds",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("round", SmallInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("apply_from", BigInteger, nullable=False),
    Column("apply_until", BigInteger, nullable=False),
    Column("draw_event", Text, nullable=False),
    Column("buy_from", BigInteger, nullable=False),
    Column("buy_until", BigInteger, nullable=False),
    Column("pay_until", BigInteger, nullable=False),
    Column("release_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""A lottery with its application window, or a direct sale. Windows are half-open."""

campaign_counters: Final = Table(
    "campaign_counters",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("reserved", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    CheckConstraint("reserved >= 0 AND reserved <= total", name="cap"),
    info=access(Access.STATE),
)
"""Units ordered and not released, against the cap; its row is the campaign's lock."""

eligibility_files: Final = Table(
    "eligibility_files",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("lines", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("imported_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""Files imported whole; the same file again does nothing."""

eligible_residents: Final = Table(
    "eligible_residents",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("code_hash", Text, nullable=False),
    Column("birth_date", Text, nullable=False),
    Column("misses", SmallInteger, nullable=False),
    Column("user_id", Text, nullable=True),
    Column("linked_at", BigInteger, nullable=True),
    UniqueConstraint("campaign_id", "code_hash"),
    UniqueConstraint("campaign_id", "user_id"),
    info=access(Access.DELETABLE),
)
"""Persons' data: who may buy, and whose account it is. ``code_hash``: keyed, hexadecimal."""

eligibility_tries: Final = Table(
    "eligibility_tries",
    metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("tries", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    info=access(Access.DELETABLE),
)

applications: Final = Table(
    "applications",
    metadata,
    Column("application_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("campaign_id", Text, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    UniqueConstraint("campaign_id", "round", "user_id", "revision"),
    UniqueConstraint("user_id", "idempotency_key"),
    CheckConstraint("units >= 0", name="units"),
    info=access(Access.BOOK),
)
"""Each change is a new revision; 0 units: withdrawn. The last one counts."""

draw_lists: Final = Table(
    "draw_lists",
    metadata,
    Column("list_id", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("supply", BigInteger, nullable=False),
    Column("applications", BigInteger, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("draw_event", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("frozen_at", BigInteger, nullable=False),
    UniqueConstraint("campaign_id", "round"),
    info=access(Access.BOOK),
)
"""The published list of a lottery: after it no application of the round changes."""

draws: Final = Table(
    "draws",
    metadata,
    Column("list_id", Text, primary_key=True),
    Column("seed", Text, nullable=False),
    Column("units_won", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("drawn_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""One draw per list, with the seed that the named event gave."""

draw_results: Final = Table(
    "draw_results",
    metadata,
    Column("list_id", Text, primary_key=True),
    Column("application_id", Text, primary_key=True),
    Column("units", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""Units won (当選口数); applications that won none have a row with 0."""

purchase_orders: Final = Table(
    "purchase_orders",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("face", BigInteger, nullable=False),
    Column("aged", SmallInteger, nullable=False),
    Column("terms_version", BigInteger, nullable=False),
    Column("ordered_at", BigInteger, nullable=False),
    Column("pay_until", BigInteger, nullable=False),
    Column("release_at", BigInteger, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    UniqueConstraint("user_id", "idempotency_key"),
    CheckConstraint("units > 0 AND price > 0 AND face >= price", name="amounts"),
    info=access(Access.BOOK),
)
"""Units reserved for a buyer until paid or released. ``order_id`` is the reference to pay under.

``aged``: 1 when the buyer gets the age bonus; decided here, since eligibility can be deleted.
"""

Index("ix_purchase_orders_user", purchase_orders.c.user_id, purchase_orders.c.campaign_id)
Index("ix_purchase_orders_campaign", purchase_orders.c.campaign_id, purchase_orders.c.release_at)

order_outcomes: Final = Table(
    "order_outcomes",
    metadata,
    Column("order_id", Text, primary_key=True),
    Column("outcome", SmallInteger, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("collector", Text, nullable=True),
    Column("receipt", Text, nullable=True),
    Column("collected_on", Text, nullable=True),
    Column("amount", BigInteger, nullable=False),
    Column("bonus", BigInteger, nullable=False),
    UniqueConstraint("collector", "receipt"),
    CheckConstraint("(outcome = 1) = (receipt IS NOT NULL)", name="collected_names_receipt"),
    info=access(Access.BOOK),
)
"""1 collected, 2 released; the first insert wins."""

purchases: Final = Table(
    "purchases",
    metadata,
    Column("purchase_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False, unique=True),
    Column("booked_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""The domain's row of a PAY_IN entry of buyers' money; ``purchase_id`` is the entry's id."""
