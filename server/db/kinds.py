"""The two kinds of database."""

from enum import Enum


class DatabaseKind(Enum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
