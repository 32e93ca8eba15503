"""The ledger's tables: lanes, accounts, entries, postings, and the caches beside them."""

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
    text,
)

from server.db.schema.base import Access, access, metadata

identity: Final = Table(
    "ledger_identity",
    metadata,
    Column("singleton", SmallInteger, primary_key=True, autoincrement=False),
    Column("ledger_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    CheckConstraint("singleton = 1", name="singleton"),
    info=access(Access.BOOK),
)
"""One row: the random id that every announcement names, so that a restored copy is noticed."""

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    info=access(Access.STATE),
)
"""The last number given out of each kind; numbers may be skipped, never given twice."""

lanes: Final = Table(
    "lanes",
    metadata,
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("position", BigInteger, nullable=False),
    Column("last_instant", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    info=access(Access.STATE),
)
"""One row per posting engine: where it stands. Locked last in each batch."""

accounts: Final = Table(
    "accounts",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("owner", BigInteger, nullable=False),
    UniqueConstraint("kind", "service_id", "owner"),
    info=access(Access.BOOK),
)
"""``owner``: a customer's or a shop's number inside the ledger; 0 for the operator's own."""

account_digests: Final = Table(
    "account_digests",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    info=access(Access.BOOK),
)
"""The register of accounts as a chain of its own, in the order in which they were opened."""

wallets: Final = Table(
    "wallets",
    metadata,
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", BigInteger, nullable=False, index=True),
    Column("service_id", Text, nullable=False),
    Column("balance", BigInteger, nullable=False),
    CheckConstraint("balance >= 0", name="not_negative"),
    info=access(Access.STATE),
)
"""Cached balance of a customer's account, and the row that a batch locks."""

lots: Final = Table(
    "lots",
    metadata,
    Column("lot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False),
    Column("face", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("entry_id", Text, nullable=False),
    CheckConstraint("face > 0", name="face_positive"),
    CheckConstraint("price >= 0 AND price <= face", name="price_within_face"),
    info=access(Access.BOOK),
)
"""What was issued together and expires together. ``price``: what the customer paid for it."""

lot_balances: Final = Table(
    "lot_balances",
    metadata,
    Column("lot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    CheckConstraint("remaining >= 0", name="not_negative"),
    info=access(Access.STATE),
)
"""Cached rest of a lot; the audit adds it up again from the postings."""

Index(
    "ix_lot_balances_open",
    lot_balances.c.owner,
    sqlite_where=text("remaining > 0"),
)
"""Whole on PostgreSQL: a column that a partial index names may not change in place (HOT), and every
payment changes ``remaining``. A customer has some dozens of lots, so the spent ones cost little."""

entries: Final = Table(
    "entries",
    metadata,
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False, unique=True),
    Column("operation", SmallInteger, nullable=False),
    Column("instant", BigInteger, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""What happened at one instant. ``subject``: digest of the domain's row; ``hash``: the chain."""

postings: Final = Table(
    "postings",
    metadata,
    Column("lane_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit_account", BigInteger, nullable=False),
    Column("credit_account", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("lot_id", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("debit_account <> credit_account", name="two_accounts"),
    info=access(Access.BOOK),
    sqlite_with_rowid=False,
)
"""One row is one balanced movement. ``lot_id``: the customer's lot it touches, 0 for none."""

streams: Final = Table(
    "streams",
    metadata,
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_sequence", BigInteger, nullable=False),
    info=access(Access.STATE),
)
"""One row per terminal number: its gapless sequence, raised under this row's lock."""

stream_gaps: Final = Table(
    "stream_gaps",
    metadata,
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("above", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("until > above", name="forward"),
    info=access(Access.BOOK),
)
"""Sequences above ``above`` up to ``until`` that no payment has: the books were restored."""
pay_ins: Final = Table(
    "pay_ins",
    metadata,
    Column("pay_in_id", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False),
    Column("source", SmallInteger, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reference_hash", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    UniqueConstraint("idempotency_key"),
    CheckConstraint("amount > 0", name="amount_positive"),
    info=access(Access.BOOK),
)
"""Money that reached the operator. ``pay_in_id``: its entry's; ``source``: a kind of account."""

pay_in_references: Final = Table(
    "pay_in_references",
    metadata,
    Column("pay_in_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("reference", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""What the bank's line said. It may name a person, so it can be deleted; its salted hash stays."""

signed_heads: Final = Table(
    "signed_heads",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    info=access(Access.BOOK),
)
"""Where all lanes stood, signed with a key that the database does not hold."""
