"""Telling systemd that we started, that we live, that we stop (sd_notify(3)).

The watchdog is hardware in the end: systemd feeds the board's own timer as long as we feed ours.
"""

import os
import socket
from collections.abc import Mapping
from typing import Protocol


class ServiceManager(Protocol):
    """What a service tells whoever started it."""

    @property
    def watchdog_interval_s(self) -> float | None:
        """How often ``alive`` is expected at the latest, in seconds; None: nobody watches."""
        ...

    def ready(self) -> None:
        """The service does its job now."""
        ...

    def alive(self) -> None:
        """The main loop turns."""
        ...

    def stopping(self) -> None:
        """An orderly stop has begun."""
        ...


class Systemd:
    """The real one. Without ``$NOTIFY_SOCKET`` (a terminal, a test) it says nothing to nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if watched else ""
        self._interval = int(microseconds) / 1_000_000 if microseconds.isdigit() else None

    @property
    def watchdog_interval_s(self) -> float | None:
        return self._interval

    def ready(self) -> None:
        self._send("READY=1")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # an abstract socket
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            try:
                end.sendto(state.encode(), address)
            except OSError:
                # systemd restarting itself is no reason to stop serving; it asks again by its timer
                return
