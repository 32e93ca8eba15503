"""A memory with a bound: what was put in first is forgotten first."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most so many; for what can be found again, of keys that come without end."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """None: not known, or forgotten."""
        return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """A key that is known keeps its place."""
        self._kept[key] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, key: K) -> None:
        """No error when it is not known."""
        self._kept.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """All that is known now, the oldest first."""
        return list(self._kept.items())
