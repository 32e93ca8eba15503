"""A cable between the counter and a port of the server, which can be pulled and plugged in again.

Bytes are forwarded over loopback as they come. Pulled, every connection breaks and no new one is
taken: the counter's own links have to notice, no flag tells them.
"""

import contextlib
import socket
import struct
import threading

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: closing resets, as a network that goes away does sooner or later."""
_CHUNK = 65536
_POLL_S = 0.05


class Cable:
    """Listens on ``port`` of loopback and forwards to ``target``. Use as a context manager."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self._listener: socket.socket | None = None
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()

    def plug(self) -> None:
        """Connections go through from now on."""
        listener = socket.create_server(("127.0.0.1", self.port))
        listener.settimeout(_POLL_S)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def pull(self) -> None:
        """Nothing goes through from now on."""
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._ends = self._ends, set()
        if listener is not None:
            listener.close()
        for end in ends:
            _reset(end)

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                near, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._join(listener, near)

    def _join(self, listener: socket.socket, near: socket.socket) -> None:
        near.settimeout(None)
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _reset(near)
            return
        with self._lock:
            if self._listener is not listener:  # pulled meanwhile
                _reset(near)
                _reset(far)
                return
            self._ends |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                sink.sendall(data)
        with self._lock:
            self._ends -= {source, sink}
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def __enter__(self) -> "Cable":
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.pull()


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # wakes a thread that waits in recv; close alone would leave it there
        end.shutdown(socket.SHUT_RDWR)
    end.close()
