"""sd_notify(3): tells systemd that a service is ready, alive, stopping. Silent without systemd."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping

_MICRO = 1_000_000


class ServiceManager:
    """The socket named by $NOTIFY_SOCKET, if there is one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self.interval_s = _watchdog_interval(environment)
        """Half of the watchdog's time; None when nobody watches this process."""

    def ready(self, status: str) -> None:
        """The service does its job now."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """The main loop turns."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """An orderly stop has begun."""
        self._send("STOPPING=1")

    async def watchdog(self, healthy: Callable[[], Awaitable[bool]]) -> None:
        """Until cancelled: a sign of life at half the watchdog's time, while ``healthy`` says so.

        The sign comes from the loop that serves, after a question to the parts that matter: a
        stuck loop or a dead part lets systemd restart the service.
        """
        if self.interval_s is None:
            return
        while True:
            if await healthy():
                self.alive()
            await asyncio.sleep(self.interval_s)

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
