"""Tables of signing in: challenges, the messages sent for them, sessions.

None belongs to the books: rows are counted up, used and deleted, so the application's role may
SELECT, INSERT, UPDATE and DELETE here. A telephone number stays for a day at most.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from server.db.schema import metadata

sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("challenge_id", String(40), primary_key=True),
    Column("phone", String(16), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Index("sign_in_challenges_by_phone", "phone", "asked_at"),
    Index("sign_in_challenges_by_time", "asked_at"),
)

sign_in_messages = Table(
    "sign_in_messages",
    metadata,
    Column(
        "challenge_id",
        String(40),
        ForeignKey("sign_in_challenges.challenge_id"),
        nullable=False,
    ),
    Column("number", Integer, nullable=False),
    Column("phone", String(16), nullable=False),
    Column("client_hash", LargeBinary(16), nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("challenge_id", "number"),
    Index("sign_in_messages_by_phone", "phone", "sent_at"),
    Index("sign_in_messages_by_client", "client_hash", "sent_at"),
    Index("sign_in_messages_by_time", "sent_at"),
)

sign_in_sessions = Table(
    "sign_in_sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("user_id", String(20), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("sign_in_sessions_by_expiry", "expires_at"),
)
