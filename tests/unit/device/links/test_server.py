"""The link to the server outlives what happens to one channel."""

import asyncio
from pathlib import Path

import pytest

from device.core.events import Event
from device.links.clock import DeviceClock
from device.links.server import ServerLink, Standing
from hardware.clock import SystemClock
from protos.units import SaleNumber, Sequence
from tests.unit.device.links.test_identity import identity


async def test_a_channel_closed_for_a_new_certificate_does_not_end_the_link(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def post(event: Event) -> None:
        raise AssertionError(f"nothing is to be told: {event}")

    link = ServerLink(
        host="127.0.0.1",
        port=1,
        identity=identity(1),
        clock=DeviceClock(SystemClock()),
        standing=lambda: Standing("b", SaleNumber(0), Sequence(0), "", "0"),
        post=post,
    )
    followed = asyncio.Queue[int]()

    async def follow() -> None:
        followed.put_nowait(1)
        if followed.qsize() == 1:
            raise asyncio.CancelledError  # what grpc.aio raises in a call whose channel is closed
        await asyncio.Event().wait()

    monkeypatch.setattr(link, "_open", lambda: None)
    monkeypatch.setattr(link, "_follow", follow)
    task = asyncio.create_task(link.run())
    link.reconnect()
    async with asyncio.timeout(10):
        while followed.qsize() < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
