"""Trial balance (試算表): what every account was debited and credited, added up from the books."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Label,
    Select,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.ledger.account_names import ACCOUNT_NAMES, AccountName
from server.ledger.cuts import cut_at
from server.ledger.types import AccountKind, Unit

_ORDER: Final = {kind: number for number, kind in enumerate(ACCOUNT_NAMES)}


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """All accounts of one kind and unit together."""

    kind: AccountKind
    unit: Unit
    debit: Yen
    credit: Yen

    @property
    def account(self) -> str:
        """Its name for programs, e.g. ``shop:voucher-2024``."""
        return f"{self.kind.name.lower()}:{self.unit}"

    @property
    def name(self) -> AccountName:
        """Its name for people."""
        return ACCOUNT_NAMES[self.kind]


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """By unit, and within it in the order in which money goes."""

    lines: tuple[TrialBalanceLine, ...]

    @property
    def total_debit(self) -> Yen:
        return Yen(sum(line.debit for line in self.lines))

    @property
    def total_credit(self) -> Yen:
        return Yen(sum(line.credit for line in self.lines))


def trial_balance(connection: Connection, at: Micros | None = None) -> TrialBalance:
    """What was booked up to ``at``, itself included; None: everything.

    Read in the caller's transaction. One scan of the postings, grouped by the two accounts before
    anything is joined; for a past instant a range of the primary key of each lane. Total debit and
    credit are equal by the shape of a posting.
    """
    p = t.postings.c
    moved = (
        _up_to(connection, at)
        .with_only_columns(p.debit_account, p.credit_account, func.sum(p.amount).label("amount"))
        .group_by(p.debit_account, p.credit_account)
        .cte("moved")
    )
    sides = union_all(
        select(
            moved.c.debit_account.label("account"),
            moved.c.amount.label("debit"),
            _zero("credit"),
        ),
        select(moved.c.credit_account, _zero("debit"), moved.c.amount),
    ).subquery()
    query = (
        select(
            t.accounts.c.kind,
            t.accounts.c.service_id,
            func.sum(sides.c.debit),
            func.sum(sides.c.credit),
        )
        .join_from(sides, t.accounts, t.accounts.c.account_id == sides.c.account)
        .group_by(t.accounts.c.kind, t.accounts.c.service_id)
    )
    lines = [
        TrialBalanceLine(AccountKind(kind), Unit(unit), Yen(int(debit)), Yen(int(credit)))
        for kind, unit, debit, credit in connection.execute(query)
    ]
    return TrialBalance(tuple(sorted(lines, key=lambda line: (line.unit, _ORDER[line.kind]))))


def _up_to(connection: Connection, at: Micros | None) -> Select[Any]:
    everything: Select[Any] = select(t.postings)
    if at is None:
        return everything
    prefixes = [
        (t.postings.c.lane_id == lane) & (t.postings.c.position <= position)
        for lane, position in cut_at(connection, at).items()
        if position
    ]
    return everything.where(or_(false(), *prefixes))


def _zero(name: str) -> Label[int]:
    return literal(0, BigInteger).label(name)
