"""Which lane this server process posts into: one of its own, without anybody numbering processes.

Two engines on one lane are right and slow: every batch waits for the other's. So each process
holds the lease of its lane; one that finds ``main`` taken by a living process opens ``main-2`` and
so on. A lane outlives its process and is taken again by a later one, so there are only as many as
processes ran at once.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from protos.operation.logs import say
from server.db import Database, DatabaseKind, LedgerUnavailable
from server.db.leases import LeaseHolder, this_process

log = logging.getLogger(__name__)

DEFAULT: Final = "main"
_SECONDS: Final = 30.0
_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class LaneLease:
    """The lane of this process; ``keep`` is a task for as long as it serves."""

    lane: str
    database: Database
    holder: LeaseHolder
    seconds: float = _SECONDS

    async def keep(self) -> None:
        """Until cancelled. Losing the lease (the process stood still) is told, and harmless."""
        if self.database.kind is DatabaseKind.SQLITE:
            await asyncio.Event().wait()
        while True:
            await asyncio.sleep(self.seconds / 3)
            try:
                held = await self.database.write(
                    partial(self.holder.take, name=_name(self.lane), seconds=self.seconds),
                    repeatable=True,
                )
            except LedgerUnavailable as error:
                say(log, logging.WARNING, "lane's lease not renewed", error=str(error))
                continue
            if not held:
                _tell_shared(self.lane)

    async def release(self) -> None:
        """The next process takes the lane at once."""
        if self.database.kind is DatabaseKind.SQLITE:
            return
        try:
            await self.database.write(
                partial(self.holder.release, name=_name(self.lane)), repeatable=True
            )
        except LedgerUnavailable as error:
            say(log, logging.WARNING, "lane's lease not released", error=str(error))


def take_lane(
    database: Database, wanted: str, *, holder: LeaseHolder | None = None, seconds: float = _SECONDS
) -> LaneLease:
    """``wanted`` where it is free; where it is the default, else the first free one after it.

    A lane that the settings name is taken as they say, and told when another process has it.
    SQLite has one process that writes. Blocking; raises LedgerUnavailable.
    """
    lease = LaneLease(wanted, database, holder or LeaseHolder(), seconds)
    if database.kind is DatabaseKind.SQLITE:
        return lease
    if wanted != DEFAULT:
        if not database.write_now(partial(_take, lease=lease), repeatable=True):
            _tell_shared(wanted)
        return lease
    for number in count(1):
        tried = replace(lease, lane=wanted if number == 1 else f"{wanted}-{number}")
        if database.write_now(partial(_take, lease=tried), repeatable=True):
            if number > 1:
                say(log, logging.INFO, "another process posts into main", lane=tried.lane)
            return tried
        if number == _MOST:
            break
    _tell_shared(wanted)
    return lease


def _take(connection: Connection, lease: LaneLease) -> bool:
    name = _name(lease.lane)
    taken = lease.holder.take(connection, name, lease.seconds)
    if not taken and _is_dead(LeaseHolder.of(connection, name)):
        lease.holder.inherit(connection, name, lease.seconds)
        return True
    return taken


def _is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine's present run that is no more: a server
    that starts again after a crash takes its lane back without waiting for the lease."""
    machine, _, process = owner.rpartition("/")
    own_machine, _, _ = this_process().rpartition("/")
    pid, _, started = process.partition("-")
    if machine != own_machine or not pid.isdigit():
        return False
    try:
        now = (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return True
    return now != started.partition("-")[0]


def _tell_shared(lane: str) -> None:
    say(
        log,
        logging.WARNING,
        "another process posts into the same lane: correct, and slow; give each its own "
        "database.lane, or leave it out",
        lane=lane,
    )


def _name(lane: str) -> str:
    return f"lane:{lane}"
