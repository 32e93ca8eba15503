"""Engine, schema, migrations."""

from server.db.connections import kind_of, parse_url
from server.db.copies import open_copy, snapshot
from server.db.database import Database
from server.db.engines import open_database
from server.db.errors import (
    CommitUnknown,
    DatabaseError,
    DatabaseSettingError,
    LedgerOverloaded,
    LedgerUnavailable,
    SchemaNotCurrent,
)
from server.db.kinds import DatabaseKind
from server.db.public_ids import PUBLIC_ID_LENGTH, new_public_id
from server.db.revision import NEWEST, migrate, migrate_with, revision_of

__all__ = [
    "NEWEST",
    "PUBLIC_ID_LENGTH",
    "CommitUnknown",
    "Database",
    "DatabaseError",
    "DatabaseKind",
    "DatabaseSettingError",
    "LedgerOverloaded",
    "LedgerUnavailable",
    "SchemaNotCurrent",
    "kind_of",
    "migrate",
    "migrate_with",
    "new_public_id",
    "open_copy",
    "open_database",
    "parse_url",
    "revision_of",
    "snapshot",
]
