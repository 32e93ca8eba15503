"""``python -m hardware.printer.simulator``: a receipt printer as a process.

It prints one line of JSON with its ports, then works until SIGTERM or SIGINT. Exit status 1 when it
received bytes that it doesn't know (they are in OUT/errors.txt).
"""

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path

from hardware.ports import PrinterError
from hardware.printer.profiles import load_profile, profile_names
from hardware.printer.simulator import ControlPort, PrinterSimulator, PtyPort, TcpPort
from hardware.printer.typeface import Typeface


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hardware.printer.simulator")
    parser.add_argument("--host", default="127.0.0.1", help="address of the TCP port")
    parser.add_argument("--port", type=int, default=0, help="TCP port (0: any free one)")
    parser.add_argument("--pty", type=Path, help="make this link a serial line to the printer")
    parser.add_argument("--control-port", type=int, help="TCP port of the controls (0: any)")
    parser.add_argument(
        "--profile", default="generic-58", help=f"one of {', '.join(profile_names())}"
    )
    parser.add_argument("--out", type=Path, help="folder for slip-0001.bin, .txt, .png …")
    return parser.parse_args()


def main() -> int:
    """Run until told to stop; returns the exit status."""
    arguments = _arguments()
    logging.basicConfig(format="%(levelname)s %(message)s")
    try:
        profile = load_profile(arguments.profile)
    except PrinterError as error:
        print(error, file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    printer = PrinterSimulator(profile, Typeface(), arguments.out)
    where: dict[str, object] = {"profile": profile.name}
    where["port"] = TcpPort(printer, arguments.host, arguments.port).port
    if arguments.pty is not None:
        where["pty"] = str(PtyPort(printer, arguments.pty).link)
    control = None
    if arguments.control_port is not None:
        control = ControlPort(printer, arguments.control_port)
        where["control_port"] = control.port
    print(json.dumps(where), flush=True)
    stop.wait()
    if control is not None:
        control.close()
    printer.close()
    return 1 if printer.errors else 0


if __name__ == "__main__":
    sys.exit(main())
