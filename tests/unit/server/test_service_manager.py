"""What systemd hears: ready, alive, stopping; nothing while a part is unwell."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.service_manager import ServiceManager


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(2)
        yield listening


async def test_ready_alive_stopping(manager_socket: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": manager_socket.getsockname(), "WATCHDOG_USEC": "40000"}
    manager = ServiceManager(environment)
    manager.ready("serving")
    assert manager_socket.recv(100) == b"READY=1\nSTATUS=serving"
    well = True

    async def healthy() -> bool:
        return well

    task = asyncio.create_task(manager.watchdog(healthy))
    await asyncio.sleep(0.07)
    assert manager_socket.recv(100) == b"WATCHDOG=1"
    assert manager_socket.recv(100) == b"WATCHDOG=1"
    well = False
    await asyncio.sleep(0.03)
    manager_socket.setblocking(False)
    while True:
        try:
            manager_socket.recv(100)
        except BlockingIOError:
            break
    await asyncio.sleep(0.06)
    with pytest.raises(BlockingIOError):
        manager_socket.recv(100)
    task.cancel()
    manager.stopping()
    assert manager_socket.recv(100) == b"STOPPING=1"


async def test_without_systemd_nothing_happens() -> None:
    manager = ServiceManager({})
    manager.ready("serving")

    async def healthy() -> bool:
        raise AssertionError("nobody asks")

    await asyncio.wait_for(manager.watchdog(healthy), 1)
    ServiceManager({"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "x"}).ready("serving")
