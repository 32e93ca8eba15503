"""退会: customers who have left. Their contacts and sessions are gone; the books keep a number."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from protos.units import Micros, UserId
from server.db.kinds import DatabaseKind
from server.db.schema import directory as t
from server.db.schema import signin as s
from server.db.sets import RowSet
from server.ledger import OwnerKey


@dataclass(frozen=True, slots=True)
class Departure:
    """A customer who has left. ``entry_id``: what took the rest; empty when nothing was left."""

    user_id: UserId
    owner: OwnerKey
    entry_id: str
    left_at: Micros


class DepartureReader:
    """Prebuilt: one statement for any number of customers. Ask after the wallets are locked."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._owners: Final = RowSet(kind, "owners", owner=int)
        self._statement: Final = select(
            t.user_departures.c.owner, t.user_departures.c.left_at, t.user_departures.c.entry_id
        ).where(t.user_departures.c.owner.in_(select(self._owners.source.c.owner)))

    def read(
        self, connection: Connection, owners: Iterable[OwnerKey]
    ) -> dict[OwnerKey, tuple[Micros, str]]:
        """When they left and by which entry of the ledger, of those who have left."""
        params = self._owners.params([(owner,) for owner in sorted(set(owners))])
        rows = connection.execute(self._statement, params)
        return {OwnerKey(owner): (Micros(at), entry_id) for owner, at, entry_id in rows}


def departed_users(connection: Connection, users: Collection[UserId]) -> frozenset[UserId]:
    """Those of these customers who have left. Holds for the moment only: what moves money asks
    ``DepartureReader`` after it has locked the wallets."""
    kind = DatabaseKind(connection.dialect.name)
    wanted = RowSet(kind, "users", user_id=str)
    rows = connection.execute(
        select(t.user_departures.c.user_id).where(
            t.user_departures.c.user_id.in_(select(wanted.source.c.user_id))
        ),
        wanted.params([(user,) for user in users]),
    )
    return frozenset(UserId(user) for user in rows.scalars())


def departures(connection: Connection, after: OwnerKey, most: int) -> list[Departure]:
    """The first ``most`` customers above ``after`` who have left, in order of owner."""
    rows = connection.execute(
        select(t.user_departures)
        .where(t.user_departures.c.owner > after)
        .order_by(t.user_departures.c.owner)
        .limit(most)
    )
    return [
        Departure(UserId(r.user_id), OwnerKey(r.owner), r.entry_id, Micros(r.left_at)) for r in rows
    ]


def record_departure(
    connection: Connection, user_id: UserId, owner: OwnerKey, entry_id: str, at: Micros
) -> None:
    """Mark a customer as left; delete name, telephone number, codes and sessions.

    In the transaction that takes the rest of the wallets. Raises IntegrityError for one who has
    left already.
    """
    connection.execute(
        insert(t.user_departures).values(
            user_id=user_id, owner=owner, entry_id=entry_id, left_at=at
        )
    )
    phone = select(t.user_contacts.c.phone).where(t.user_contacts.c.user_id == user_id)
    codes = select(s.sign_in_challenges.c.challenge_id).where(
        s.sign_in_challenges.c.phone.in_(phone)
    )
    messages = s.sign_in_messages
    connection.execute(delete(messages).where(messages.c.challenge_id.in_(codes)))
    connection.execute(delete(s.sign_in_challenges).where(s.sign_in_challenges.c.phone.in_(phone)))
    connection.execute(delete(s.sign_in_sessions).where(s.sign_in_sessions.c.user_id == user_id))
    connection.execute(delete(t.user_contacts).where(t.user_contacts.c.user_id == user_id))
