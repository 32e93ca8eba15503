"""What the simulated printer listens on: a TCP port, and a pty as its serial line."""

import errno
import os
import select
import socket
import threading
import tty
from pathlib import Path
from typing import Final

from hardware.printer.simulator.printer import PrinterSimulator

_POLL_SECONDS: Final = 0.05
_SWITCH_SECONDS: Final = 5.0
_READ_SIZE: Final = 4096


class _Power:
    """The power switch as a port's thread sees it. Switching waits until it has happened."""

    def __init__(self) -> None:
        self._wanted = True
        self._is_on = True
        self._changed = threading.Condition()
        self.thread: threading.Thread | None = None

    def switch(self, on: bool) -> None:
        with self._changed:
            if threading.current_thread() is self.thread:
                self._wanted = on
                return
            # A switch that the port's own thread began has to have happened first.
            self._changed.wait_for(self._settled, _SWITCH_SECONDS)
            self._wanted = on
            self._changed.wait_for(self._settled, _SWITCH_SECONDS)

    def _settled(self) -> bool:
        return self._is_on == self._wanted

    @property
    def wanted(self) -> bool:
        with self._changed:
            return self._wanted

    def happened(self, on: bool) -> None:
        with self._changed:
            self._is_on = on
            self._changed.notify_all()


class TcpPort:
    """Port 9100's kind: one connection at a time, refused while the power is off."""

    def __init__(self, printer: PrinterSimulator, host: str = "127.0.0.1", port: int = 0) -> None:
        self._printer = printer
        self._host = host
        self._stop = threading.Event()
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="printer-tcp", daemon=True)
        self._power = _Power()
        self._power.thread = self._thread
        printer.attach(self)
        self._thread.start()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self._host, port))
        listener.listen(4)
        return listener

    def power_off(self) -> None:
        """Drop the connection and refuse others."""
        self._power.switch(False)

    def power_on(self) -> None:
        """Listen again on the same port."""
        self._power.switch(True)

    def close(self) -> None:
        """Stop for good."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not self._power.wanted:
                self._listener.close()
                self._power.happened(False)
                while not self._power.wanted and not self._stop.is_set():
                    self._stop.wait(_POLL_SECONDS)
                if self._stop.is_set():
                    break
                self._listener = self._listen(self.port)
                self._power.happened(True)
            if select.select([self._listener], [], [], _POLL_SECONDS)[0]:
                connection, _address = self._listener.accept()
                with connection:
                    self._printer.connected()
                    self._converse(connection)
        self._listener.close()

    def _converse(self, connection: socket.socket) -> None:
        while not self._stop.is_set() and self._power.wanted:
            if not select.select([connection], [], [], _POLL_SECONDS)[0]:
                continue
            try:
                data = connection.recv(_READ_SIZE)
            except OSError:
                return  # reset by the other side
            if not data:
                return
            self._printer.receive(data, connection.sendall)
        # Unread data makes the close a reset, as pulling the plug does.


class PtyPort:
    """A serial line: a pseudo terminal, reached through a link that outlives power cuts."""

    def __init__(self, printer: PrinterSimulator, link: Path) -> None:
        self._printer = printer
        self.link = link
        self._stop = threading.Event()
        self._power = _Power()
        self._open()
        self._thread = threading.Thread(target=self._serve, name="printer-pty", daemon=True)
        self._power.thread = self._thread
        printer.attach(self)
        self._thread.start()

    def _open(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))

    def _drop(self) -> None:
        # The slave's own end was kept open so that a client may come and go.
        os.close(self._slave)
        os.close(self._master)
        self.link.unlink(missing_ok=True)

    def power_off(self) -> None:
        """The line goes dead: whoever has it open gets an error."""
        self._power.switch(False)

    def power_on(self) -> None:
        """A new line behind the same link."""
        self._power.switch(True)

    def close(self) -> None:
        """Stop for good and remove the link."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not self._power.wanted:
                self._drop()
                self._power.happened(False)
                while not self._power.wanted and not self._stop.is_set():
                    self._stop.wait(_POLL_SECONDS)
                if self._stop.is_set():
                    return
                self._open()
                self._printer.connected()
                self._power.happened(True)
            if select.select([self._master], [], [], _POLL_SECONDS)[0]:
                self._printer.receive(self._read(), self._write)
        self._drop()

    def _read(self) -> bytes:
        try:
            return os.read(self._master, _READ_SIZE)
        except OSError as error:
            if error.errno == errno.EIO:
                return b""
            raise

    def _write(self, data: bytes) -> None:
        os.write(self._master, data)
