"""The house's own table: which server process does what must be done by one at a time."""

from typing import Final

from sqlalchemy import BigInteger, Column, Table, Text

from server.db.schema.base import Access, access, metadata

leases: Final = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    info=access(Access.STATE),
)
"""One row per job or lane. ``until``: by the database's clock; in the past: nobody has it.
``done``: beginning of the last period that the job was done for, 0 for never."""
