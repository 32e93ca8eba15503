"""The demo for a person: everything runs until Ctrl-C."""

import contextlib
import os
import socket
import time
from pathlib import Path

from tools.demo.stages import Stages
from tools.harness.process import StageError
from tools.harness.stack import Plan, Ports, Stack

_GUIDE = """
Choba is open.

  The counter   {screen}
  The wallet    {wallet}
                sign in with the telephone number {phone}; the code of the short message
                is shown here when it comes
  To pay        scan the counter's QR with a phone on this network, or open it in the wallet
  The slips     {paper}
  The log       {log}

Ctrl-C closes it. The books stay in {state}; remove that folder to begin anew.
"""


def live(folder: Path) -> int:
    """Run until Ctrl-C. The plain-HTTP wallet is for one's own network: see the README."""
    ports = Ports()
    wallet = f"http://{_own_address()}:{ports.http}"
    plan = Plan(folder, host="0.0.0.0", wallet_url=wallet, ports=ports)
    stages = Stages()
    with Stack(plan) as stack:
        stack.start_server()
        stack.load_demo_data()
        stack.start_printer()
        stack.enrol_device()
        stack.start_device()
        stack.wait_screen("Standby")
        stages.done("from the start to the QR")
        print(stages.table())
        print(
            _GUIDE.format(
                screen=_where(),
                wallet=wallet,
                phone="090-0000-0001",
                paper=stack.paper_dir,
                log=folder,
                state=folder,
            )
        )
        with contextlib.suppress(KeyboardInterrupt):
            _watch(stack)
    return 0


def _watch(stack: Stack) -> None:
    """Show the codes of short messages, as the phone would; stop when a program ends."""
    shown = 0
    messages = stack.server_dir / "sms.jsonl"
    while True:
        for program in (stack.server, stack.printer, stack.device):
            if program is not None and not program.is_running():
                raise StageError(f"{program.name} ended; see {program.log_path}")
        if messages.exists():
            lines = messages.read_text("utf-8").splitlines()
            for line in lines[shown:]:
                print(f"short message: {line}", flush=True)
            shown = len(lines)
        time.sleep(0.5)


def _own_address() -> str:
    """This machine's address on its network. Connecting a datagram socket sends nothing."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.connect(("192.0.2.1", 9))
        return str(end.getsockname()[0])
    return "127.0.0.1"


def _where() -> str:
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return "is the window on this screen"
    return "has no screen here; SIGUSR1 to it writes screen.png into its folder"
