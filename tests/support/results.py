"""Results = ledger (実績＝台帳): what the domains' own rows say, beside what the accounts hold.

Two independent sums by day in Japan, kind of account, service and shop: one over payments, legs,
cancel slips, grants and their cancels, expiries, forfeits and purchases; one over postings. Neither
uses the product's own reports.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from server.db import Database
from server.ledger import AccountKind
from server.reports import verify_results


@dataclass(frozen=True, order=True)
class Line:
    """``day``: number of the day in Japan since 1970; ``shop``: of a shop's account, else empty."""

    day: int
    kind: AccountKind
    service: str
    shop: str = ""


Sums = Counter[Line]
"""Credit less debit in yen; lines of 0 are left out."""

_RESULTS: Final = """
    SELECT p.paid_at AS at, 3 AS kind, l.service_id AS service, p.shop_id AS shop, l.amount AS yen
        FROM payments p JOIN transactions l ON l.payment_id = p.payment_id
    UNION ALL SELECT p.paid_at, 2, l.service_id, '', -l.amount
        FROM payments p JOIN transactions l ON l.payment_id = p.payment_id
    UNION ALL SELECT x.cancelled_at, 3, s.service_id, p.shop_id, -s.amount
        FROM cancellations x JOIN cancel_slips s ON s.cancel_id = x.cancel_id
        JOIN payments p ON p.payment_id = x.payment_id
    UNION ALL SELECT x.cancelled_at, 2, s.service_id, '', s.amount - s.expired - s.forfeited
        FROM cancellations x JOIN cancel_slips s ON s.cancel_id = x.cancel_id
    UNION ALL SELECT x.cancelled_at, 4, s.service_id, '', s.expired
        FROM cancellations x JOIN cancel_slips s ON s.cancel_id = x.cancel_id
    UNION ALL SELECT x.cancelled_at, 5, s.service_id, '', s.forfeited
        FROM cancellations x JOIN cancel_slips s ON s.cancel_id = x.cancel_id
    UNION ALL SELECT granted_at, 6, service_id, '', -price FROM grants
    UNION ALL SELECT g.granted_at, t.funding, g.service_id, '', g.price - g.amount
        FROM grants g JOIN grant_transactions t ON t.grant_id = g.grant_id
    UNION ALL SELECT granted_at, 2, service_id, '', amount FROM grants
    UNION ALL SELECT g.granted_at, CASE WHEN g.expires_at > g.granted_at THEN 5 ELSE 4 END,
        g.service_id, '', g.amount
        FROM grants g JOIN grant_transactions t ON t.grant_id = g.grant_id
        JOIN user_departures d ON d.user_id = g.user_id AND d.left_at < g.granted_at
        WHERE t.after_value = t.before_value
    UNION ALL SELECT g.granted_at, 2, g.service_id, '', -g.amount
        FROM grants g JOIN grant_transactions t ON t.grant_id = g.grant_id
        JOIN user_departures d ON d.user_id = g.user_id AND d.left_at < g.granted_at
        WHERE t.after_value = t.before_value
    UNION ALL SELECT c.cancelled_at, 6, g.service_id, '', g.price
        FROM grant_cancels c JOIN grants g ON g.grant_id = c.grant_id
    UNION ALL SELECT c.cancelled_at, t.funding, g.service_id, '', g.amount - g.price
        FROM grant_cancels c JOIN grants g ON g.grant_id = c.grant_id
        JOIN grant_transactions t ON t.grant_id = g.grant_id
    UNION ALL SELECT c.cancelled_at, 2, g.service_id, '', -c.amount
        FROM grant_cancels c JOIN grants g ON g.grant_id = c.grant_id
    UNION ALL SELECT expired_at, 4, service_id, '', amount FROM expiries
    UNION ALL SELECT expired_at, 2, service_id, '', -amount FROM expiries
    UNION ALL SELECT forfeited_at, 5, service_id, '', forfeited FROM forfeits
    UNION ALL SELECT forfeited_at, 4, service_id, '', expired FROM forfeits
    UNION ALL SELECT forfeited_at, 2, service_id, '', -forfeited - expired FROM forfeits
    UNION ALL SELECT b.booked_at, 11, t.service_id, '', -o.amount
        FROM purchases b JOIN order_outcomes o ON o.order_id = b.order_id
        JOIN purchase_orders r ON r.order_id = b.order_id
        JOIN campaign_terms t ON t.campaign_id = r.campaign_id AND t.version = r.terms_version
    UNION ALL SELECT b.booked_at, 9, t.service_id, '', o.amount
        FROM purchases b JOIN order_outcomes o ON o.order_id = b.order_id
        JOIN purchase_orders r ON r.order_id = b.order_id
        JOIN campaign_terms t ON t.campaign_id = r.campaign_id AND t.version = r.terms_version
"""

_LEDGER: Final = """
    SELECT e.instant AS at, a.kind AS kind, a.service_id AS service,
        COALESCE(s.shop_id, '') AS shop, p.amount AS yen
        FROM postings p JOIN entries e ON e.lane_id = p.lane_id AND e.position = p.position
        JOIN accounts a ON a.account_id = p.credit_account
        LEFT JOIN shops s ON a.kind = 3 AND s.owner = a.owner
    UNION ALL SELECT e.instant, a.kind, a.service_id, COALESCE(s.shop_id, ''), -p.amount
        FROM postings p JOIN entries e ON e.lane_id = p.lane_id AND e.position = p.position
        JOIN accounts a ON a.account_id = p.debit_account
        LEFT JOIN shops s ON a.kind = 3 AND s.owner = a.owner
"""

_BY_DAY: Final = """
    SELECT (at + 32400000000) / 86400000000 AS day, kind, service, shop, SUM(yen) AS yen
    FROM ({rows}) AS all_rows GROUP BY 1, 2, 3, 4
"""


def sums_of_rows(database: Database) -> Sums:
    """What the results (実績) of every day add up to."""
    return database.read_now(lambda connection: _sums(connection, _RESULTS))


def sums_of_postings(database: Database) -> Sums:
    """What every day moved in the accounts."""
    return database.read_now(lambda connection: _sums(connection, _LEDGER))


def assert_results_are_the_ledger(database: Database) -> None:
    """Nobody may write meanwhile. The product's own comparison of results, transactions and ledger
    has to come to the same."""
    rows, postings = sums_of_rows(database), sums_of_postings(database)
    differing = {
        line: (rows[line], postings[line])
        for line in sorted({*rows, *postings})
        if rows[line] != postings[line]
    }
    assert not differing, differing
    assert database.read_now(verify_results) == []


def _sums(connection: Connection, rows: str) -> Sums:
    found = connection.execute(text(_BY_DAY.format(rows=rows)))
    return Sums(
        {
            Line(int(row.day), AccountKind(row.kind), row.service, row.shop): int(row.yen)
            for row in found
            if row.yen
        }
    )
