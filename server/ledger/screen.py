"""Whether the books hold, computed inside PostgreSQL: yes, or "look closer".

A yes is as good as that of the walk (``verify_chains``), which reads every row into Python: the
same bytes are hashed and every rule of the walk is asked. Anything else, also a value that SQL
cannot compute with, is no finding yet; the walk names it. The expressions here follow ``layout``;
a test holds both against each other over random entries. They join each entry with the one before
and with its first two postings, because joins, unlike windows and aggregates, run in parallel.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from server.db.database import DatabaseKind
from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.accounts import ledger_id
from server.ledger.audit import Audit
from server.ledger.layout import WORD_GENESIS, WORD_V1, WORD_V2, genesis
from server.ledger.types import MOVES_NOTHING, LaneId

_LINE: Final = (
    "int8send(debit_account)||int8send(credit_account)||int8send(amount)||int8send(lot_id)"
)
_LOT: Final = (
    "int8send(lot_id)||int8send(account_id)||int8send(face)||int8send(price)||int8send(expires_at)"
)
_LINES: Final = (
    "((one.packed IS NOT NULL)::int + (two.packed IS NOT NULL)::int + coalesce(more.lines, 0)::int)"
)
_EMPTY: Final = ", ".join(str(int(operation)) for operation in sorted(MOVES_NOTHING))

_BODY: Final = f"""
    coalesce(before.hash, sha256('{WORD_GENESIS.decode()}'::bytea
        || convert_to(CAST(:ledger AS text), 'UTF8') || int8send(e.lane_id)))
    || int8send(e.lane_id) || int8send(e.position) || int8send(e.instant)
    || substr(int2send(e.operation), 2) || convert_to(e.entry_id, 'UTF8') || e.subject
    || int2send({_LINES}::smallint)
    || coalesce(one.packed, ''::bytea) || coalesce(two.packed, ''::bytea)
    || coalesce(more.packed, ''::bytea)"""
"""An entry without its word and without its lots."""

CHAIN: Final = f"""
SELECT e.lane_id, e.position, {_LINES} AS lines, coalesce(issued.lots, 0)::int AS lots,
    CASE WHEN issued.lots IS NULL
        THEN e.hash = sha256('{WORD_V1.decode()}'::bytea || {_BODY})
        ELSE e.hash = sha256('{WORD_V2.decode()}'::bytea || {_BODY}
                || int2send(issued.lots::smallint) || issued.packed)
    END AS hashed,
    issued.lots IS NOT NULL AND e.hash = sha256('{WORD_V1.decode()}'::bytea || {_BODY}) AS old,
    (before.hash IS NOT NULL) = (e.position > 1) AND e.position > 0
        AND e.instant > coalesce(before.instant, 0)
        AND (one.packed IS NOT NULL OR (e.operation IN ({_EMPTY}) AND {_LINES} = 0))
        AND (more.lines IS NULL OR (two.packed IS NOT NULL AND more.last = more.lines + 2))
        AND octet_length(e.entry_id) = 20 AND octet_length(e.subject) = 32
        AND octet_length(e.hash) = 32 AND e.operation BETWEEN -128 AND 127 AS formed
FROM entries e
LEFT JOIN entries before
    ON before.lane_id = e.lane_id AND before.position = e.position - 1
LEFT JOIN (SELECT lane_id, position, {_LINE} AS packed FROM postings WHERE line = 1) one
    ON one.lane_id = e.lane_id AND one.position = e.position
LEFT JOIN (SELECT lane_id, position, {_LINE} AS packed FROM postings WHERE line = 2) two
    ON two.lane_id = e.lane_id AND two.position = e.position
LEFT JOIN (SELECT lane_id, position, count(*) AS lines, max(line) AS last,
        string_agg({_LINE}, ''::bytea ORDER BY line) AS packed
    FROM postings WHERE line NOT IN (1, 2) GROUP BY lane_id, position) more
    ON more.lane_id = e.lane_id AND more.position = e.position
LEFT JOIN (SELECT entry_id, count(*) AS lots,
        string_agg({_LOT}, ''::bytea ORDER BY lot_id) AS packed
    FROM lots GROUP BY entry_id) issued
    ON issued.entry_id = e.entry_id"""  # noqa: S608 - constants of this module
"""Each entry: is it what its hash says (``hashed``; ``old``: by version 1, though it issued
lots), in its place and whole (``formed``)."""

_TOTALS: Final = f"""
SELECT count(*), coalesce(sum(lines), 0), coalesce(sum(lots), 0),
    count(*) FILTER (WHERE (hashed OR old) AND formed),
    coalesce(sum(lots) FILTER (WHERE old), 0)
FROM ({CHAIN}) chain"""  # noqa: S608

_LANES: Final = """
SELECT coalesce(n.lane_id, l.lane_id), l.position, l.last_instant, l.head,
    n.entries, n.last, e.instant, e.hash
FROM lanes l
FULL JOIN (SELECT lane_id, count(*) AS entries, max(position) AS last
    FROM entries GROUP BY lane_id) n ON n.lane_id = l.lane_id
LEFT JOIN entries e ON e.lane_id = n.lane_id AND e.position = n.last"""

_FACES: Final = """
SELECT n.lot_id FROM lots n JOIN entries e ON e.entry_id = n.entry_id
LEFT JOIN postings p ON p.lane_id = e.lane_id AND p.position = e.position
    AND p.lot_id = n.lot_id AND p.credit_account = n.account_id
GROUP BY n.lot_id, n.face HAVING coalesce(sum(p.amount), 0) <> n.face LIMIT 1"""
"""A lot whose entry put in another amount than its face."""

_P: Final = t.postings.c
_MOVED: Final = select(
    _P.debit_account, _P.credit_account, _P.lot_id, func.sum(_P.amount), func.min(_P.amount)
).group_by(_P.debit_account, _P.credit_account, _P.lot_id)


def chains_hold(connection: Connection, audit: Audit) -> bool:
    """Every entry, posting and lane; counts them in ``audit`` when they hold.

    False: not all of them, or nothing can be said; then nothing was counted.
    """
    if connection.dialect.name != DatabaseKind.POSTGRESQL.value:
        return False  # SQLite has no hash function
    try:
        with connection.begin_nested():  # a value that SQL cannot compute with ends only this
            entries, postings, lots, good, old = connection.execute(
                text(_TOTALS), {"ledger": ledger_id(connection)}
            ).one()
            lanes = _lanes(connection)
            wrong_face = connection.execute(text(_FACES)).first()
    except DBAPIError:
        return False
    whole = (entries, good, postings, lots) == (
        _count(connection, t.entries),  # a row that is there twice is joined twice
        entries,
        _count(connection, t.postings),
        _count(connection, t.lots),
    )
    if lanes is None or wrong_face is not None or not whole:
        return False
    audit.entries, audit.postings, audit.lanes = entries, postings, lanes
    audit.lots_of_v1 = old
    return True


def moved(connection: Connection) -> Iterator[tuple[int, int, int, int, int]]:
    """Debit, credit, lot: what all postings of these three move together, and the smallest."""
    for debit, credit, lot, total, least in stream_rows(connection, _MOVED):
        yield debit, credit, lot, int(total), least


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _lanes(connection: Connection) -> int | None:
    """How many lanes stand where their entries end; None: one does not."""
    ledger, count = ledger_id(connection), 0
    for lane, position, since, head, entries, last, instant, hash_ in connection.execute(
        text(_LANES)
    ):
        count += 1
        end = (0, 0, genesis(ledger, LaneId(lane))) if entries is None else (last, instant, hash_)
        if entries not in (None, last) or (position, since, head) != end:
            return None
    return count
