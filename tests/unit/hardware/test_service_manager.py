"""What systemd would hear, on a socket like its own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.service_manager import Systemd


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(1)
        yield end


def test_it_tells_its_states(listener: socket.socket) -> None:
    manager = Systemd({"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "30000000"})
    manager.ready()
    manager.alive()
    manager.stopping()
    heard = [listener.recv(100) for _ in range(3)]
    assert heard == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
    assert manager.watchdog_interval_s == 30


def test_a_socket_without_a_file() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0choba-test-{os.getpid()}")
        end.settimeout(1)
        Systemd({"NOTIFY_SOCKET": f"@choba-test-{os.getpid()}"}).ready()
        assert end.recv(100) == b"READY=1"


def test_nobody_listens(tmp_path: Path) -> None:
    Systemd({}).ready()
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
    assert Systemd({}).watchdog_interval_s is None


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    environment = {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    assert Systemd(environment).watchdog_interval_s is None
