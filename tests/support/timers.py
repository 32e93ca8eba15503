"""The timers of a running server, held still while a test does by hand what they would do too."""

import time

from server.clock import DAY, SECOND
from server.composition import CLOSE_JOB
from server.db import Database
from server.db.leases import LeaseHolder

_HOLDER = LeaseHolder()
_LEASE_OF_THE_DEAD = 75.0
"""A server that died at its timer's work has its lease for a minute."""


def hold_close_timer(database: Database) -> None:
    """No server on this database closes anything by itself from here on, for a day.

    Its lease is taken, as another server process does that is at work on it: a timer that works
    just now is waited for. Asked again, it holds on.
    """
    until = time.monotonic() + _LEASE_OF_THE_DEAD
    while not database.write_now(lambda c: _HOLDER.take(c, CLOSE_JOB, DAY / SECOND)):
        assert time.monotonic() < until, "the timer's lease is never free"
        time.sleep(0.02)
