"""Deposits in the database: only added, each line of a bank once."""

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from protos.units import Micros, Yen
from server.db import new_public_id
from server.db.schema import deposits as t
from server.directory import ShopId
from server.ledger import salted
from server.settlement.deposits.types import Arrived, Deposit, numbered

_SALT_BYTES = 16


def add_deposits(
    connection: Connection, shop: ShopId, lines: Sequence[Arrived], by: str, at: Micros
) -> list[Deposit]:
    """Those lines that are not kept yet, kept now; the same lines again add nothing."""
    c = t.deposits.c
    days = {line.day.isoformat() for line in lines}
    known = {
        (row.arrived_on, row.amount, row.number)
        for row in connection.execute(
            select(c.arrived_on, c.amount, c.number).where(
                c.shop_id == shop, c.arrived_on.in_(sorted(days))
            )
        )
    }
    made = []
    for line, number in numbered(lines):
        if (line.day.isoformat(), line.amount, number) in known:
            continue
        deposit = Deposit(new_public_id(), shop, line, by, at)
        _insert(connection, deposit, number)
        made.append(deposit)
    return made


def deposits_of(
    connection: Connection, shop: ShopId | None, after: tuple[Micros, str], limit: int
) -> list[Deposit]:
    """In the order in which they were recorded, after one that was given before."""
    c = t.deposits.c
    at, last = after
    query = (
        select(t.deposits, t.deposit_payers.c.payer)
        .join_from(
            t.deposits,
            t.deposit_payers,
            t.deposit_payers.c.deposit_id == c.deposit_id,
            isouter=True,
        )
        .where((c.recorded_at > at) | ((c.recorded_at == at) & (c.deposit_id > last)))
        .order_by(c.recorded_at, c.deposit_id)
        .limit(limit)
    )
    if shop is not None:
        query = query.where(c.shop_id == shop)
    return [_deposit(row) for row in connection.execute(query)]


def _insert(connection: Connection, deposit: Deposit, number: int) -> None:
    salt = secrets.token_bytes(_SALT_BYTES)
    arrived = deposit.arrived
    connection.execute(
        insert(t.deposits).values(
            deposit_id=deposit.deposit_id,
            shop_id=deposit.shop_id,
            arrived_on=arrived.day.isoformat(),
            amount=arrived.amount,
            number=number,
            payer_hash=salted(salt, arrived.payer),
            recorded_by=deposit.recorded_by,
            recorded_at=deposit.recorded_at,
        )
    )
    connection.execute(
        insert(t.deposit_payers).values(
            deposit_id=deposit.deposit_id, salt=salt, payer=arrived.payer
        )
    )


def _deposit(row: Any) -> Deposit:
    return Deposit(
        row.deposit_id,
        ShopId(row.shop_id),
        Arrived(date.fromisoformat(row.arrived_on), Yen(row.amount), row.payer or ""),
        row.recorded_by,
        Micros(row.recorded_at),
    )
