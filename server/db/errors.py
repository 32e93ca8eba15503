"""What a database can answer besides rows."""


class DatabaseError(Exception):
    """Base of this room's errors. ``code`` is stable: CHOBA_DB_*."""

    code = "CHOBA_DB_ERROR"


class LedgerUnavailable(DatabaseError):  # noqa: N818 -- says what is so; callers read it aloud
    """The database did not answer in time. Send the same request again."""

    code = "CHOBA_DB_UNAVAILABLE"


class CommitUnknown(LedgerUnavailable):
    """A commit was sent and not answered: whether the write happened is unknown. Ask, or send the
    same request again with the same key."""

    code = "CHOBA_DB_OUTCOME_UNKNOWN"


class LedgerOverloaded(LedgerUnavailable):
    """Too much is waiting; nothing was started. Send it again a little later."""

    code = "CHOBA_DB_OVERLOADED"


class DatabaseSettingError(DatabaseError):
    """A URL that names no database Choba can use; the text says what to write instead."""

    code = "CHOBA_DB_URL"


class SchemaNotCurrent(DatabaseError):  # noqa: N818
    """The schema is older or newer than this program; the text names the remedy."""

    code = "CHOBA_DB_SCHEMA"
