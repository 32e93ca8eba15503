"""The rows of signing in; called inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from protos.units import Micros, UserId
from server.db import DatabaseKind
from server.db.prepared import Prepared, Rows, Statement
from server.db.schema.directory import users
from server.db.schema.signin import sign_in_challenges, sign_in_messages, sign_in_sessions
from server.directory.phones import PhoneNumber
from server.ledger import OwnerKey


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    """A code that was asked for."""

    id: str
    phone: PhoneNumber
    asked_at: Micros
    expires_at: Micros
    tries: int
    used: bool
    messages: int
    last_message_at: Micros

    def with_message(self, at: Micros) -> "ChallengeRow":
        """The same with one message more."""
        return replace(self, messages=self.messages + 1, last_message_at=at)


def add_challenge(connection: Connection, row: ChallengeRow) -> None:
    """Insert a new challenge."""
    connection.execute(
        insert(sign_in_challenges).values(
            challenge_id=row.id,
            phone=row.phone,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            tries=0,
            used=0,
        )
    )


def add_message(connection: Connection, row: ChallengeRow, client: bytes, at: Micros) -> None:
    """Note that a message is sent now; it counts whether or not the gateway takes it."""
    connection.execute(
        insert(sign_in_messages).values(
            challenge_id=row.id,
            number=row.messages + 1,
            phone=row.phone,
            client_hash=client,
            sent_at=at,
        )
    )


def challenge(connection: Connection, challenge_id: str) -> ChallengeRow | None:
    """The challenge with this id."""
    found = connection.execute(
        select(sign_in_challenges).where(sign_in_challenges.c.challenge_id == challenge_id)
    ).one_or_none()
    if found is None:
        return None
    messages, last = connection.execute(
        select(func.count(), func.coalesce(func.max(sign_in_messages.c.sent_at), 0)).where(
            sign_in_messages.c.challenge_id == challenge_id
        )
    ).one()
    return ChallengeRow(
        id=found.challenge_id,
        phone=PhoneNumber(found.phone),
        asked_at=Micros(found.asked_at),
        expires_at=Micros(found.expires_at),
        tries=found.tries,
        used=bool(found.used),
        messages=messages,
        last_message_at=Micros(last),
    )


def newest_challenge(connection: Connection, phone: PhoneNumber) -> ChallengeRow | None:
    """The newest challenge of a number, open or not."""
    table = sign_in_challenges
    newest = connection.execute(
        select(table.c.challenge_id)
        .where(table.c.phone == phone)
        .order_by(table.c.asked_at.desc(), table.c.challenge_id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return challenge(connection, newest) if newest is not None else None


def count_try(
    connection: Connection, challenge_id: str, now: Micros, most: int
) -> ChallengeRow | None:
    """Count one try of an open challenge and return it; None when it is open no more."""
    table = sign_in_challenges
    counted = connection.execute(
        update(table)
        .where(
            table.c.challenge_id == challenge_id,
            table.c.used == 0,
            table.c.tries < most,
            table.c.expires_at > now,
        )
        .values(tries=table.c.tries + 1)
    ).rowcount
    return challenge(connection, challenge_id) if counted else None


def use_challenge(connection: Connection, challenge_id: str) -> None:
    """A code signs in once."""
    table = sign_in_challenges
    connection.execute(update(table).where(table.c.challenge_id == challenge_id).values(used=1))


def messages_since(
    connection: Connection,
    since: Micros,
    phone: PhoneNumber | None = None,
    client: bytes | None = None,
) -> int:
    """How many messages were sent after ``since``, to a number, for a client, or in all."""
    table = sign_in_messages
    query = select(func.count()).where(table.c.sent_at > since)
    if phone is not None:
        query = query.where(table.c.phone == phone)
    if client is not None:
        query = query.where(table.c.client_hash == client)
    return connection.execute(query).scalar_one()


def forget_before(connection: Connection, instant: Micros) -> None:
    """Delete what no limit looks at any more: numbers of people are not kept for nothing."""
    old = select(sign_in_challenges.c.challenge_id).where(sign_in_challenges.c.asked_at < instant)
    connection.execute(delete(sign_in_messages).where(sign_in_messages.c.challenge_id.in_(old)))
    connection.execute(delete(sign_in_challenges).where(sign_in_challenges.c.asked_at < instant))
    connection.execute(delete(sign_in_sessions).where(sign_in_sessions.c.expires_at < instant))


def add_session(
    connection: Connection, token_hash: bytes, user: UserId, now: Micros, expires_at: Micros
) -> None:
    """Begin a session; the token itself is never stored."""
    connection.execute(
        insert(sign_in_sessions).values(
            token_hash=token_hash, user_id=user, started_at=now, expires_at=expires_at
        )
    )


class OpenSession(NamedTuple):
    """A session that is still good, and whose it is."""

    user: UserId
    owner: OwnerKey
    until: Micros


class SessionReader:
    """Whose sessions these tokens are; prebuilt, one statement for 1 to 256 of them."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._of_size: Final = {size: Prepared(kind, _open_sessions(size)) for size in _SIZES}

    def question(self, token_hashes: Sequence[bytes], now: Micros) -> Statement:
        size = next(size for size in _SIZES if size >= len(token_hashes))
        padded = [*token_hashes, *[token_hashes[-1]] * (size - len(token_hashes))]
        values: dict[str, Any] = {f"hash_{i}": digest for i, digest in enumerate(padded)}
        return self._of_size[size].statement(values | {"now": now})

    def sessions(self, rows: Rows) -> dict[bytes, OpenSession]:
        """From the answer; those that are over or never were are left out."""
        return {
            bytes(digest): OpenSession(UserId(user), OwnerKey(owner), Micros(until))
            for digest, user, owner, until in rows
        }


_SIZES: Final = (1, 8, 64, 256)
"""Binary keys don't travel as one parameter on SQLite; a statement for each number would not stay
prepared."""


def _open_sessions(size: int) -> Select[Any]:
    table = sign_in_sessions.c
    hashes = [bindparam(f"hash_{i}", type_=LargeBinary) for i in range(size)]
    return (
        select(table.token_hash, table.user_id, users.c.owner, table.expires_at)
        .join_from(sign_in_sessions, users, users.c.user_id == table.user_id)
        .where(table.token_hash.in_(hashes), table.expires_at > bindparam("now"))
    )


def end_session(connection: Connection, token_hash: bytes) -> None:
    """Delete a session."""
    table = sign_in_sessions
    connection.execute(delete(table).where(table.c.token_hash == token_hash))
