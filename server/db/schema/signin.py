"""Tables of signing in: challenges, the messages sent for them, sessions.

None belongs to the books: rows are counted up, used and deleted. A telephone number stays here for
a day at most.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text

from server.db.schema.base import Access, access, metadata

sign_in_challenges: Final = Table(
    "sign_in_challenges",
    metadata,
    Column("challenge_id", Text, primary_key=True),
    Column("phone", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("used", SmallInteger, nullable=False),
    Index("ix_sign_in_challenges_phone", "phone", "asked_at"),
    Index("ix_sign_in_challenges_asked_at", "asked_at"),
    info=access(Access.DELETABLE),
)

sign_in_messages: Final = Table(
    "sign_in_messages",
    metadata,
    Column(
        "challenge_id",
        Text,
        ForeignKey("sign_in_challenges.challenge_id"),
        primary_key=True,
    ),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("phone", Text, nullable=False),
    Column("client_hash", LargeBinary, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Index("ix_sign_in_messages_phone", "phone", "sent_at"),
    Index("ix_sign_in_messages_client_hash", "client_hash", "sent_at"),
    Index("ix_sign_in_messages_sent_at", "sent_at"),
    info=access(Access.DELETABLE),
)

sign_in_sessions: Final = Table(
    "sign_in_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_sign_in_sessions_expires_at", "expires_at"),
    info=access(Access.DELETABLE),
)
"""``token_hash``: SHA-256 of the token, which is stored nowhere."""
