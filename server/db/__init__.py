"""Engine, schema, migrations."""

from server.db.database import Database, DatabaseKind
from server.db.engines import open_database
from server.db.errors import (
    CommitUnknown,
    DatabaseError,
    DatabaseSettingError,
    LedgerOverloaded,
    LedgerUnavailable,
    SchemaNotCurrent,
)
from server.db.public_ids import PUBLIC_ID_LENGTH, new_public_id
from server.db.revision import migrate

__all__ = [
    "PUBLIC_ID_LENGTH",
    "CommitUnknown",
    "Database",
    "DatabaseError",
    "DatabaseKind",
    "DatabaseSettingError",
    "LedgerOverloaded",
    "LedgerUnavailable",
    "SchemaNotCurrent",
    "migrate",
    "new_public_id",
    "open_database",
]
