"""The journal's schema: numbered migrations, forward only, never changed once released.

Each is one transaction; ``PRAGMA user_version`` holds the number of the last one applied. Rows
name the terminal number of their enrolment: a terminal that is enrolled again starts afresh.
"""

from typing import Final

_M1 = """
CREATE TABLE sales (
    terminal       INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    phase          TEXT    NOT NULL,
    opened_at      INTEGER NOT NULL,
    minted_at      INTEGER NOT NULL,
    claimed_amount INTEGER NOT NULL,
    doubt          TEXT    NOT NULL,
    attention      TEXT    NOT NULL,
    sequel         TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    saved_at       INTEGER NOT NULL,
    PRIMARY KEY (terminal, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX sales_open ON sales (terminal, number)
    WHERE phase NOT IN ('paid', 'expired', 'cancelled');

CREATE TABLE payments (
    payment_id  TEXT    NOT NULL PRIMARY KEY,
    terminal    INTEGER NOT NULL,
    sequence    INTEGER NOT NULL CHECK (sequence > 0),
    sale        INTEGER NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount > 0),
    paid_at     INTEGER NOT NULL,
    body        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (terminal, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_by_time ON payments (terminal, paid_at);

CREATE TABLE announcements (
    payment_id TEXT    NOT NULL PRIMARY KEY REFERENCES payments (payment_id),
    telling    TEXT    NOT NULL,
    started_at INTEGER,
    done_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE prints (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    terminal   INTEGER NOT NULL,
    job_id     TEXT    NOT NULL UNIQUE,
    payment_id TEXT,
    body       TEXT    NOT NULL,
    copy       TEXT    NOT NULL,
    mark       TEXT    NOT NULL,
    sheet      INTEGER NOT NULL CHECK (sheet > 0),
    phase      TEXT    NOT NULL,
    queued_at  INTEGER NOT NULL,
    started_at INTEGER,
    done_at    INTEGER
) STRICT;

CREATE INDEX prints_open ON prints (terminal, place)
    WHERE phase IN ('queued', 'printing', 'held');

CREATE TABLE outbox (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    terminal   INTEGER NOT NULL,
    event_id   TEXT    NOT NULL UNIQUE,
    kind       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    payment_id TEXT,
    sale       INTEGER,
    detail     TEXT    NOT NULL
) STRICT;

CREATE TABLE configuration (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version  TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    kept_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE kv (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_M1,)
"""Migration n is ``MIGRATIONS[n - 1]``."""
