"""Files of grants as frozen values."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from protos.units import Micros, UserId, Yen
from server.campaigns.bulk.refusals import Problem
from server.campaigns.digests import packed
from server.campaigns.grant_types import Grant, GrantSource, Notes, Origin
from server.directory import OwnerKey, ServiceId
from server.ledger import Operation

FILE_KEY: Final = "csv/"
"""Before a file's keys in the books: the same for every operator, and nobody else's."""


class Fate(IntEnum):
    """What will become of a line that is right."""

    NEW = 1
    REPEATED = 2
    """Granted before by its key: nothing will happen."""


@dataclass(frozen=True, slots=True)
class StagedLine:
    """One line of a batch with everything that its grant needs."""

    line: int
    grant_key: str
    """As the books have it: ``FILE_KEY`` and the file's key."""
    operation: Operation
    user_id: UserId
    owner: OwnerKey
    service_id: ServiceId
    amount: Yen
    price: Yen
    expires_at: Micros
    """Exclusive; 0 of a line that was done before."""
    fate: Fate
    notes: Notes

    @property
    def key(self) -> str:
        """As the file has it."""
        return self.grant_key.removeprefix(FILE_KEY)

    def grant(self, batch_id: str, act_id: str) -> Grant:
        """What will be booked."""
        return Grant(
            self.grant_key,
            self.operation,
            self.user_id,
            self.owner,
            self.service_id,
            self.amount,
            self.price,
            self.expires_at,
            source=GrantSource(Origin.FILE, batch_id, self.line, act_id, self.notes),
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as it was looked at. ``shown_digest`` is empty while a line is wrong."""

    batch_id: str
    file_digest: str
    file_name: str
    by: str
    previewed_at: Micros
    lines: int
    new_lines: int
    repeated_lines: int
    wrong_lines: int
    amount: Yen
    """Of the new lines."""
    shown_digest: str
    same_file_as: str = ""
    """The batch of the same file that was confirmed before."""


class BatchState(Enum):
    PREVIEWED = "previewed"
    RUNNING = "running"
    """Confirmed: all of it will be booked, whatever crashes."""
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """``granted``: lines of this batch that stand in the books, cancelled ones among them."""

    preview: Preview
    state: BatchState
    granted_lines: int
    granted: Yen
    cancelled_lines: int
    cancelled: Yen


@dataclass(frozen=True, slots=True)
class CancelSummary:
    """A batch's cancel. ``kept``: spent, expired or forfeited."""

    cancelled_lines: int
    cancelled: Yen
    repeated_lines: int
    kept_lines: int


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line that a batch's cancel left alone."""

    line: int
    grant_id: str
    problem: Problem


Show = Callable[[Sequence[StagedLine | Problem]], None]
"""Called with the fates of a few hundred lines at a time, in their order."""


def unseen(_lines: Sequence[StagedLine | Problem]) -> None:
    """Nobody looks."""


class ShownDigest:
    """SHA-256 over everything that a confirmed batch will book: what is done is what was shown.

    Per new line, in order: line, key, operation, user, service, amount, price, expiry, hash of
    the notes (``server.campaigns.digests``). All of it stands in the books afterwards, so that
    the audit can compute it again.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256(packed("choba-bulk-v1"))

    def add(
        self,
        line: int,
        grant_key: str,
        operation: int,
        user_id: str,
        service_id: str,
        amount: int,
        price: int,
        expires_at: int,
        note_hash: bytes,
    ) -> None:
        self._hash.update(
            packed(
                line,
                grant_key,
                operation,
                user_id,
                service_id,
                amount,
                price,
                expires_at,
                note_hash,
            )
        )

    def add_line(self, staged: StagedLine) -> None:
        self.add(
            staged.line,
            staged.grant_key,
            int(staged.operation),
            staged.user_id,
            staged.service_id,
            staged.amount,
            staged.price,
            staged.expires_at,
            staged.notes.hash,
        )

    def text(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()
