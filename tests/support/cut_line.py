"""A line to PostgreSQL that a test cuts at a COMMIT: before it arrives, or before its answer."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

_COMMIT = b"COMMIT\0"


class Cut(Enum):
    BEFORE_COMMIT_ARRIVES = "before"
    """The server never sees the COMMIT."""
    BEFORE_ANSWER_ARRIVES = "after"
    """The server commits; the client never learns of it."""


class CutLine:
    """Forwards one port to another; ``cut`` names what to do at the next COMMIT."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut: Cut | None = None
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                dropping = threading.Event()
                for call in (self._upward, self._downward):
                    threading.Thread(
                        target=call, args=(client, server, dropping), daemon=True
                    ).start()

    def _upward(self, client: socket.socket, server: socket.socket, drop: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if _COMMIT in data and self.cut is not None:
                    cut, self.cut = self.cut, None
                    self.cuts += 1
                    drop.set()
                    if cut is Cut.BEFORE_COMMIT_ARRIVES:
                        break
                server.sendall(data)
        _hang_up(server)
        _hang_up(client)

    def _downward(
        self, client: socket.socket, server: socket.socket, drop: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if drop.is_set():
                    break  # the answer is lost on the way
                client.sendall(data)
        _hang_up(client)
        _hang_up(server)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def cut_line(target: int) -> Iterator[CutLine]:
    line = CutLine(target)
    try:
        yield line
    finally:
        line.close()
