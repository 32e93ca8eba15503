"""The whole house on loopback: server with its broker, printer, counter; each a real process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message

from protos.choba.v1.operator_service_pb2 import IssuePairingCodeRequest
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from server.operators import Operators, Role
from server.state import KeyFiles
from tools.harness.camera import read_qr
from tools.harness.process import LogLine, Program, StageError

START_S = 40.0
STEP_S = 20.0
TERMINAL = "T-000412"
"""The terminal of the demo data's first shop."""


def free_port(wanted: int = 0) -> int:
    """``wanted`` when nobody listens there, else any free port."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            end.bind(("0.0.0.0", port))
            return int(end.getsockname()[1])
    raise StageError("no free port")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens."""

    devices: int = field(default_factory=lambda: free_port(8470))
    public: int = field(default_factory=lambda: free_port(8471))
    https: int = field(default_factory=lambda: free_port(8443))
    http: int = field(default_factory=lambda: free_port(8080))
    broker: int = field(default_factory=lambda: free_port(8883))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started, and how."""

    folder: Path
    host: str = "127.0.0.1"
    """What every listener binds: loopback, or 0.0.0.0 for a phone on the same network."""
    wallet_url: str = ""
    """What the QR opens; empty: HTTPS on loopback."""
    profile: str = "epson-tm-t88"
    ports: Ports = field(default_factory=Ports)
    device_environment: Mapping[str, str] = field(default_factory=dict)
    database_url: str = ""
    """A migrated PostgreSQL, as the servers' role; empty: SQLite in the state folder."""
    server_settings: str = ""
    """Further TOML for the server."""
    server_module: str = "server"
    device_module: str = "device"
    server_environment: Mapping[str, str] = field(default_factory=dict)
    device_ports: Ports | None = None
    """Where the counter finds the server and the broker, when a cable lies between; enrolment
    goes straight."""

    @property
    def wallet(self) -> str:
        """The wallet's address."""
        return self.wallet_url or f"https://127.0.0.1:{self.ports.https}"


class Stack:
    """Starts the programs one by one, so that each start can be watched and repeated."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.server_dir = plan.folder / "server"
        self.device_dir = plan.folder / "device"
        self.paper_dir = plan.folder / "paper"
        self.server: Program | None = None
        self.device: Program | None = None
        self.printer: Program | None = None
        self.printer_port = 0
        self.printer_control = 0
        self._operator_token = ""

    # --- starting -------------------------------------------------------------------------

    def start_server(self) -> Program:
        """The server, with its broker and web; returns when it serves."""
        plan = self.plan
        config = plan.folder / "server.toml"
        self.server_dir.mkdir(parents=True, exist_ok=True)
        config.write_text(_server_settings(plan), "utf-8")
        self.server = Program(
            "server",
            [
                *(sys.executable, "-m", plan.server_module),
                *("--config", str(config), "--state-dir", str(self.server_dir)),
            ],
            plan.folder,
            plan.server_environment,
        ).start()
        self.server.wait_for("server serves", _event("serving"), START_S)
        return self.server

    def load_demo_data(self) -> None:
        """The reference campaign; does nothing when it is there."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "server.demo"),
                *("--state-dir", str(self.server_dir)),
                *("--database", self.plan.database_url),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StageError(f"demo data: {done.stderr.strip() or done.stdout.strip()}")

    def start_printer(self) -> Program:
        """A simulated printer over TCP."""
        self.printer = Program(
            "printer",
            [
                *(sys.executable, "-m", "hardware.printer.simulator"),
                *("--profile", self.plan.profile, "--out", str(self.paper_dir)),
                *("--port", str(self.printer_port), "--control-port", "0"),
            ],
            self.plan.folder,
        ).start()
        where = self.printer.wait_for("printer is on", lambda line: "port" in line, START_S)
        self.printer_port, self.printer_control = int(where["port"]), int(where["control_port"])
        return self.printer

    def enrol_device(self) -> None:
        """The operator issues a pairing code; the device enrols with it, by its keyboard."""
        if (self.device_dir / "identity").is_dir():
            return
        code = self.issue_pairing_code()
        config = self._device_config()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "device", "--enrol"),
                *("--config", str(config), "--state-dir", str(self.device_dir)),
            ],
            input=f"{code}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StageError(f"enrolment: {done.stderr.strip()}")

    def start_device(self) -> Program:
        """The counter; returns when it has opened."""
        config = self._device_config()
        self.device = Program(
            "device",
            [
                *(sys.executable, "-m", self.plan.device_module),
                *("--config", str(config), "--state-dir", str(self.device_dir)),
            ],
            self.plan.folder,
            self.plan.device_environment,
        ).start()
        self.device.wait_for("counter opens", _event("counter open"), START_S)
        return self.device

    def _device_config(self) -> Path:
        config = self.plan.folder / "device.toml"
        self.device_dir.mkdir(parents=True, exist_ok=True)
        config.write_text(self._device_settings(), "utf-8")
        return config

    def _device_settings(self) -> str:
        ports = self.plan.device_ports or self.plan.ports
        lines = [
            "[server]",
            'host = "127.0.0.1"',
            f"terminals_port = {ports.devices}",
            f"public_port = {self.plan.ports.public}",
            f"broker_port = {ports.broker}",
        ]
        if self.printer_port:
            lines += [
                "[printer]",
                f'profile = "{self.plan.profile}"',
                f'device = "tcp:127.0.0.1:{self.printer_port}"',
            ]
        return "\n".join(lines) + "\n"

    def operator_token(self) -> str:
        """As ``choba operator add`` gives it; the running server learns of it by itself."""
        if not self._operator_token:
            operators = Operators(KeyFiles(self.server_dir / "keys"))
            if any(line.name == "operator" for line in operators.all()):
                operators.remove("operator")  # of an earlier run in this folder
            self._operator_token = operators.add("operator", Role.ADMIN).reveal()
        return self._operator_token

    def ask_operator(self, method: str, request: Message) -> Any:
        """A call of OperatorService: a token of its own, over TLS. Raises grpc.RpcError."""
        keys = self.server_dir / "keys"
        token = self.operator_token()
        credentials = grpc.ssl_channel_credentials((keys / "ca.pem").read_bytes())
        address = f"127.0.0.1:{self.plan.ports.public}"
        with grpc.secure_channel(address, credentials) as channel:
            return getattr(OperatorServiceStub(channel), method)(
                request, timeout=STEP_S, metadata=(("authorization", f"Bearer {token}"),)
            )

    def issue_pairing_code(self, terminal: str = TERMINAL) -> str:
        """As the operator."""
        request = IssuePairingCodeRequest(terminal_id=terminal)
        return str(self.ask_operator("IssuePairingCode", request).code)

    # --- looking --------------------------------------------------------------------------

    def picture(self) -> Path:
        """The counter's window as it is now."""
        assert self.device is not None
        path = self.device_dir / "screen.png"
        before = len(self.device.lines)
        self.device.signal(signal.SIGUSR1)
        self.device.wait_for("picture of the screen", _event("picture"), STEP_S, after=before)
        return path

    def wait_screen(self, screen: str, after: int = 0, timeout_s: float = STEP_S) -> LogLine:
        """Until the counter shows this screen; from log line ``after`` on."""
        assert self.device is not None
        return self.device.wait_for(
            f"screen {screen}",
            lambda line: line.get("event") == "screen" and line.get("screen") == screen,
            timeout_s,
            after=after,
        )

    def read_qr(self, timeout_s: float = STEP_S) -> str:
        """The QR as a camera reads it from the picture of the window."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            text = read_qr(self.picture())
            if text:
                return text
            time.sleep(0.1)
        raise StageError(f"QR: none could be read from {self.device_dir / 'screen.png'}")

    # --- ending ---------------------------------------------------------------------------

    def stop(self) -> None:
        """End everything, the counter first."""
        for program in (self.device, self.printer, self.server):
            if program is not None:
                program.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def headless_environment(recording: Path) -> dict[str, str]:
    """A counter without a screen and a loudspeaker: real frames, and what was played in a file."""
    return {
        "SDL_VIDEODRIVER": "offscreen",
        "SDL_AUDIODRIVER": "disk",
        "SDL_DISKAUDIOFILE": str(recording),
        "DISPLAY": os.environ.get("DISPLAY", ""),
    }


def _event(name: str) -> "EventIs":
    return EventIs(name)


class EventIs:
    """Whether a log line tells of this event."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, line: LogLine) -> bool:
        return line.get("event") == self._name


def _server_settings(plan: Plan) -> str:
    ports, host = plan.ports, plan.host
    plain = ports.http if plan.wallet.startswith("http:") else 0
    return f"""
[database]
url = "{plan.database_url}"
[devices]
host = "{host}"
port = {ports.devices}
[public]
host = "{host}"
port = {ports.public}
[web]
host = "{host}"
https_port = {ports.https}
plain_http_port = {plain}
wallet_url = "{plan.wallet}"
name_ja = "みほん市デジタル商品券"
name_en = "Mihon City Vouchers"
[broker]
host = "{host}"
port = {ports.broker}
[office]
name = "みほん市デジタル商品券事務局"
phone = "0120-000-000"
{plan.server_settings}
"""
