"""Secrets as a type: what is a Secret cannot get into a log, whoever writes it.

The log's formatter knows the plain types; everything else shows as the name of its type, bytes
as their number. So a key, a token or a record with one in it is never printed by accident.
"""

import enum
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")
SHOWN = "<secret>"


class Secret(Generic[T]):
    """A value that shows itself to nobody but the one who calls ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value. Say at the call why it is needed."""
        return self._value

    def __repr__(self) -> str:
        return SHOWN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return SHOWN

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a secret is not pickled")


def loggable(value: object, depth: int = 4) -> object:
    """``value`` as JSON may show it: plain types as they are, others by the name of their type."""
    if isinstance(value, enum.Enum):
        return loggable(value.value, depth)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping) and depth:
        return {str(k): loggable(v, depth - 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [loggable(v, depth - 1) for v in value]
    return SHOWN if isinstance(value, Secret) else f"<{type(value).__name__}>"
