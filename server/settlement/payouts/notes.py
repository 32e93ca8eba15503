"""Texts that people wrote about a payout or correction: deletable; the books hold their hash."""

import secrets

from sqlalchemy import Connection, insert

from server.db.schema import payouts as t
from server.ledger import salted


def keep_note(connection: Connection, subject_id: str, note: str) -> bytes:
    """Write it; its salted hash."""
    salt = secrets.token_bytes(16)
    connection.execute(insert(t.payout_notes).values(subject_id=subject_id, salt=salt, note=note))
    return salted(salt, note)
