"""The fleet's tables: pairing codes, certificates, presence, what devices report.

Numbers of enrolments stand in the directory (``terminal_numbers``); here is what proves them.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from server.db.schema.base import Access, access, metadata

pairing_codes: Final = Table(
    "pairing_codes",
    metadata,
    Column("pairing_id", LargeBinary(16), primary_key=True),
    Column("terminal_id", Text, nullable=False),
    Column("sealed_code", LargeBinary, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    info=access(Access.STATE),
)
"""``sealed_code``: under a key from the master key, so that a stolen database pairs nothing."""

Index("ix_pairing_codes_terminal", pairing_codes.c.terminal_id)

terminal_certificates: Final = Table(
    "terminal_certificates",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("terminal_id", Text, nullable=False),
    Column("terminal_number", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("first_used_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
    Column("revoked_because", Text, nullable=True),
    info=access(Access.STATE),
)

Index("ix_terminal_certificates_terminal", terminal_certificates.c.terminal_id)

terminal_presence: Final = Table(
    "terminal_presence",
    metadata,
    Column("terminal_id", Text, primary_key=True),
    Column("terminal_number", BigInteger, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("connection_number", BigInteger, nullable=False),
    Column("connected_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("software_version", Text, nullable=False),
    Column("highest_sale_number", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("blocked_at", BigInteger, nullable=True),
    Column("blocked_because", Text, nullable=True),
    info=access(Access.STATE),
)
"""``highest_sale_number``, ``last_sequence``: as the device itself said when it connected."""

terminal_former_boots: Final = Table(
    "terminal_former_boots",
    metadata,
    Column("terminal_number", BigInteger, primary_key=True, autoincrement=False),
    Column("boot_id", Text, primary_key=True),
    Column("followed_at", BigInteger, nullable=False),
    info=access(Access.DELETABLE),
)
"""A boot that another one followed. One that comes back proves two devices on one certificate."""

device_events: Final = Table(
    "device_events",
    metadata,
    Column("terminal_number", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("sale_number", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    info=access(Access.DELETABLE),
)
"""Unique per terminal: one device cannot take another's event ids."""

Index("ix_device_events_received", device_events.c.received_at)
Index(
    "ix_device_events_payment",
    device_events.c.payment_id,
    sqlite_where=text("payment_id <> ''"),
    postgresql_where=text("payment_id <> ''"),
)
"""What counters have told of a payment, when a shop's deposit is reconciled."""

key_marks: Final = Table(
    "key_marks",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("mark", LargeBinary(16), nullable=False),
    Column("version", Integer, nullable=False),
    info=access(Access.STATE),
)
"""Tells a changed master key from the one that this database was made with; not the key."""
