"""What systemd would hear, on a socket like its own."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from protos.operation.service_manager import ServiceManager


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(1)
        yield end


def test_it_tells_its_states(listener: socket.socket) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "30000000"})
    manager.ready("open")
    manager.alive()
    manager.stopping()
    heard = [listener.recv(100) for _ in range(3)]
    assert heard == [b"READY=1\nSTATUS=open", b"WATCHDOG=1", b"STOPPING=1"]
    assert manager.interval_s == 15


def test_a_socket_without_a_file() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0choba-test-{os.getpid()}")
        end.settimeout(1)
        ServiceManager({"NOTIFY_SOCKET": f"@choba-test-{os.getpid()}"}).alive()
        assert end.recv(100) == b"WATCHDOG=1"


def test_nobody_listens(tmp_path: Path) -> None:
    ServiceManager({}).ready("open")
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
    assert ServiceManager({}).interval_s is None


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    environment = {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert ServiceManager(environment).interval_s is None
    assert ServiceManager({"WATCHDOG_USEC": "soon"}).interval_s is None


async def test_a_sick_service_gives_no_sign(listener: socket.socket) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "20000"})
    answers = iter([True, False])
    second_asked = asyncio.Event()

    async def healthy() -> bool:
        answer = next(answers, None)
        if answer is None:
            second_asked.set()
            await asyncio.Event().wait()
        return bool(answer)

    task = asyncio.create_task(manager.watchdog(healthy))
    await asyncio.wait_for(second_asked.wait(), 5)
    task.cancel()
    assert listener.recv(100) == b"WATCHDOG=1"
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.recv(100)
