"""Proof that the books are whole: chains, balances and lots computed again from the entries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, func, select, union_all

from protos.units import Yen
from server.db.schema import ledger as t
from server.ledger.accounts import ledger_id
from server.ledger.layout import entry_hash, genesis
from server.ledger.types import AccountId, EntryDraft, LaneId, LotId, Operation, PostingDraft

_SHOWN: Final = 20


@dataclass(slots=True)
class Audit:
    """What was looked at, and what does not hold (at most 20 of each kind are named)."""

    entries: int = 0
    postings: int = 0
    lanes: int = 0
    wallets: int = 0
    lots: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.findings


def verify_ledger(connection: Connection) -> Audit:
    """Read all of the books once, in the caller's transaction (a snapshot where it matters)."""
    audit = Audit()
    _verify_chains(connection, audit)
    _verify_units(connection, audit)
    _verify_wallets(connection, audit)
    _verify_lots(connection, audit)
    return audit


def _verify_chains(connection: Connection, audit: Audit) -> None:
    identity = ledger_id(connection)
    lanes = connection.execute(
        select(t.lanes.c.lane_id, t.lanes.c.position, t.lanes.c.head).order_by(t.lanes.c.lane_id)
    ).all()
    for lane_id, position, head in lanes:
        audit.lanes += 1
        before = audit.entries
        computed = _follow(connection, audit, LaneId(lane_id), genesis(identity, LaneId(lane_id)))
        if audit.entries - before != position:
            audit.findings.append(
                f"lane {lane_id}: {audit.entries - before} entries, its row says {position}"
            )
        if computed != bytes(head):
            audit.findings.append(f"lane {lane_id}: its head is not the hash of its last entry")
    strays = connection.execute(
        select(func.count())
        .select_from(t.entries)
        .where(t.entries.c.lane_id.not_in(select(t.lanes.c.lane_id)))
    ).scalar_one()
    if strays:
        audit.findings.append(f"{strays} entries stand in no lane")


def _follow(connection: Connection, audit: Audit, lane: LaneId, head: bytes) -> bytes:
    """Compute a lane's chain again; every step is compared with what is written."""
    expected, last_instant = 1, 0
    lines = _lines(connection, lane)
    pending = next(lines, None)
    for row in _entries(connection, lane):
        audit.entries += 1
        postings: tuple[PostingDraft, ...] = ()
        if pending is not None and pending[0] == row.position:
            postings, pending = pending[1], next(lines, None)
        audit.postings += len(postings)
        draft = EntryDraft(row.entry_id, Operation(row.operation), bytes(row.subject), postings)
        head = entry_hash(head, lane, row.position, row.instant, draft)
        problems = (
            (row.position != expected, f"follows {expected - 1}"),
            (row.instant <= last_instant, "is not later than the one before"),
            (not postings, "has no postings"),
            (head != bytes(row.hash), "does not hash to what is written"),
        )
        for wrong, what in problems:
            if wrong and len(audit.findings) < _SHOWN:
                audit.findings.append(f"lane {lane} position {row.position}: {what}")
        expected, last_instant, head = row.position + 1, row.instant, bytes(row.hash)
    if pending is not None:
        audit.findings.append(f"lane {lane}: postings at {pending[0]} belong to no entry")
    return head


def _entries(connection: Connection, lane: LaneId) -> Iterator[Any]:
    statement = select(t.entries).where(t.entries.c.lane_id == lane).order_by(t.entries.c.position)
    return iter(connection.execution_options(stream_results=True).execute(statement))


def _lines(connection: Connection, lane: LaneId) -> Iterator[tuple[int, tuple[PostingDraft, ...]]]:
    statement = (
        select(t.postings)
        .where(t.postings.c.lane_id == lane)
        .order_by(t.postings.c.position, t.postings.c.line)
    )
    rows = connection.execution_options(stream_results=True).execute(statement)
    for position, group in groupby(rows, key=lambda row: row.position):
        yield (
            position,
            tuple(
                PostingDraft(
                    AccountId(r.debit_account),
                    AccountId(r.credit_account),
                    Yen(r.amount),
                    LotId(r.lot_id),
                )
                for r in group
            ),
        )


def _verify_units(connection: Connection, audit: Audit) -> None:
    """Both sides of a posting exist and count the same unit."""
    debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
    wrong = connection.execute(
        select(func.count())
        .select_from(t.postings)
        .outerjoin(debit, debit.c.account_id == t.postings.c.debit_account)
        .outerjoin(credit, credit.c.account_id == t.postings.c.credit_account)
        .where(
            debit.c.account_id.is_(None)
            | credit.c.account_id.is_(None)
            | (debit.c.service_id != credit.c.service_id)
        )
    ).scalar_one()
    if wrong:
        audit.findings.append(f"{wrong} postings lack an account or mix two services")


def _verify_wallets(connection: Connection, audit: Audit) -> None:
    """A wallet's cached balance is the sum of its postings, and of its lots."""
    sums = _sums(connection, by_lot=False)
    lots = dict(
        connection.execute(
            select(t.lot_balances.c.account_id, func.sum(t.lot_balances.c.remaining)).group_by(
                t.lot_balances.c.account_id
            )
        ).all()
    )
    rows = connection.execute(select(t.wallets.c.account_id, t.wallets.c.balance))
    for account, balance in rows:
        audit.wallets += 1
        _compare(audit, f"wallet {account}", balance, sums.pop((account, 0), 0), "its postings")
        _compare(audit, f"wallet {account}", balance, int(lots.get(account, 0)), "its lots")


def _verify_lots(connection: Connection, audit: Audit) -> None:
    """A lot's cached rest is the sum of its postings; a lot never exceeds its face."""
    sums = _sums(connection, by_lot=True)
    rows = connection.execute(
        select(
            t.lots.c.lot_id,
            t.lots.c.account_id,
            t.lots.c.face,
            t.lots.c.expires_at,
            t.lot_balances.c.account_id.label("cached_account"),
            t.lot_balances.c.expires_at.label("cached_expiry"),
            t.lot_balances.c.remaining,
        ).join_from(
            t.lots, t.lot_balances, t.lots.c.lot_id == t.lot_balances.c.lot_id, isouter=True
        )
    )
    for lot, account, face, expires_at, cached_account, cached_expiry, remaining in rows:
        audit.lots += 1
        _compare(audit, f"lot {lot}", remaining, sums.pop((account, lot), 0), "its postings")
        same = (cached_account, cached_expiry) == (account, expires_at)
        if not same or remaining is None or remaining > face:
            audit.findings.append(f"lot {lot}: its cache names another account, expiry or face")
    for (account, lot), amount in sums.items():
        if lot and amount:
            audit.findings.append(f"lot {lot} of account {account}: postings without a lot")


def _sums(connection: Connection, *, by_lot: bool) -> dict[tuple[int, int], int]:
    """Credits less debits per customer's account (and lot), from the postings alone."""
    p = t.postings
    wallets = select(t.wallets.c.account_id)
    lot = p.c.lot_id if by_lot else p.c.lot_id * 0
    sides = union_all(
        select(
            p.c.credit_account.label("account"), lot.label("lot"), p.c.amount.label("amount")
        ).where(p.c.credit_account.in_(wallets)),
        select(p.c.debit_account, lot, -p.c.amount).where(p.c.debit_account.in_(wallets)),
    ).subquery()
    rows: Iterable[Any] = connection.execute(
        select(sides.c.account, sides.c.lot, func.sum(sides.c.amount)).group_by(
            sides.c.account, sides.c.lot
        )
    )
    return {(account, lot_id): int(amount) for account, lot_id, amount in rows}


def _compare(audit: Audit, what: str, cached: int | None, computed: int, source: str) -> None:
    if cached != computed and len(audit.findings) < _SHOWN:
        audit.findings.append(f"{what}: cached {cached}, {source} say {computed}")
