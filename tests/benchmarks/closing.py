"""``python -m tests.benchmarks.closing``: figures without a reference.

Second start to the QR (a state that exists already), then 60 s on standby: CPU and memory of the
counter and of the server, broker included separately. One line of JSON.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.machine import Others, cpu_seconds, describe, resident_mib
from tools.harness.stack import Plan, Stack, headless_environment

IDLE_S = 60.0
_SETTLE_S = 5.0


def second_start(plan: Plan) -> tuple[float, float]:
    """Seconds from nothing running to the QR: of the whole house, and of the counter alone."""
    with Stack(plan) as first:
        _start(first)
        printer = first.printer_port
    with Stack(plan) as second:
        second.printer_port = printer
        began = time.monotonic()
        second.start_server()
        counter = time.monotonic()
        second.start_device()
        second.wait_screen("Standby")
        qr = time.monotonic()
        second.read_qr()  # it is one, and can be read
    return qr - began, qr - counter


def idle(plan: Plan) -> dict[str, float]:
    """CPU in percent of one core and memory in MiB, over a minute with nobody there."""
    with Stack(plan) as stack:
        _start(stack)
        time.sleep(_SETTLE_S)
        assert stack.server is not None
        assert stack.device is not None
        pids = {"counter": stack.device.pid, "server": stack.server.pid}
        others = Others(tuple(pids.values()))
        others.start()
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        began = time.monotonic()
        time.sleep(IDLE_S)
        seconds = time.monotonic() - began
        figures = {
            f"{name} CPU %": round(100 * (cpu_seconds(pid) - before[name]) / seconds, 2)
            for name, pid in pids.items()
        }
        figures |= {f"{name} RSS MiB": round(resident_mib(pid)) for name, pid in pids.items()}
        return figures | {"others, cores": round(others.share(), 2)}


def _start(stack: Stack) -> None:
    stack.start_server()
    stack.load_demo_data()
    stack.start_printer()
    stack.enrol_device()
    stack.start_device()
    stack.wait_screen("Standby")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="choba-closing-") as name:
        folder = Path(name)
        plan = Plan(folder, device_environment=headless_environment(folder / "played.raw"))
        whole, counter = second_start(plan)
        figures = {
            "machine": describe(),
            "second start to QR, s: server, broker and counter": round(whole, 2),
            "second start to QR, s: counter alone": round(counter, 2),
            **idle(plan),
        }
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
