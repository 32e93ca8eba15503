"""Engine, schema, migrations."""

from server.db.database import Database, LedgerUnavailable, open_database
from server.db.migrate import migrate

__all__ = ["Database", "LedgerUnavailable", "migrate", "open_database"]
