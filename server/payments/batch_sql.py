"""What a batch of payments reads and writes: a fixed number of statements for any number."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.types import TypeEngine

from protos.units import Micros, PaymentId, TerminalNumber, UserId
from server.db import DatabaseKind
from server.db.prepared import Prepared, Rows, Statement
from server.db.schema import payments as t
from server.db.sets import Inserter, Row, RowSet
from server.directory import REVISION
from server.ledger import Writes
from server.payments.commands import PayCommand, Replay
from server.payments.rules import HeldSale, StoredKey
from server.payments.stored_refusals import refusal_of
from server.payments.types import ClaimEnd, SaleKind, SaleState

_REVISION, _PAID_KEY, _DECLINED_KEY, _SALE, _CLAIM = range(5)
_PLACES: Final[tuple[TypeEngine[Any], ...]] = (
    Text(),
    Text(),
    BigInteger(),
    BigInteger(),
    BigInteger(),
    LargeBinary(),
    Text(),
)
"""Columns of the common shape in which different facts come back from one statement."""


@dataclass(slots=True)
class BatchFacts:
    """What the books hold of a batch's keys and sales."""

    revision: int = 0
    """Of the directory."""
    keys: dict[tuple[UserId, str], StoredKey] = field(default_factory=dict)
    sales: dict[tuple[int, int], SaleState] = field(default_factory=dict)
    held: dict[tuple[int, int], HeldSale] = field(default_factory=dict)


class PayReads:
    """Prebuilt for one kind of database."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._keys = RowSet(kind, "keys", user_id=str, idempotency_key=str)
        self._sales = RowSet(kind, "sales", terminal_number=int, sale_number=int)
        self._stands = RowSet(kind, "stands", user_id=str, terminal_number=int, amount=int)
        self._facts = Prepared(kind, _facts(self._keys, self._sales))
        self._last_on_stand = Prepared(
            kind,
            _match(t.payments, self._stands, "paid_at").where(
                t.payments.c.paid_at > bindparam("since"),
                t.payments.c.kind == int(SaleKind.STAND),
            ),
        )

    def question(self, commands: Sequence[PayCommand]) -> Statement:
        """What the books hold of these commands' keys and sales; see ``facts_of``."""
        params = self._keys.params([(c.user_id, c.idempotency_key) for c in commands])
        params |= self._sales.params(
            [(c.terminal, c.sale) for c in commands if c.kind is SaleKind.DYNAMIC]
        )
        return self._facts.statement(params)

    def stand_payments(
        self,
        connection: Connection,
        stands: Collection[tuple[UserId, TerminalNumber, int]],
        since: int,
    ) -> dict[tuple[UserId, TerminalNumber, int], Micros]:
        """Last payment since then of these customers on these stands with these amounts."""
        params = self._stands.params(sorted(stands)) | {"since": since}
        found: dict[tuple[UserId, TerminalNumber, int], Micros] = {}
        for user, terminal, amount, paid_at in self._last_on_stand.run(connection, params):
            key = (UserId(user), TerminalNumber(terminal), amount)
            found[key] = Micros(max(found.get(key, 0), paid_at))
        return found


def facts_of(answer: Rows) -> BatchFacts:
    """From the answer to ``PayReads.question``."""
    facts = BatchFacts()
    for fact, user, key, one, two, three, digest, text in answer:
        if fact == _REVISION:
            facts.revision = one
        elif fact == _PAID_KEY:
            facts.keys[UserId(user), key] = StoredKey(bytes(digest), Replay(PaymentId(text)))
        elif fact == _DECLINED_KEY:
            facts.keys.setdefault((UserId(user), key), StoredKey(bytes(digest), refusal_of(text)))
        elif fact == _SALE:
            facts.sales[one, two] = SaleState(three)
        else:
            facts.held[one, two] = HeldSale(UserId(user), Micros(three))
    return facts


class PayWrites:
    """The domain's rows of a batch; those where the first insert wins are counted."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._inserts = {table.name: Inserter(kind, table) for table in _WRITTEN}
        self._ended = RowSet(kind, "ended", terminal=int, sale=int, at=int)
        self._end_claims = Prepared(kind, _end_claims(self._ended))
        self._together = (
            Prepared(kind, self._one_statement()) if kind is DatabaseKind.POSTGRESQL else None
        )

    def of_batch(
        self, rows: Mapping[str, Sequence[Row]], ended: Sequence[tuple[int, int, int]]
    ) -> Writes:
        """The first statement tells on PostgreSQL whether another process decided one of the sales
        or keys first; on SQLite nobody can, its transaction holds the whole database."""
        written: list[Statement] = []
        if self._together is None:
            for name, inserter in self._inserts.items():
                written += inserter.statements(rows[name])
        else:
            params: dict[str, Any] = {}
            for name, inserter in self._inserts.items():
                params |= inserter.params(rows[name])
            written.append(self._together.statement(params))
        if ended:
            written.append(self._end_claims.statement(self._ended.params(ended)))
        wanted = tuple(len(rows[name]) for name in _FIRST_WINS)
        return Writes(written, lambda answers: self._together is None or answers[0] == [wanted])

    def _one_statement(self) -> Select[Any]:
        parts = {
            name: inserter.part(new=name in _FIRST_WINS) for name, inserter in self._inserts.items()
        }
        counts = [
            select(func.count()).select_from(parts[name]).scalar_subquery() for name in _FIRST_WINS
        ]
        others = [part for name, part in parts.items() if name not in _FIRST_WINS]
        return select(*counts).add_cte(*others)


_WRITTEN: Final = (t.sale_outcomes, t.payments, t.declines, t.transactions, t.outbox)
_FIRST_WINS: Final = ("sale_outcomes", "payments", "declines")


def _facts(keys: RowSet, sales: RowSet) -> CompoundSelect[Any]:
    """Everything in one shape: what it is, then whichever of the seven places it uses."""
    revision = REVISION.subquery()
    of_payments, paid = keys.one_each(t.payments)
    of_declines, declined = keys.one_each(t.declines)
    of_outcomes, outcome = sales.one_each(t.sale_outcomes)
    of_claims, claim = sales.one_each(t.claims, t.claims.c.ended_at.is_(None))
    return union_all(
        select(*_shape(_REVISION, one=revision.c.revision)),
        select(
            *_shape(
                _PAID_KEY,
                paid.user_id,
                paid.idempotency_key,
                digest=paid.request_hash,
                text=paid.payment_id,
            )
        ).select_from(of_payments),
        select(
            *_shape(
                _DECLINED_KEY,
                declined.user_id,
                declined.idempotency_key,
                digest=declined.request_hash,
                text=declined.refusal,
            )
        ).select_from(of_declines),
        select(
            *_shape(
                _SALE, one=outcome.terminal_number, two=outcome.sale_number, three=outcome.state
            )
        ).select_from(of_outcomes),
        select(
            *_shape(
                _CLAIM,
                claim.user_id,
                one=claim.terminal_number,
                two=claim.sale_number,
                three=claim.expires_at,
            )
        ).select_from(of_claims),
    )


def _shape(
    fact: int,
    user: Any = None,
    key: Any = None,
    one: Any = None,
    two: Any = None,
    three: Any = None,
    digest: Any = None,
    text: Any = None,
) -> list[Any]:
    given = (user, key, one, two, three, digest, text)
    places: list[Any] = [
        cast(null(), kind) if value is None else cast(value, kind)
        for value, kind in zip(given, _PLACES, strict=True)
    ]
    return [literal(fact), *places]


def _same(table: Any, rows: RowSet) -> Any:
    """All of the rows' columns match."""
    first, *others = (table.c[column.name] == column for column in rows.source.c)
    for condition in others:
        first &= condition
    return first


def _match(table: Any, rows: RowSet, *columns: str) -> Any:
    """Select the rows' own columns, then ``columns``, where all of the rows' columns match."""
    named = [table.c[column.name] for column in rows.source.c]
    wanted = [table.c[column] for column in columns]
    return select(*named, *wanted).join_from(rows.source, table, _same(table, rows))


def _end_claims(ended: RowSet) -> Any:
    return (
        update(t.claims)
        .where(
            t.claims.c.ended_at.is_(None),
            t.claims.c.terminal_number == ended.source.c.terminal,
            t.claims.c.sale_number == ended.source.c.sale,
        )
        .values(ended_at=ended.source.c.at, end_reason=literal(ClaimEnd.PAID.value))
    )
