"""What grants carry besides their row: transaction rows, notes, cancels, expiry rules, files."""

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
    text,
)

from server.db.schema.base import Access, access, metadata

grant_transactions: Final = Table(
    "grant_transactions",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("funding", SmallInteger, nullable=False),
    Column("origin", SmallInteger, nullable=False),
    Column("batch_id", Text, nullable=True),
    Column("line", BigInteger, nullable=False),
    Column("act_id", Text, nullable=True),
    Column("note_hash", LargeBinary, nullable=False),
    Column("before_value", BigInteger, nullable=False),
    Column("after_value", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""One row per grant or charge: the user's balance before and after, and where it came from.

Grants made before this table have none. ``line``: of its file, 0 without one. ``note_hash``:
salted, over ``grant_notes``; empty without notes.
"""

Index(
    "ix_grant_transactions_batch",
    grant_transactions.c.batch_id,
    grant_transactions.c.line,
    sqlite_where=text("batch_id IS NOT NULL"),
    postgresql_where=text("batch_id IS NOT NULL"),
)

grant_notes: Final = Table(
    "grant_notes",
    metadata,
    Column("grant_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("note1", Text, nullable=False),
    Column("note2", Text, nullable=False),
    Column("note3", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""note1 to note3 of the transactions' CSV; the books hold their salted hash."""

grant_cancels: Final = Table(
    "grant_cancels",
    metadata,
    Column("cancel_id", Text, primary_key=True),
    Column("grant_id", Text, nullable=False, unique=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("act_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("before_value", BigInteger, nullable=False),
    Column("after_value", BigInteger, nullable=False),
    Column("cancelled_at", BigInteger, nullable=False),
    CheckConstraint("after_value = before_value - amount", name="after_is_before_less_amount"),
    info=access(Access.BOOK),
)
"""Cancel slips of grants (OP5 付与キャンセル), one per grant: ``cancel_id`` is the entry's id."""

Index("ix_grant_cancels_time", grant_cancels.c.cancelled_at, grant_cancels.c.cancel_id)

expiry_rules: Final = Table(
    "expiry_rules",
    metadata,
    Column("service_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("day", Text, nullable=False),
    info=access(Access.BOOK),
)
"""When what is granted expires, by service; a change is a new version."""

bulk_batches: Final = Table(
    "bulk_batches",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("file_digest", Text, nullable=False, index=True),
    Column("file_name", Text, nullable=False),
    Column("by_operator", Text, nullable=False),
    Column("previewed_at", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("new_lines", BigInteger, nullable=False),
    Column("repeated_lines", BigInteger, nullable=False),
    Column("wrong_lines", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("shown_digest", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""A file as it was previewed; ``shown_digest`` is empty while one of its lines is wrong."""

bulk_lines: Final = Table(
    "bulk_lines",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("grant_key", Text, nullable=False),
    Column("operation", SmallInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("fate", SmallInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("note1", Text, nullable=False),
    Column("note2", Text, nullable=False),
    Column("note3", Text, nullable=False),
    info=access(Access.DELETABLE),
    sqlite_with_rowid=False,
)
"""Staged: what a confirmed batch will book, line by line. Nothing here can be spent."""

bulk_confirmations: Final = Table(
    "bulk_confirmations",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("serial", BigInteger, nullable=False, unique=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("file_digest", Text, nullable=False),
    Column("shown_digest", Text, nullable=False),
    Column("new_lines", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger, nullable=False),
    Column("act_id", Text, nullable=False),
    info=access(Access.BOOK),
)
"""The one row that decides a batch: from here on all of it will be booked, whatever crashes."""

bulk_completions: Final = Table(
    "bulk_completions",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("completed_at", BigInteger, nullable=False),
    info=access(Access.BOOK),
)
"""Every line of the batch stands in the books."""
