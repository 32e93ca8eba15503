"""Whether payments are what their entries' digests say, computed inside PostgreSQL.

What it cannot say yes to is no finding yet: ``verify`` looks at it in Python. The expressions
follow ``subject``, version 2; a test holds both against each other over random payments. Joins with
the first two legs, unlike aggregates over all of them, run in parallel.
"""

from typing import Any, Final

from sqlalchemy import Boolean, Connection, Select, Subquery, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from server.db import DatabaseKind
from server.db.schema import payments as t
from server.ledger import Operation, entries_of
from server.payments.subject import WORD_V2

Row = tuple[Any, ...]
SUSPECTS: Final = 1000
"""More are not looked at one by one."""
_MOST_LOTS: Final = 6
"""Lots left of a service after a payment; with more the payment is looked at in Python."""


def _lots(count: int) -> str:
    """The bytes of that many lots, NULL when their text has another form or sum."""
    ends = (
        "ltrim(split_part(lots_after, ',', {}), '[')",
        "rtrim(split_part(lots_after, ',', {}), ']')",
    )
    numbers = [f"({ends[n % 2].format(n + 1)})::bigint" for n in range(2 * count)]
    pairs = [
        f"'[' || {at} || ',' || {rest} || ']'"
        for at, rest in zip(numbers[::2], numbers[1::2], strict=True)
    ]
    form = "'[' || " + " || ',' || ".join(pairs) + " || ']'"
    packed = " || ".join(f"int8send({number})" for number in numbers)
    return (
        f"CASE WHEN lots_after = {form} AND {' + '.join(numbers[1::2])} = after_value "
        f"THEN int2send({count}::smallint) || {packed} END"
    )


_ONLY: Final = "split_part(substr(lots_after, 3), ',', 1)::bigint"
_LOTS: Final = (
    "CASE WHEN lots_after = '[]' THEN"
    " CASE WHEN after_value = 0 THEN int2send(0::smallint) END"
    # nearly always it is one lot, which then has all that is left
    f" WHEN lots_after = '[[' || {_ONLY} || ',' || after_value || ']]'"
    f" THEN '\\x0001'::bytea || int8send({_ONLY}) || int8send(after_value)"
    " ELSE CASE length(lots_after) - length(replace(lots_after, ',', '')) "
    + " ".join(f"WHEN {2 * count - 1} THEN {_lots(count)}" for count in range(2, _MOST_LOTS + 1))
    + " END END"
)
LEG: Final = f"""
CASE WHEN before_value - amount = after_value AND octet_length(transaction_id) = 20
    AND pay_day::date::text = pay_day
THEN convert_to(transaction_id, 'UTF8') || int8send(amount) || int8send(closes_at)
    || int4send(pay_day::date - date '0001-01-01' + 1)
    || int2send(octet_length(service_id)::smallint) || convert_to(service_id, 'UTF8')
    || int8send(before_value) || int8send(after_value) || {_LOTS}
END"""
"""Bytes of a leg; NULL when it does not hold by itself, or SQL alone cannot say."""

_LEGS: Final = "(1 + (two.leg IS NOT NULL)::int + coalesce(more.legs, 0)::int)"
HOLDS: Final = f"""coalesce(
    entry.subject = sha256('{WORD_V2.decode()}'::bytea
        || convert_to(payments.payment_id, 'UTF8') || substr(int2send(payments.kind), 2)
        || int8send(terminal_number) || int8send(sale_number) || int8send(payments.amount)
        || int8send(coalesce(announced_to, 0)) || request_hash
        || int2send(octet_length(user_id)::smallint)
        || int2send(octet_length(idempotency_key)::smallint)
        || int2send(octet_length(shop_id)::smallint)
        || convert_to(user_id || idempotency_key || shop_id, 'UTF8')
        || one.packed || CASE WHEN two.leg IS NULL THEN ''::bytea ELSE two.packed END
        || CASE WHEN more.legs IS NULL THEN ''::bytea ELSE more.packed END)
    AND payments.amount = one.amount + coalesce(two.amount, 0) + coalesce(more.amount, 0)
    AND (more.legs IS NULL OR (two.leg IS NOT NULL AND more.last = more.legs + 2 AND more.whole))
    AND paid_at < one.closes_at AND (two.leg IS NULL OR paid_at < two.closes_at)
    AND (more.legs IS NULL OR paid_at < more.closes_at)
    AND entry.instant = paid_at AND octet_length(payments.payment_id) = 20
    AND octet_length(request_hash) = 32 AND payments.kind BETWEEN 0 AND 255, false)"""


def payments_hold(connection: Connection) -> list[tuple[Row, Row]] | None:
    """Payments, each with its entry, that have to be looked at; [] when all hold.

    None: too many, or the database cannot say; look at all. Each payment has its entry otherwise,
    each entry of use its payment, each leg too.
    """
    if connection.dialect.name != DatabaseKind.POSTGRESQL.value:
        return None  # SQLite has no hash function
    try:
        with connection.begin_nested():  # a value that SQL cannot compute with ends only this
            payments, entries, legs, good = connection.execute(_TOTALS).one()
            whole = (payments, payments, legs) == tuple(connection.execute(_COUNTS).one())
            if not whole or entries != payments:
                return None
            if good == payments:
                return []
            rows = connection.execute(_SUSPECTS).all()
    except DBAPIError:
        return None
    if len(rows) > SUSPECTS:
        return None
    return [(tuple(row[:12]), tuple(row[12:])) for row in rows]


def legs_of(connection: Connection, payment_ids: list[str]) -> dict[str, list[Row]]:
    """Legs of these payments, in their order."""
    leg = t.transactions.c
    found: dict[str, list[Row]] = {payment_id: [] for payment_id in payment_ids}
    for row in connection.execute(
        select(t.transactions).where(leg.payment_id.in_(payment_ids)).order_by(leg.leg)
    ):
        found[row.payment_id].append(tuple(row))
    return found


def _one_leg(number: int, name: str) -> Subquery:
    leg = t.transactions.c
    return (
        select(
            leg.payment_id, leg.leg, leg.amount, leg.closes_at, literal_column(LEG).label("packed")
        )
        .where(leg.leg == number)
        .subquery(name)
    )


def _more_legs() -> Subquery:
    leg = t.transactions.c
    return (
        select(
            leg.payment_id,
            func.count().label("legs"),
            func.max(leg.leg).label("last"),
            func.sum(leg.amount).label("amount"),
            func.min(leg.closes_at).label("closes_at"),
            literal_column(f"bool_and(({LEG}) IS NOT NULL)").label("whole"),
            literal_column(f"string_agg({LEG}, ''::bytea ORDER BY leg)").label("packed"),
        )
        .where(leg.leg.not_in((1, 2)))
        .group_by(leg.payment_id)
        .subquery("more")
    )


def _joined(*columns: Any) -> Select[Any]:
    """All payments with their entries and legs."""
    e, p = entries_of(Operation.USE), t.payments.c.payment_id
    one, two, more = _one_leg(1, "one"), _one_leg(2, "two"), _more_legs()
    source = t.payments.outerjoin(e, e.c.entry_id == p)
    for legs in (one, two, more):
        source = source.outerjoin(legs, legs.c.payment_id == p)
    return select(*columns).select_from(source)


_HOLDS: Final = literal_column(HOLDS, Boolean)
_ENTRY: Final = ("entry_id", "subject", "instant", "lane_id", "position")
_TOTALS: Final = _joined(
    func.count(),
    literal_column("count(entry.entry_id)"),
    literal_column(f"coalesce(sum({_LEGS}), 0)::bigint"),
    func.count().filter(_HOLDS),
)
_COUNTS: Final = select(
    select(func.count()).select_from(t.payments).scalar_subquery(),
    select(func.count()).select_from(entries_of(Operation.USE)).scalar_subquery(),
    select(func.count()).select_from(t.transactions).scalar_subquery(),
)
_SUSPECTS: Final = (
    _joined(*t.payments.c, *(literal_column(f"entry.{name}") for name in _ENTRY))
    .where(~_HOLDS)
    .limit(SUSPECTS + 1)
)
