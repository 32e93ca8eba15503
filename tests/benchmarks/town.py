"""Customers with money and a session, and counters to pay at, put into a server's books."""

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from protos.keys import terminal_keys, terminal_secret
from protos.units import Micros, TerminalId, TerminalNumber, Yen
from server.campaigns import Grant, grant_all
from server.clock import DAY, SECOND, TOKYO, system_clock
from server.db import Database, new_public_id, open_database
from server.demo.calendar import DemoCalendar
from server.demo.town import POINTS, VOUCHER
from server.directory import ServiceId, User, create_user, enrol_terminal
from server.directory.signin_store import add_session
from server.ledger import Operation, process_clock
from server.state import KeyFiles, StateFolder

COUNTERS = ("T-000412", "T-000413", "T-000421")
"""Those of the demo's shops that take vouchers and points."""
_LIFE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter whose QR the load generator shows: its number and its QR key."""

    number: int
    qr_key: bytes


@dataclass(frozen=True, slots=True)
class Lots:
    """What each customer is given: face values in yen, earliest expiry first."""

    voucher: tuple[int, ...]
    points: tuple[int, ...]


@contextmanager
def books_of(state_dir: Path) -> Iterator[Database]:
    """The SQLite books of a server's state folder; the server may run meanwhile."""
    database = open_database(f"sqlite:///{StateFolder(state_dir).database}")
    try:
        yield database
    finally:
        database.close_now()


def enrol_counters(database: Database, state_dir: Path) -> list[Counter]:
    """Give each counter a number; its QR key follows from the server's own master key file."""
    master = KeyFiles(StateFolder(state_dir).keys).master_key().reveal()

    def work(connection: Connection) -> list[TerminalNumber]:
        at = system_clock()
        return [enrol_terminal(connection, TerminalId(name), at) for name in COUNTERS]

    numbers = database.write_now(work)
    return [Counter(n, terminal_keys(terminal_secret(master, n)).qr) for n in numbers]


def settle_customers(database: Database, phones: Sequence[str], lots: Lots) -> list[User]:
    """One customer for each telephone number (digits only), with lots of their own."""
    now = system_clock()

    def work(connection: Connection) -> list[User]:
        return [
            create_user(connection, display_name=f"試験 {i}", phone=phone, at=now)
            for i, phone in enumerate(phones)
        ]

    users = database.write_now(work)
    calendar = DemoCalendar(datetime.fromtimestamp(now / SECOND, TOKYO).date())
    grants = [
        *(g for u in users for g in _grants(u, VOUCHER, lots.voucher, calendar.voucher_until)),
        *(g for u in users for g in _grants(u, POINTS, lots.points, calendar.end_of_month(4))),
    ]
    grant_all(database, grants, process_clock(system_clock))
    return users


def open_sessions(database: Database, users: Sequence[User]) -> list[str]:
    """A bearer token for each, as a sign-in would have left it."""
    now = system_clock()
    tokens = [secrets.token_urlsafe(32) for _ in users]
    until = Micros(now + int(_LIFE.total_seconds()) * SECOND)

    def work(connection: Connection) -> None:
        for user, token in zip(users, tokens, strict=True):
            digest = hashlib.sha256(token.encode()).digest()
            add_session(connection, digest, user.user_id, now, until)

    database.write_now(work)
    return tokens


def _grants(
    user: User, service: ServiceId, faces: Sequence[int], last_expiry: Micros
) -> Iterator[Grant]:
    for i, face in enumerate(faces):
        yield Grant(
            idempotency_key=new_public_id(),
            operation=Operation.GRANT,
            user_id=user.user_id,
            owner=user.owner,
            service_id=service,
            amount=Yen(face),
            price=Yen(0),
            expires_at=Micros(last_expiry - (len(faces) - 1 - i) * DAY),
        )


def private_file(path: Path, text: str) -> Path:
    """Readable by its owner alone: it holds tokens and keys."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path
