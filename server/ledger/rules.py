"""What a domain gives the posting engine: pure decisions, and its own rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from protos.units import Micros
from server.db.prepared import Rows, Statement
from server.ledger.books import Books
from server.ledger.types import Booking, EntryDraft, LotId, OwnerKey, StreamId

C_contra = TypeVar("C_contra", contravariant=True)
S = TypeVar("S")
D = TypeVar("D")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Accept(Generic[D]):
    """Book this entry. ``row``: what the domain needs again to write its own rows."""

    entry: EntryDraft
    row: D


@dataclass(frozen=True, slots=True)
class Decline(Generic[A]):
    """Book nothing; the answer is final as far as the engine is concerned."""

    answer: A


@dataclass(frozen=True, slots=True)
class Booked(Generic[D]):
    """An accepted entry with its place in the books."""

    draft: Accept[D]
    booking: Booking


class Locks(Protocol):
    """What a batch holds before it reads anything."""

    @property
    def owner(self) -> OwnerKey:
        """All of this customer's wallets."""

    @property
    def stream(self) -> StreamId | None:
        """The device whose sequence the entry raises."""

    @property
    def lots(self) -> Sequence[LotId]:
        """Lots of this customer that the entry may give back to, though nothing is left of them.

        Open lots are read anyway; most commands name none.
        """


class WalletsOnly:
    """Base of commands: no device is told, and nothing is given back to a lot of which nothing is
    left. A payment says otherwise of the first, a cancel of the second."""

    __slots__ = ()

    @property
    def stream(self) -> StreamId | None:
        return None

    @property
    def lots(self) -> Sequence[LotId]:
        return ()


class Writes(NamedTuple):
    """Statements that insert a domain's rows; ``won`` says from their answers whether each row was
    the first."""

    statements: Sequence[Statement]
    won: Callable[[Sequence[Rows]], bool]


class AsksAfterwards:
    """Base of rules for commands that nobody waits for in a queue: all is read by ``load``."""

    def ask(self, _commands: Sequence[object]) -> Sequence[Statement]:
        """Nothing."""
        return ()


class PostingRules(Protocol[C_contra, S, D, A]):
    """A domain's part of ``post``. ``S`` is its state of one batch."""

    def locks(self, command: C_contra) -> Locks:
        """Known from the command alone."""

    def ask(self, commands: Sequence[C_contra]) -> Sequence[Statement]:
        """What is read with the locks, in the same trip: a fixed number of statements."""

    def load(
        self,
        connection: Connection,
        commands: Sequence[C_contra],
        instant: Micros,
        answers: Sequence[Rows],
    ) -> S:
        """What decisions need, from the answers to what was asked; and what cannot be asked before
        them, in a fixed number of statements. After all locks; ``commands``: those that got theirs,
        of those that were asked for."""

    def decide(
        self, books: Books, state: S, command: C_contra, instant: Micros
    ) -> Accept[D] | Decline[A]:
        """Pure: no clock, no chance, no input or output, and changes nothing."""

    def note(self, state: S, command: C_contra, decision: Accept[D] | Decline[A]) -> None:
        """Let later commands of this batch see the decision."""

    def write(
        self,
        connection: Connection,
        state: S,
        booked: Sequence[Booked[D]],
        instant: Micros,
    ) -> bool | Writes:
        """Insert the domain's rows, those where the first insert wins before all others.

        False: another process was faster; the engine rolls back and decides the batch again.
        ``Writes``: they are still to be run, in one trip with the engine's own.
        """

    def answer(self, booked: Booked[D]) -> A:
        """What to say once it is committed."""
