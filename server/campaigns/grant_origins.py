"""By which way grants came about, for many at once."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from server.campaigns.grant_types import Origin
from server.db.schema import grants as g


def grant_origins(connection: Connection, grant_ids: Sequence[str]) -> dict[str, Origin]:
    """Of those grants that have a transaction row; a few hundred at once."""
    if not grant_ids:
        return {}
    rows = connection.execute(
        select(g.grant_transactions.c.grant_id, g.grant_transactions.c.origin).where(
            g.grant_transactions.c.grant_id.in_(grant_ids)
        )
    )
    return {grant_id: Origin(origin) for grant_id, origin in rows}
