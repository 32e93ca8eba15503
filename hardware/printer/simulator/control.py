"""The hands at the simulated printer: a line protocol over TCP, one command a line.

Answers ``ok``, ``error …`` or, to ``state``, one line of JSON. For instance
``printf 'paper-out 5\\n' | nc 127.0.0.1 PORT``.
"""

import json
import socketserver
import threading
from collections.abc import Callable, Mapping
from typing import Final

from hardware.printer.simulator.printer import PrinterSimulator

Act = Callable[[PrinterSimulator, str], None]

_ACTS: Final[Mapping[str, Act]] = {
    "paper-out": lambda printer, value: printer.run_out_of_paper(int(value or 0)),
    "refill": lambda printer, _value: printer.refill(),
    "near-end": lambda printer, value: printer.near_the_end(value != "off"),
    "cover-open": lambda printer, _value: printer.open_cover(),
    "cover-close": lambda printer, _value: printer.close_cover(),
    "power-off": lambda printer, value: printer.power_off(int(value or 0)),
    "power-on": lambda printer, _value: printer.power_on(),
    "silent": lambda printer, value: printer.be_silent(value != "off"),
    "slow": lambda printer, value: printer.be_slow(float(value or 0)),
}


class ControlPort:
    """Listens on loopback, one thread a connection, until ``close``."""

    def __init__(self, printer: PrinterSimulator, port: int = 0) -> None:
        outer = printer

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    answer = carry_out(outer, line.decode(errors="replace").strip())
                    self.wfile.write(f"{answer}\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="printer-control", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def carry_out(printer: PrinterSimulator, command: str) -> str:
    """Do one command; returns the answer's line."""
    word, _, value = command.partition(" ")
    if word == "state":
        return json.dumps({"sheets": printer.count, "errors": printer.errors}, ensure_ascii=False)
    act = _ACTS.get(word)
    if act is None:
        return f"error unknown command {word!r}; known: state, {', '.join(_ACTS)}"
    try:
        act(printer, value.strip())
    except ValueError as error:
        return f"error {word}: {error}"
    return "ok"
