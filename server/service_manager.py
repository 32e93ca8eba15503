"""sd_notify: tells systemd that the server is ready, alive, stopping. Silent without systemd."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

_MICRO = 1_000_000


class ServiceManager:
    """The socket named by $NOTIFY_SOCKET, if there is one (sd_notify(3))."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._interval = _watchdog_interval(environment)

    def ready(self, status: str) -> None:
        """The listeners accept calls."""
        self._send(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """No more calls are accepted; the running ones end."""
        self._send("STOPPING=1")

    async def watchdog(self, healthy: Callable[[], Awaitable[bool]]) -> None:
        """Until cancelled: a sign of life at half the watchdog's time, while ``healthy`` says so.

        The sign comes from the loop that serves, after a question to the parts that matter: a
        stuck loop or a dead engine lets systemd restart the server.
        """
        if self._interval is None:
            return
        while True:
            if await healthy():
                self._send("WATCHDOG=1")
            await asyncio.sleep(self._interval)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),  # a manager that went away is not our trouble
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.sendto(message.encode(), self._address)


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """Half of WATCHDOG_USEC in seconds, when it is meant for this process."""
    try:
        micros = int(environment.get("WATCHDOG_USEC", "0"))
        pid = int(environment.get("WATCHDOG_PID", "0"))
    except ValueError:
        return None
    if micros <= 0 or pid not in {0, os.getpid()}:
        return None
    return micros / _MICRO / 2
