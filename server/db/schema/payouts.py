"""The settlement's tables of payouts (支払): who is paid where, corrections, bulks of transfers.

Rows are decisions about money: they are only added. What a bulk or a request is now, follows from
the rows about it. Bank details are persons' data and stand in tables that can be deleted; the
books hold their salted hashes.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from server.db.schema.base import Access, access, metadata

payout_settings: Final = Table(
    "payout_settings",
    metadata,
    Column("service_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("payer_code", Text, nullable=False),
    Column("bank_code", Text, nullable=False),
    Column("branch_code", Text, nullable=False),
    Column("account_type", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("minimum", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("fee_bearer", SmallInteger, nullable=False),
    Column("test_banks", SmallInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    CheckConstraint("minimum > 0 AND fee >= 0", name="not_negative"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""From which account a service pays, and on what terms. The newest version holds.

``test_banks``: banks that the master data does not have are paid all the same, for tests."""

merchant_payouts: Final = Table(
    "merchant_payouts",
    metadata,
    Column("merchant_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("one_transfer", SmallInteger, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""Whether a merchant wants one transfer for all its shops. The newest version holds."""

bank_requests: Final = Table(
    "bank_requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("payee_kind", SmallInteger, nullable=False),
    Column("payee_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("details_hash", LargeBinary, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    UniqueConstraint("payee_kind", "payee_id", "version"),
    info=access(Access.BOOK),
)
"""A change of a payee's bank details that somebody asked for. ``payee_kind``: shop or merchant."""

bank_decisions: Final = Table(
    "bank_decisions",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("approved", SmallInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""The second person's answer. A payee's details are those of its last approved request."""

bank_details: Final = Table(
    "bank_details",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("bank_code", Text, nullable=False),
    Column("branch_code", Text, nullable=False),
    Column("account_type", Text, nullable=False),
    Column("account_number", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""Where to pay, and under which name: a person's data where the shop is a person."""

corrections: Final = Table(
    "corrections",
    metadata,
    Column("correction_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("service_id", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("note_hash", LargeBinary, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    CheckConstraint("amount <> 0", name="not_zero"),
    info=access(Access.BOOK),
)
"""調整: what a shop is owed more, or less where negative. ``correction_id``: its entry's id."""

correction_decisions: Final = Table(
    "correction_decisions",
    metadata,
    Column("correction_id", Text, primary_key=True),
    Column("approved", SmallInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""The second person's answer; approved, the entry was booked in the same transaction."""

payout_notes: Final = Table(
    "payout_notes",
    metadata,
    Column("subject_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""Why a shop was corrected or a transfer came back, in somebody's own words; the books hold the
salted hash."""

payout_bulks: Final = Table(
    "payout_bulks",
    metadata,
    Column("bulk_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("service_id", Text, nullable=False),
    Column("pay_day", Text, nullable=False),
    Column("settings_version", BigInteger, nullable=False),
    Column("payer_name", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    CheckConstraint("count > 0 AND total > 0", name="not_empty"),
    info=access(Access.BOOK),
)
"""Transfers of one service on one pay day (2024-06-18). ``count``, ``total``: the transfers."""

Index("ix_payout_bulks_service", payout_bulks.c.service_id, payout_bulks.c.number)

payout_events: Final = Table(
    "payout_events",
    metadata,
    Column("bulk_id", Text, primary_key=True),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("what", SmallInteger, nullable=False),
    Column("by_operator", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""What happened to a bulk, in order; its state follows from them."""

payouts: Final = Table(
    "payouts",
    metadata,
    Column("payout_id", Text, primary_key=True),
    Column("bulk_id", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("payee_kind", SmallInteger, nullable=False),
    Column("payee_id", Text, nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("hold_code", Text, nullable=False),
    Column("details_id", Text, nullable=False),
    Column("gross", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("operator_fee", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("carried", BigInteger, nullable=False),
    UniqueConstraint("bulk_id", "line"),
    UniqueConstraint("bulk_id", "payee_kind", "payee_id"),
    CheckConstraint("gross = fee + amount + carried", name="adds_up"),
    CheckConstraint("amount >= 0 AND fee >= 0 AND operator_fee >= 0", name="never_negative"),
    CheckConstraint(
        "(outcome = 1) = (amount > 0) AND (outcome = 1 OR fee + operator_fee = 0)",
        name="only_transfers_pay",
    ),
    info=access(Access.BOOK),
)
"""What a payee gets in a bulk: a transfer, or nothing now and everything carried over.

``payout_id``: the entry's id once the bulk is sent; ``line``: 1, 2 … in the order of the file,
transfers first; ``details_id``: the request whose bank details are used, "" without."""

payout_shops: Final = Table(
    "payout_shops",
    metadata,
    Column("payout_id", Text, primary_key=True),
    Column("shop_id", Text, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("closes", BigInteger, nullable=False),
    Column("corrections", BigInteger, nullable=False),
    Column("carried_in", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("carried_out", BigInteger, nullable=False),
    CheckConstraint(
        "closes + corrections + carried_in + returned = fee + amount + carried_out",
        name="adds_up",
    ),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""A shop's share of its payee's payout. Where a merchant gets one transfer, a share may be
negative."""

payout_items: Final = Table(
    "payout_items",
    metadata,
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("source_id", Text, primary_key=True),
    Column("shop_id", Text, primary_key=True),
    Column("use", SmallInteger, primary_key=True, autoincrement=False),
    Column("payout_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""What a payout is made of: sums of closes, corrections, what was carried or came back.

``use``: 1, and one more each time the bulk before was discarded: of two who want the same item
the database lets one have it."""

Index("ix_payout_items_payout", payout_items.c.payout_id)

payout_files: Final = Table(
    "payout_files",
    metadata,
    Column("bulk_id", Text, primary_key=True),
    Column("sha256", LargeBinary, nullable=False),
    Column("length", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""The file that was made of a bulk, once and for all."""

payout_file_contents: Final = Table(
    "payout_file_contents",
    metadata,
    Column("bulk_id", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    info=access(Access.DELETABLE),
)
"""Its bytes: names and account numbers, until their retention period is over."""

payout_returns: Final = Table(
    "payout_returns",
    metadata,
    Column("return_id", Text, primary_key=True),
    Column("payout_id", Text, nullable=False, unique=True),
    Column("details_wrong", SmallInteger, nullable=False),
    Column("note_hash", LargeBinary, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""組戻し: a transfer that came back. ``return_id``: its entry's id. ``details_wrong``: the payee is
held until its bank details are changed."""
