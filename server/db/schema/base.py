"""One metadata for all rooms; what the server's role may do is written on each table."""

from enum import Enum
from typing import Any, Final

from sqlalchemy import MetaData

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = MetaData(naming_convention=NAMES)


class Access(Enum):
    """What the application may do with a table, besides SELECT and INSERT."""

    BOOK = "book"
    """Nothing: rows stay as they are. Guarded by triggers on both databases and by privileges."""
    STATE = "state"
    """UPDATE: caches, counters, master data."""
    DELETABLE = "deletable"
    """UPDATE and DELETE: persons' data and what has a retention period."""


def access(kind: Access) -> dict[str, Any]:
    """``Table(..., info=access(Access.BOOK))``; a table without it fails a test."""
    return {"access": kind}
