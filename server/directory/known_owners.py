"""Customers' numbers inside the ledger, remembered: one that was given never changes."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select

from protos.units import UserId
from server.db import Database
from server.db.prepared import Prepared
from server.db.schema import directory as t
from server.db.sets import RowSet
from server.db.together import ReadTogether
from server.ledger import OwnerKey
from server.remembered import Remembered

_MOST: Final = 50_000


class KnownOwners:
    """Shared by whoever asks for a customer's number; from one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users: Final = RowSet(database.kind, "users", user_id=str)
        self._read: Final = Prepared(
            database.kind,
            select(t.users.c.user_id, t.users.c.owner).where(
                t.users.c.user_id.in_(select(self._users.source.c.user_id))
            ),
        )
        self._known: Final[Remembered[UserId, OwnerKey]] = Remembered(_MOST)
        self._unknown: Final = ReadTogether(self._look_up)

    async def of(self, user: UserId) -> OwnerKey | None:
        """None: there is no such customer."""
        known = self._known.get(user)
        if known is None:
            known = await self._unknown.get(user)
            if known is not None:
                self._known.put(user, known)
        return known

    async def of_all(self, users: Collection[UserId]) -> dict[UserId, OwnerKey]:
        """Those of them who are there; one read for all that are not known yet."""
        known = {user: owner for user in users if (owner := self._known.get(user)) is not None}
        if missing := sorted(set(users).difference(known)):
            found = await self._look_up(missing)
            for user, owner in found.items():
                self._known.put(user, owner)
            known |= found
        return known

    def learn(self, user: UserId, owner: OwnerKey) -> None:
        """Somebody has read it on the way."""
        self._known.put(user, owner)

    async def _look_up(self, users: Sequence[UserId]) -> dict[UserId, OwnerKey]:
        params = self._users.params([(user,) for user in users])
        (rows,) = await self._database.look_up([self._read.statement(params)])
        return {UserId(user): OwnerKey(owner) for user, owner in rows}
