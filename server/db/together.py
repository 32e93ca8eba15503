"""One read for many callers who each look up one row by its key.

Every read costs a trip to a thread and back, and threads of one process take turns. Thirty-two
calls that each ask who calls would cost thirty-two trips; asked together they cost one or two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST: Final = 256


class ReadTogether(Generic[K, V]):
    """``get`` from any number of tasks of one event loop.

    A read takes the keys that were asked for while the last one ran; no timer adds a wait. It
    begins after its callers asked, so each sees what was committed before, as with a read alone.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """``read`` gets 1 to 256 different keys; a key that it leaves out is not there."""
        self._read = read
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value, or None when there is none. Raises what the read raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="read together")
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                keys = tuple(islice(self._waiting, _MOST))
                asked = {key: self._waiting.pop(key) for key in keys}
                await self._answer(keys, asked)
        finally:
            self._task = None

    async def _answer(
        self, keys: tuple[K, ...], asked: Mapping[K, list[asyncio.Future[V | None]]]
    ) -> None:
        answers = [(key, answer) for key in keys for answer in asked[key]]
        try:
            found = await self._read(keys)
        except Exception as error:  # whatever it was, each caller has to know
            for _, answer in answers:
                if not answer.done():
                    answer.set_exception(error)
        except BaseException:  # the loop is closing
            for _, answer in answers:
                answer.cancel()
            raise
        else:
            for key, answer in answers:
                if not answer.done():
                    answer.set_result(found.get(key))
