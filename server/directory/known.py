"""What the posting engine knows of places between batches.

Services and counters change a few times a day and are read by every batch of payments. So each
process keeps them, together with the revision that it read them at: a row that the database itself
raises with every change (triggers of the schema). A batch reads the revision inside its own
transaction; when it differs, everything is read again.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from protos.units import TerminalNumber
from server.db.kinds import DatabaseKind
from server.db.schema import directory as t
from server.directory.counters import Counter, CounterReader
from server.directory.records import services
from server.directory.types import Service, ServiceId

_MOST_COUNTERS: Final = 20_000

REVISION: Final[Select[Any]] = select(t.revision.c.revision)
"""The directory's revision as of the statement that reads it."""


class KnownDirectory:
    """Belongs to one posting engine: one thread at a time."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._reader: Final = CounterReader(kind)
        self._revision = -1
        self.services: dict[ServiceId, Service] = {}
        self.counters: dict[TerminalNumber, Counter] = {}

    def refresh(
        self, connection: Connection, revision: int, numbers: Iterable[TerminalNumber]
    ) -> None:
        """Bring ``services`` and these ``counters`` up to a revision read before in the same
        transaction. Cut off anywhere, the next call does what is missing.
        """
        if revision != self._revision or len(self.counters) > _MOST_COUNTERS:
            self.counters = {}
            self.services = {service.service_id: service for service in services(connection)}
            self._revision = revision
        missing = set(numbers).difference(self.counters)
        if missing:
            self.counters |= self._reader.read(connection, missing)
