"""Bring a database's schema to the newest revision. Forward only."""


def migrate(url: str, *, application_role: str = "") -> None:
    """Create or upgrade the schema behind ``url``.

    On PostgreSQL ``url`` is the migrator's (it owns the tables); ``application_role`` names the
    role that the servers connect as and is granted SELECT and INSERT on the books, and UPDATE and
    DELETE only where a table's ``info["access"]`` says so.
    """
    raise NotImplementedError
