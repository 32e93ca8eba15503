"""Long work on a thread that tells what it finds while a call streams it out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Telling = Callable[[Sequence[T]], None]
_AHEAD: Final = 4
"""Parts that may wait for a slow reader; then the work waits."""


class _Gone(Exception):  # noqa: N818
    """Nobody listens any more: the work ends at its next part."""


async def told_by(work: Callable[[Telling[T]], R]) -> AsyncIterator[Sequence[T] | R]:
    """Parts as ``work`` tells them, then what it returns; its errors are raised here.

    A caller who goes away ends the work at its next part.
    """
    loop = asyncio.get_running_loop()
    parts: asyncio.Queue[Sequence[T] | None] = asyncio.Queue(_AHEAD)
    gone = False

    def tell(part: Sequence[T]) -> None:
        if gone:
            raise _Gone
        asyncio.run_coroutine_threadsafe(parts.put(part), loop).result()

    async def working() -> R:
        try:
            return await asyncio.to_thread(work, tell)
        finally:
            await parts.put(None)

    task = asyncio.create_task(working())
    try:
        while (part := await parts.get()) is not None:
            yield part
        yield await task
    finally:
        gone = True
        while not task.done():
            while not parts.empty():
                parts.get_nowait()
            await asyncio.wait({task}, timeout=0.05)
        if not task.cancelled():
            task.exception()  # looked at, so that an abandoned one is not reported
