"""Leases: rows that say which server process does what only one may do at a time.

Rows and not advisory locks: they outlive a cut connection, pass a pooler, and databases that speak
PostgreSQL's language have them too. A lease that is not renewed runs out, so work that a dead
process held is taken over. Time is the database's, so that processes with different clocks agree.
"""

import os
import secrets
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from protos.units import Micros
from server.db.kinds import DatabaseKind
from server.db.schema.house import leases as t

_SECOND: Final = 1_000_000


def this_process() -> str:
    """``host/run of its kernel/process-start``: for people who read the row, and to tell whether a
    process of this machine has ended."""
    try:
        run = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):  # not Linux: a lease runs out by its time alone
        run, started = secrets.token_hex(4), "0"
    return f"{socket.gethostname()}/{run}/{os.getpid()}-{started}"


def _owner_name() -> str:
    """Random at its end, so that no two are the same, in one process either."""
    return f"{this_process()}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """One server process, as the lease rows name it. All methods are for a write transaction."""

    owner: str = field(default_factory=_owner_name)

    def take(self, connection: Connection, name: str, seconds: float, *, period: int = 0) -> bool:
        """Hold ``name`` for ``seconds`` from now; True when it is ours, also if it was already.

        With ``period``: only while the work of that period is not done.
        """
        now = lease_clock(connection)
        _make_row(connection, name)
        free = or_(t.c.until <= now, t.c.owner == self.owner)
        changed = (
            update(t)
            .where(t.c.name == name, free, t.c.done < (period or t.c.done + 1))
            .values(owner=self.owner, until=now + int(seconds * _SECOND))
        )
        return connection.execute(changed).rowcount == 1

    def renew(self, connection: Connection, name: str, seconds: float) -> bool:
        """False: another process has taken it meanwhile; stop."""
        until = lease_clock(connection) + int(seconds * _SECOND)
        mine = update(t).where(t.c.name == name, t.c.owner == self.owner).values(until=until)
        return connection.execute(mine).rowcount == 1

    def release(self, connection: Connection, name: str, *, done: int = 0) -> None:
        """Let it go; with ``done`` the period's work is done and nobody takes it again."""
        mine = update(t).where(t.c.name == name, t.c.owner == self.owner)
        values: dict[str, object] = {"owner": "", "until": 0}
        connection.execute(mine.values(**values | ({"done": done} if done else {})))

    def inherit(self, connection: Connection, name: str, seconds: float) -> None:
        """Take it from an owner who is known to be gone."""
        until = lease_clock(connection) + int(seconds * _SECOND)
        connection.execute(update(t).where(t.c.name == name).values(owner=self.owner, until=until))

    @staticmethod
    def of(connection: Connection, name: str) -> str:
        """Who holds it, or held it last; "" for nobody."""
        found = connection.execute(select(t.c.owner).where(t.c.name == name)).scalar_one_or_none()
        return found or ""


def lease_clock(connection: Connection) -> Micros:
    """The one clock of all processes: PostgreSQL's; on SQLite they share the machine's."""
    if connection.dialect.name == DatabaseKind.SQLITE.value:
        return Micros(time.time_ns() // 1000)
    now = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
    return Micros(connection.execute(now).scalar_one())


def _make_row(connection: Connection, name: str) -> None:
    found = connection.execute(select(t.c.name).where(t.c.name == name)).scalar_one_or_none()
    if found is not None:
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(t).values(name=name, owner="", until=0, done=0))
    except IntegrityError:
        return  # another process has made it meanwhile
