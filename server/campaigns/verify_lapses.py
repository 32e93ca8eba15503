"""Proof that expiries, forfeits and departures are what the chain says of them."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select

from protos.units import Yen
from server.campaigns.expiry import expiry_subject
from server.campaigns.leaving import Forfeited, forfeit_subject
from server.db import DatabaseKind
from server.db.schema import lapses as t
from server.directory import Departure, ServiceId, departures
from server.ledger import (
    AccountKind,
    LineReader,
    LotLine,
    Operation,
    OwnerKey,
    WalletReader,
    count_entries,
    subjects_of,
)

_CHUNK: Final = 1000
_SHOWN: Final = 20


def verify_lapses(connection: Connection) -> list[str]:
    """What does not hold between expiries, forfeits, departures and ledger; [] when all does.

    At most 20 findings are named.
    """
    lines = LineReader(DatabaseKind(connection.dialect.name))
    findings: list[str] = []
    expiries = 0
    for rows in _expiries(connection):
        expiries += len(rows)
        findings += _check_expiries(connection, lines, rows)
    if expiries != (booked := count_entries(connection, Operation.EXPIRE)):
        findings.append(f"{booked} entries of expiry in the ledger, {expiries} rows of them")
    findings += _check_departures(connection, lines)
    return findings[:_SHOWN]


def _expiries(connection: Connection) -> Iterator[list[Any]]:
    last = ""
    while True:
        rows = list(
            connection.execute(
                select(t.expiries)
                .where(t.expiries.c.entry_id > last)
                .order_by(t.expiries.c.entry_id)
                .limit(_CHUNK)
            )
        )
        if not rows:
            return
        last = rows[-1].entry_id
        yield rows


def _check_expiries(connection: Connection, reader: LineReader, rows: list[Any]) -> list[str]:
    ids = [row.entry_id for row in rows]
    entries, lines = subjects_of(connection, ids), reader.read(connection, ids)
    problems = []
    for row in rows:
        entry, mine = entries.get(row.entry_id), lines.get(row.entry_id, ())
        subject = expiry_subject(row.entry_id, row.owner, row.service_id, row.lots, row.amount)
        problems += [
            f"expiry {row.entry_id}: {what}"
            for wrong, what in (
                (entry is None, "no entry in the ledger"),
                (entry is not None and entry[0] != subject, "differs from its entry"),
                (entry is not None and entry[1] != row.expired_at, "another instant"),
                (sum(line.amount for line in mine) != row.amount, "its postings are not its sum"),
                (len(mine) != row.lots, "another number of lots than its postings"),
                (
                    not all(_expires(line, row.owner, row.expired_at) for line in mine),
                    "a posting is not of a lot of this customer that had expired",
                ),
                (any(line.unit != row.service_id for line in mine), "a posting of another service"),
            )
            if wrong
        ]
    return problems


def _expires(line: LotLine, owner: int, at: int) -> bool:
    return (
        line.debit_kind is AccountKind.CUSTOMER
        and line.debit_owner == owner
        and line.credit_kind is AccountKind.EXPIRED
        and 0 < line.expires_at <= at
    )


def _check_departures(connection: Connection, reader: LineReader) -> list[str]:
    """Who has left holds nothing, and each forfeit belongs to a departure."""
    wallets = WalletReader(DatabaseKind(connection.dialect.name))
    problems: list[str] = []
    after, booked = OwnerKey(0), 0
    while left := departures(connection, after, _CHUNK):
        after = left[-1].owner
        problems += [
            f"wallet {wallet.account_id}: its customer has left and holds {wallet.balance}"
            for wallet in wallets.read(connection, [d.owner for d in left])
            if wallet.balance
        ]
        with_entry = [d for d in left if d.entry_id]
        booked += len(with_entry)
        problems += _check_forfeits(connection, reader, with_entry)
    entries = count_entries(connection, Operation.FORFEIT)
    rows = connection.execute(select(func.count(func.distinct(t.forfeits.c.entry_id)))).scalar_one()
    if not booked == entries == rows:
        problems.append(
            f"{entries} entries of forfeit in the ledger, {booked} departures and {rows} "
            "forfeits name one"
        )
    return problems


def _check_forfeits(
    connection: Connection, reader: LineReader, left: Sequence[Departure]
) -> list[str]:
    ids = [departure.entry_id for departure in left]
    entries, lines = subjects_of(connection, ids), reader.read(connection, ids)
    rows = connection.execute(
        select(t.forfeits)
        .where(t.forfeits.c.entry_id.in_(ids))
        .order_by(t.forfeits.c.entry_id, t.forfeits.c.service_id)
    )
    forfeits = {key: list(group) for key, group in groupby(rows, key=lambda row: row.entry_id)}
    return [
        f"forfeit {departure.entry_id}: {what}"
        for departure in left
        for what in _problems(
            departure,
            forfeits.get(departure.entry_id, []),
            entries.get(departure.entry_id),
            lines.get(departure.entry_id, ()),
        )
    ]


def _problems(
    departure: Departure,
    rows: list[Any],
    entry: tuple[bytes, int] | None,
    lines: tuple[LotLine, ...],
) -> list[str]:
    mine = [Forfeited(ServiceId(r.service_id), Yen(r.forfeited), Yen(r.expired)) for r in rows]
    at = departure.left_at
    subject = forfeit_subject(departure.entry_id, departure.user_id, departure.owner, mine)
    checks = (
        (entry is None, "no entry in the ledger"),
        (entry is not None and entry[0] != subject, "differs from its entry"),
        (
            any((row.owner, row.forfeited_at) != (departure.owner, at) for row in rows)
            or (entry is not None and entry[1] != at),
            "another customer or instant than its departure",
        ),
        (_by_service(lines, departure.owner, at) != mine, "its postings are not its sums"),
    )
    return [what for wrong, what in checks if wrong]


def _by_service(lines: Sequence[LotLine], owner: int, at: int) -> list[Forfeited]:
    """What the postings say; a posting that is neither kind makes it differ."""
    sums: dict[ServiceId, list[int]] = {}
    for line in lines:
        good = line.expires_at > at
        wanted = AccountKind.FORFEITED if good else AccountKind.EXPIRED
        ours = line.debit_kind is AccountKind.CUSTOMER and line.debit_owner == owner
        if not ours or line.credit_kind is not wanted:
            return []
        sums.setdefault(ServiceId(line.unit), [0, 0])[0 if good else 1] += line.amount
    return [Forfeited(s, Yen(good), Yen(rest)) for s, (good, rest) in sorted(sums.items())]
