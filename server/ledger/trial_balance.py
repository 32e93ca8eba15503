"""Trial balance (試算表): what every account was debited and credited, added up from the books."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Label, func, literal, select, union_all

from protos.units import Yen
from server.db.schema import ledger as t
from server.ledger.types import AccountKind, Unit


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """All accounts of one kind and unit together."""

    kind: AccountKind
    unit: Unit
    debit: Yen
    credit: Yen

    @property
    def account(self) -> str:
        """Its name in reports, e.g. ``shop:voucher-2024``."""
        return f"{self.kind.name.lower()}:{self.unit}"


@dataclass(frozen=True, slots=True)
class TrialBalance:
    lines: tuple[TrialBalanceLine, ...]

    @property
    def total_debit(self) -> Yen:
        return Yen(sum(line.debit for line in self.lines))

    @property
    def total_credit(self) -> Yen:
        return Yen(sum(line.credit for line in self.lines))


def trial_balance(connection: Connection) -> TrialBalance:
    """Read every posting; total debit and credit are equal by the shape of a posting."""
    p = t.postings
    sides = union_all(
        select(p.c.debit_account.label("account"), p.c.amount.label("debit"), _zero("credit")),
        select(p.c.credit_account.label("account"), _zero("debit"), p.c.amount.label("credit")),
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
        .order_by(t.accounts.c.service_id, t.accounts.c.kind)
    )
    return TrialBalance(
        tuple(
            TrialBalanceLine(AccountKind(kind), Unit(unit), Yen(int(debit)), Yen(int(credit)))
            for kind, unit, debit, credit in connection.execute(query)
        )
    )


def _zero(name: str) -> Label[int]:
    return literal(0, BigInteger).label(name)
