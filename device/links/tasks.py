"""Work that goes on beside the loop."""

import asyncio
import logging
from collections.abc import Awaitable

from protos.operation.logs import say

log = logging.getLogger(__name__)


class Tasks:
    """Tasks of a runner: kept from being collected, their failures logged, all ended together."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Awaitable[None], name: str) -> None:
        """Run it on its own."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                say(log, logging.ERROR, "task failed", task=name, error=error)

        task = asyncio.get_running_loop().create_task(guarded(), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cancel what still runs and wait for its end."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
