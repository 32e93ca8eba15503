"""The operators' tables: what they did."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from server.db.schema.base import Access, access, metadata

operator_acts: Final = Table(
    "operator_acts",
    metadata,
    Column("act_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by_operator", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("detail", Text, nullable=False),
    info=access(Access.BOOK),
)
"""The audit log (操作記録). ``detail``: a JSON object of texts and numbers."""

Index("ix_operator_acts_at", operator_acts.c.at)
Index("ix_operator_acts_subject", operator_acts.c.subject)
