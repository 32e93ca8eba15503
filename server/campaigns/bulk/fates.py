"""What will become of each line, at one instant: the same judgement at preview and at confirm."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from protos.units import Micros, UserId, Yen
from server.campaigns.bulk.reading import Row
from server.campaigns.bulk.refusals import Problem, problem_of
from server.campaigns.bulk.store import Known, known_keys
from server.campaigns.bulk.types import FILE_KEY, Fate, StagedLine
from server.campaigns.grant_checks import People, Place, WhoLeft, people_of
from server.campaigns.grant_refusals import GrantCode, GrantRefusal, grant_refusal
from server.directory import OwnerKey, ServiceId

_MOST_SERVICES: Final = 1000


@dataclass(frozen=True, slots=True)
class Judge:
    """``place``: services, terms and rules at the instant of judgement."""

    place: Place
    who_left: WhoLeft
    _expiries: dict[str, Micros | GrantRefusal] = field(default_factory=dict)
    """By service: a file names few, in many lines."""

    def judge(self, connection: Connection, rows: Sequence[Row]) -> list[StagedLine | Problem]:
        """A fixed number of statements for a few hundred rows."""
        known = known_keys(connection, [file_key(row.key) for row in rows])
        people = people_of(connection, {UserId(row.user_id) for row in rows}, self.who_left)
        return [self._fate(row, known.get(file_key(row.key)), people) for row in rows]

    def again(
        self, connection: Connection, lines: Sequence[StagedLine]
    ) -> list[StagedLine | Problem]:
        """The same of staged lines."""
        return self.judge(connection, [_row(line) for line in lines])

    def _fate(self, row: Row, known: Known | None, people: People) -> StagedLine | Problem:
        asked = (int(row.operation), row.user_id, row.service_id, row.amount, row.price)
        if known is not None:
            if known != asked:
                return problem_of(row.line, "key", grant_refusal(GrantCode.KEY_REUSED))
            return _staged(row, OwnerKey(0), Micros(0), Fate.REPEATED)
        try:
            owner = people.owner(UserId(row.user_id))
        except GrantRefusal as refused:
            return problem_of(row.line, "uid", refused)
        expires_at = self._expiry(row.service_id)
        if isinstance(expires_at, GrantRefusal):
            return problem_of(row.line, "serviceId", expires_at)
        return _staged(row, owner, expires_at, Fate.NEW)

    def _expiry(self, service_id: str) -> Micros | GrantRefusal:
        if service_id not in self._expiries:
            if len(self._expiries) >= _MOST_SERVICES:
                self._expiries.clear()  # a file full of wrong ones takes no memory
            try:
                self._expiries[service_id] = self.place.expiry(ServiceId(service_id))
            except GrantRefusal as refused:
                self._expiries[service_id] = refused
        return self._expiries[service_id]


def file_key(key: str) -> str:
    """A file's key as the books have it."""
    return FILE_KEY + key


def _staged(row: Row, owner: OwnerKey, expires_at: Micros, fate: Fate) -> StagedLine:
    return StagedLine(
        row.line,
        file_key(row.key),
        row.operation,
        UserId(row.user_id),
        owner,
        ServiceId(row.service_id),
        Yen(row.amount),
        Yen(row.price),
        expires_at,
        fate,
        row.notes,
    )


def _row(line: StagedLine) -> Row:
    return Row(
        line.line,
        line.key,
        line.user_id,
        line.service_id,
        line.operation,
        line.amount,
        line.price,
        line.notes,
    )
