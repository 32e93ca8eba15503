"""Closing by the timer: every service, everything that is due, a moment after it is."""

import asyncio
import logging
from typing import Final

from protos.operation.logs import say
from server.clock import MINUTE, SECOND, tokyo_time
from server.refusal import Refusal
from server.settlement.closes.closing import BY_TIMER, SERVER, CloseDesk
from server.settlement.closes.types import Close

log = logging.getLogger(__name__)

_SOON: Final = 2 * MINUTE
"""The timer's clock and the clock that decides may differ; up to this it is waited for."""


class CloseTimer:
    """A due job: killed anywhere and run again, also twice at once, it makes each close once."""

    def __init__(self, desk: CloseDesk) -> None:
        self._desk = desk

    async def run(self) -> tuple[Close, ...]:
        """Everything that is due. A service that refuses holds up no other; the first refusal is
        raised in the end, so that it is tried again."""
        boundaries, now = await asyncio.to_thread(self._desk.agenda)
        soon = [at - now for at in boundaries.values() if now < at <= now + _SOON]
        if soon:
            await asyncio.sleep(max(soon) / SECOND)
        made: list[Close] = []
        refusals: list[Refusal] = []
        for service, at in boundaries.items():
            if at > now + _SOON:
                continue
            try:
                made += await asyncio.to_thread(
                    self._desk.close_due, service, by=SERVER, why=BY_TIMER
                )
            except Refusal as refusal:
                say(log, logging.ERROR, "close refused", service=service, reason=str(refusal))
                refusals.append(refusal)
        for close in made:
            _tell(close)
        if refusals:
            raise refusals[0]
        return tuple(made)


def _tell(close: Close) -> None:
    say(
        log,
        logging.INFO,
        "closed",
        service=close.service_id,
        number=close.number,
        boundary=tokyo_time(close.boundary).isoformat(),
        close=close.close_id,
    )
