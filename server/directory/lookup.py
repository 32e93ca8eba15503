"""Finding many users at once."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from protos.units import UserId
from server.db.schema import directory as t
from server.ledger import OwnerKey


def owners_of(connection: Connection, user_ids: Collection[UserId]) -> dict[UserId, OwnerKey]:
    """The ledger's numbers of those users who are there; a few hundred at most at once."""
    rows = connection.execute(
        select(t.users.c.user_id, t.users.c.owner).where(t.users.c.user_id.in_(sorted(user_ids)))
    )
    return {UserId(user): OwnerKey(owner) for user, owner in rows}
