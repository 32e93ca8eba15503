"""Which role may call which method of OperatorService. A method that is not here is refused."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from server.operators import Role


class Right(Enum):
    """What a method does, and so who may call it."""

    READ = frozenset({Role.ADMIN, Role.OFFICE, Role.AUDITOR})
    """Changes nothing, and leaves no act."""
    WORK = frozenset({Role.ADMIN, Role.OFFICE})
    """Writes, as the office's daily work. Leaves an act."""
    GOVERN = frozenset({Role.ADMIN})
    """Writes what the house itself rests on. Leaves an act."""
    PAY = frozenset({Role.WALLET})
    """A customer's own payments, told by a program: the books hold them, no act besides."""


METHODS: Final[Mapping[str, Right]] = MappingProxyType(
    {
        "IssuePairingCode": Right.GOVERN,
        "ListTerminals": Right.READ,
        "GetTrialBalance": Right.READ,
        "ListActs": Right.READ,
        "PayMany": Right.PAY,
    }
)
"""Every method of the contract; a test compares the two, and holds each that writes to an act."""


def may_call(role: Role, method: str) -> bool:
    """``method``: its full name, as gRPC gives it."""
    right = METHODS.get(method.rpartition("/")[2])
    return right is not None and role in right.value
