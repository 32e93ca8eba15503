"""Plays what the core asks for, one sound after the other."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from device.core.effects import PlaySound, Sound, SpeakPayment
from device.core.events import Event, SoundOutcome, SpeechFinished
from device.links.tasks import Tasks
from device.voice.announcements import (
    Announcement,
    Chime,
    chime_announcement,
    code_false_announcement,
    code_true_announcement,
    paid_announcement,
)
from device.voice.files import sound_file, sound_parts
from hardware.ports import PlayOutcome, Speaker
from protos.operation.logs import say

log = logging.getLogger(__name__)

WAITING_LIMIT = 8
"""Sounds that may wait; an older chime is dropped for a newer one, speech never."""

_CHIMES = {
    Sound.TICK: Chime.TICK,
    Sound.CLAIMED: Chime.CLAIMED,
    Sound.LATE: Chime.LATE,
    Sound.CHECKING: Chime.CHECKING,
    Sound.PRINTER: Chime.PRINTER,
}

Post = Callable[[Event], Awaitable[None]]


class SoundLink:
    """The speaker behind the core's effects."""

    def __init__(self, speaker: Speaker, post: Post) -> None:
        self._speaker = speaker
        self._post = post
        self._waiting: deque[PlaySound | SpeakPayment] = deque()
        self._wake = asyncio.Event()
        self._tasks = Tasks()

    def play(self, effect: PlaySound) -> None:
        """A chime; a key's tick sounds over whatever is playing."""
        if effect.sound is Sound.TICK:
            self._speaker.effect(sound_file(Chime.TICK.value))
            return
        self._enqueue(effect)

    def speak(self, effect: SpeakPayment) -> None:
        """The paid chime and the amount; answered by SpeechFinished."""
        self._enqueue(effect)

    def _enqueue(self, effect: PlaySound | SpeakPayment) -> None:
        if len(self._waiting) >= WAITING_LIMIT:
            chimes = [item for item in self._waiting if isinstance(item, PlaySound)]
            if chimes:
                self._waiting.remove(chimes[0])
        self._waiting.append(effect)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._sound(self._waiting.popleft())

    async def _sound(self, effect: PlaySound | SpeakPayment) -> None:
        started = asyncio.get_running_loop().time()
        if isinstance(effect, SpeakPayment):
            say(log, logging.INFO, "speaking", payment=effect.payment_id)
        report = await self._speaker.play(sound_parts(_announcement(effect)))
        heard = report.outcome is PlayOutcome.PLAYED
        if not heard:
            say(log, logging.WARNING, "not heard", outcome=report.outcome, detail=report.detail)
        if isinstance(effect, SpeakPayment):
            outcome = SoundOutcome.PLAYED if heard else SoundOutcome.FAILED
            seconds = round(asyncio.get_running_loop().time() - started, 3)
            say(
                log,
                logging.INFO,
                "spoken",
                payment=effect.payment_id,
                seconds=seconds,
                outcome=outcome,
            )
            await self._post(SpeechFinished(effect.payment_id, outcome))


def _announcement(effect: PlaySound | SpeakPayment) -> Announcement:
    if isinstance(effect, SpeakPayment):
        return paid_announcement(effect.amount, effect.language)
    if effect.sound is Sound.CODE_TRUE:
        return code_true_announcement(effect.language)
    if effect.sound is Sound.CODE_FALSE:
        return code_false_announcement(effect.language)
    return chime_announcement(_CHIMES[effect.sound])
