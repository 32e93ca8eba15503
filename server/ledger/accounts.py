"""Opening lanes, accounts and streams: rare, idempotent, outside the posting engine."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, update

from server.db.database import DatabaseKind
from server.db.schema import ledger as t
from server.ledger.layout import account_digest, accounts_genesis, genesis
from server.ledger.types import AccountId, AccountKind, LaneId, OwnerKey, StreamId, Unit


def allocate(connection: Connection, name: str, count: int = 1) -> range:
    """``count`` numbers that nobody was given before and nobody will be again.

    Raises LookupError for a counter that no migration made.
    """
    last = connection.execute(
        update(t.counters)
        .where(t.counters.c.name == name)
        .values(value=t.counters.c.value + count)
        .returning(t.counters.c.value)
    ).scalar_one_or_none()
    if last is None:
        raise LookupError(f"counter {name}: not in the schema")
    return range(last - count + 1, last + 1)


def ledger_id(connection: Connection) -> str:
    """The random id of these books (20 characters), made with the first migration."""
    return str(connection.execute(select(t.identity.c.ledger_id)).scalar_one())


def open_lane(connection: Connection, name: str) -> LaneId:
    """The lane of that name, made when it is not there. Each posting engine owns one.

    A new lane starts at the highest floor of all: no close ends after what it will book.
    """
    found = _lane(connection, name)
    if found is None:
        lock_counter(connection, "lane")
        found = _lane(connection, name)
    if found is not None:
        return found
    lane = LaneId(allocate(connection, "lane")[0])
    floor = connection.execute(select(func.max(t.lanes.c.floor))).scalar_one()
    connection.execute(
        insert(t.lanes).values(
            lane_id=lane,
            name=name,
            position=0,
            last_instant=0,
            floor=floor or 0,
            head=genesis(ledger_id(connection), lane),
        )
    )
    return lane


def _lane(connection: Connection, name: str) -> LaneId | None:
    found = connection.execute(
        select(t.lanes.c.lane_id).where(t.lanes.c.name == name)
    ).scalar_one_or_none()
    return None if found is None else LaneId(found)


def open_stream(connection: Connection, stream: StreamId) -> None:
    """The announcements of a new terminal number start at sequence 1."""
    connection.execute(insert(t.streams).values(stream_id=stream, last_sequence=0))


def last_sequence(connection: Connection, stream: StreamId) -> int:
    """0 before the first, and for a stream that was never opened."""
    found = connection.execute(
        select(t.streams.c.last_sequence).where(t.streams.c.stream_id == stream)
    ).scalar_one_or_none()
    return int(found or 0)


def last_sequences(connection: Connection) -> dict[StreamId, int]:
    """Of every terminal number."""
    rows = connection.execute(select(t.streams.c.stream_id, t.streams.c.last_sequence))
    return {StreamId(stream): last for stream, last in rows}


def lock_stream(connection: Connection, stream: StreamId) -> None:
    """Hold a terminal against the posting engine until the transaction ends."""
    connection.execute(
        select(t.streams.c.stream_id).where(t.streams.c.stream_id == stream).with_for_update()
    ).all()


def lock_owner(connection: Connection, owner: OwnerKey) -> None:
    """Hold a customer's wallets against the posting engine until the transaction ends.

    Waits for whoever holds them. On SQLite the writing transaction holds everything already.
    """
    connection.execute(
        select(t.wallets.c.account_id)
        .where(t.wallets.c.owner == owner)
        .order_by(t.wallets.c.account_id)
        .with_for_update()
    ).all()


def open_account(
    connection: Connection, kind: AccountKind, unit: Unit, owner: OwnerKey
) -> AccountId:
    """The account of that kind, unit and owner, made when it is not there.

    A customer's account gets its wallet with it.
    """
    return open_accounts(connection, kind, unit, [owner])[owner]


def open_accounts(
    connection: Connection, kind: AccountKind, unit: Unit, owners: Sequence[OwnerKey]
) -> dict[OwnerKey, AccountId]:
    """``open_account`` for many owners."""
    lock_counter(connection, "account")
    known = _accounts(connection, kind, unit, owners)
    missing = sorted({owner for owner in owners if owner not in known})
    if missing:
        numbers = allocate(connection, "account", len(missing))
        made = {owner: AccountId(n) for owner, n in zip(missing, numbers, strict=True)}
        connection.execute(
            insert(t.accounts),
            [
                {"account_id": n, "kind": int(kind), "service_id": unit, "owner": owner}
                for owner, n in made.items()
            ],
        )
        _continue_register(connection, kind, unit, made)
        if kind is AccountKind.CUSTOMER:
            connection.execute(
                insert(t.wallets),
                [
                    {"account_id": n, "owner": owner, "service_id": unit, "balance": 0}
                    for owner, n in made.items()
                ],
            )
        known |= made
    return known


def _accounts(
    connection: Connection, kind: AccountKind, unit: Unit, owners: Sequence[OwnerKey]
) -> dict[OwnerKey, AccountId]:
    rows = connection.execute(
        select(t.accounts.c.owner, t.accounts.c.account_id).where(
            t.accounts.c.kind == int(kind),
            t.accounts.c.service_id == unit,
            t.accounts.c.owner.in_(owners),
        )
    )
    return {OwnerKey(owner): AccountId(account) for owner, account in rows}


def register_head(connection: Connection) -> tuple[int, bytes]:
    """The account opened last (0: none yet) and the digest over it and all before it."""
    d = t.account_digests
    found = connection.execute(
        select(d.c.account_id, d.c.digest).order_by(d.c.account_id.desc()).limit(1)
    ).one_or_none()
    if found is None:
        return 0, accounts_genesis(ledger_id(connection))
    return int(found.account_id), bytes(found.digest)


def _continue_register(
    connection: Connection, kind: AccountKind, unit: Unit, made: dict[OwnerKey, AccountId]
) -> None:
    """Chain the new accounts to those before; the caller holds the counter's lock."""
    _, digest = register_head(connection)
    rows = []
    for owner, account in sorted(made.items(), key=lambda item: item[1]):
        digest = account_digest(digest, account, kind, unit, owner)
        rows.append({"account_id": account, "digest": digest})
    connection.execute(insert(t.account_digests), rows)


def lock_counter(connection: Connection, name: str) -> None:
    """Only one at a time opens what the counter numbers, so that none is opened twice.

    Held until the transaction ends. On SQLite the writing transaction holds everything already.
    """
    if connection.dialect.name != DatabaseKind.SQLITE.value:
        connection.execute(
            select(t.counters.c.name).where(t.counters.c.name == name).with_for_update()
        ).all()
