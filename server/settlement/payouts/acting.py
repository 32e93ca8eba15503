"""What every act about payouts shares: one transaction, one lock, a reason."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from server.checkpoints import CheckpointPort, no_checkpoint
from server.clock import Clock
from server.db import Database
from server.directory import ServiceId, known_units
from server.ledger import LedgerClock, deciding_clock, lock_counter
from server.settlement.bankfile import BankDirectory
from server.settlement.payouts import refusals as refuse

T = TypeVar("T")
Detail = dict[str, str | int]
"""Of an act in the audit log."""
COUNTER: Final = "payout_bulk"
"""Numbers the bulks; its row is the settlement's lock.

It is taken first of all locks: acts of people are rare, so one after another is quick enough, and
what an act has read still holds when it writes. The lanes are locked last, as by all who post.
"""
_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
_LONGEST_WHY: Final = 500


class ActingDesk:
    """Blocking; safe to call from any number of threads and server processes at once.

    Every act asked again by the same person answers the same and does nothing twice, so all may be
    repeated after LedgerUnavailable (outcome unknown). Whatever is refused raises ``Refusal`` with
    a ``PayoutCode`` or ``BankFileCode`` and has changed nothing.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        banks: BankDirectory,
        ledger_clock: LedgerClock | None = None,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        """``ledger_clock`` decides; None takes what production takes."""
        self._database = database
        self._clock = ledger_clock or deciding_clock(database.kind, clock)
        self._banks = banks
        self._checkpoint = checkpoint

    def _act(self, why: str, work: Callable[[Connection], T]) -> T:
        """Raises Refusal WHY_MISSING."""
        if not 0 < len(why.strip()) <= len(why) <= _LONGEST_WHY:
            raise refuse.why_missing(_LONGEST_WHY)

        def locked(connection: Connection) -> T:
            lock_counter(connection, COUNTER)
            return work(connection)

        return self._database.write_now(locked, repeatable=True)


def check_key(key: str) -> None:
    """Raises Refusal KEY."""
    if not _KEY.match(key):
        raise refuse.key_malformed()


def check_service(connection: Connection, service: ServiceId) -> None:
    """Raises Refusal SERVICE_UNKNOWN."""
    if service not in known_units(connection):
        raise refuse.service_unknown(service)
