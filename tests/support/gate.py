"""The whole server on free loopback ports: in this process's loop, or as choba-server itself."""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from protos import pairing, qr_token, topics
from protos.choba.v1 import operator_service_pb2 as operator_pb
from protos.choba.v1 import terminal_service_pb2 as terminal_pb
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.enrolment_service_pb2_grpc import EnrolmentServiceStub
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from protos.choba.v1.payment_pb2 import Payment
from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceStub
from protos.choba.v1.wallet_service_pb2_grpc import WalletServiceStub
from protos.qr_token import Token, TokenKind
from protos.signed_message import Purpose, open_signed
from protos.units import SaleNumber, TerminalId, UnixSeconds, Yen
from server.checkpoints import CheckpointPort, no_checkpoint
from server.composition import ChobaServer, build_server
from server.db import migrate, open_database
from server.operators import Operators, Role
from server.settings import (
    BrokerSettings,
    DevicesSettings,
    PublicSettings,
    Settings,
    WebSettings,
    describe,
)
from server.state import KeyFiles, StateFolder
from tests.support.devices import EnrolledDevice, accept, enrol_request, new_device_key
from tests.support.directory import DEVICE, PHONE, POINTS, VOUCHER, fund, furnish
from tests.support.mqtt import MqttDevice, client_tls
from tests.support.ports import free_ports

LOOPBACK = "127.0.0.1"
TIMEOUT = 10.0


@dataclass
class Gate:
    """A server's addresses and files, and what its callers need."""

    settings: Settings
    state: StateFolder
    folder: Path
    sale: int = 1000
    tokens: dict[Role, str] = field(default_factory=dict)

    @property
    def devices_address(self) -> str:
        return f"{LOOPBACK}:{self.settings.devices.port}"

    @property
    def public_address(self) -> str:
        return f"{LOOPBACK}:{self.settings.public.port}"

    @property
    def ca_pem(self) -> bytes:
        return (self.state.keys / "ca.pem").read_bytes()

    @property
    def operator_token(self) -> str:
        """Of an administrator named "operator"."""
        return self.token_of(Role.ADMIN)

    def token_of(self, role: Role) -> str:
        """An operator of that role, made at the first question as ``choba operator add`` does."""
        if role not in self.tokens:
            name = "operator" if role is Role.ADMIN else role.value
            operators = Operators(KeyFiles(self.state.keys))
            if any(line.name == name for line in operators.all()):
                operators.remove(name)  # made by another gate on this folder
            self.tokens[role] = operators.add(name, role).reveal()
        return self.tokens[role]

    def public_channel(self) -> aio.Channel:
        return aio.secure_channel(
            self.public_address, grpc.ssl_channel_credentials(self.ca_pem), options=NO_RETRY
        )

    def device_channel(self, device: EnrolledDevice) -> aio.Channel:
        return aio.secure_channel(self.devices_address, device.credentials(), options=NO_RETRY)

    async def pairing_code(self, terminal: TerminalId = DEVICE, seconds: int = 0) -> str:
        async with self.public_channel() as channel:
            request = operator_pb.IssuePairingCodeRequest(
                terminal_id=terminal, valid_seconds=seconds
            )
            answer = await OperatorServiceStub(channel).IssuePairingCode(
                request, metadata=bearer(self.operator_token), timeout=TIMEOUT
            )
        return answer.code

    async def enrol(self, code: str) -> EnrolledDevice:
        key = new_device_key()
        fingerprint = pairing.fingerprint(_der(self.ca_pem))
        request = enrol_request(code, key, fingerprint)
        async with self.public_channel() as channel:
            answer = await EnrolmentServiceStub(channel).Enrol(request, timeout=TIMEOUT)
        return accept(code, key, request, answer)

    async def new_device(self, terminal: TerminalId = DEVICE) -> EnrolledDevice:
        return await self.enrol(await self.pairing_code(terminal))

    def mqtt(self, device: EnrolledDevice) -> MqttDevice:
        folder = self.folder / f"mqtt-{device.terminal_id}-{device.number}"
        tls = client_tls(self.ca_pem.decode(), folder, device.key_pem, device.certificate_pem)
        return MqttDevice(device.terminal_id, tls, self.settings.broker.port)

    def qr(self, device: EnrolledDevice, amount: int = 0) -> tuple[SaleNumber, str]:
        """A new sale's number and its QR's text, as the device mints it now."""
        self.sale += 1
        sale = SaleNumber(self.sale)
        now = UnixSeconds(int(time.time()))
        token = Token(TokenKind.DYNAMIC, device.number, sale, now, Yen(amount))
        host = f"{LOOPBACK}:{self.settings.web.https_port}"
        return sale, qr_token.qr_url(host, qr_token.mint(token, device.keys.qr))

    def sent_code(self) -> str:
        """The last sign-in code that was sent, as the customer reads it."""
        last = (self.state.root / "sms.jsonl").read_text("utf-8").splitlines()[-1]
        found = re.search(r"\b\d{6}\b", json.loads(last)["text"])
        assert found is not None
        return found.group()


NO_RETRY = (("grpc.enable_retries", 0),)


@dataclass
class Customer:
    """A customer's app over WalletService."""

    gate: Gate
    channel: aio.Channel
    token: str = ""
    stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self.stub = WalletServiceStub(self.channel)

    async def sign_in(self) -> None:
        await self.stub.SignIn(wallet_pb.SignInRequest(phone=PHONE), timeout=TIMEOUT)
        request = wallet_pb.SignInRequest(phone=PHONE, code=self.gate.sent_code())
        self.token = (await self.stub.SignIn(request, timeout=TIMEOUT)).token

    async def ticket(self, qr_text: str) -> str:
        request = wallet_pb.LookUpSaleRequest(qr_text=qr_text)
        return str((await self.stub.LookUpSale(request, timeout=TIMEOUT)).ticket)

    async def call(self, method: str, request: Any) -> Any:
        return await getattr(self.stub, method)(
            request, metadata=bearer(self.token), timeout=TIMEOUT
        )

    async def pay(self, qr_text: str, voucher: int = 1000, points: int = 200) -> Payment:
        """Claim and pay."""
        ticket = await self.ticket(qr_text)
        await self.call("ClaimSale", wallet_pb.ClaimSaleRequest(ticket=ticket))
        request = wallet_pb.PayRequest(
            idempotency_key=secrets.token_urlsafe(24),
            ticket=ticket,
            amount_yen=voucher + points,
            legs=[
                wallet_pb.LegRequest(service_id=VOUCHER, amount_yen=voucher),
                wallet_pb.LegRequest(service_id=POINTS, amount_yen=points),
            ],
        )
        answer = await self.call("Pay", request)
        payment: Payment = answer.payment
        return payment


def connect_request(
    boot: str = "boot-a", highest: int = 0, clock_off_seconds: int = 0
) -> terminal_pb.ConnectRequest:
    """A device's first call, by a clock that may be off."""
    return terminal_pb.ConnectRequest(
        boot_id=boot,
        highest_sale_number=highest,
        software_version="0.1.0",
        device_time_micros=time.time_ns() // 1000 + clock_off_seconds * 1_000_000,
    )


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def terminal_stub(channel: aio.Channel) -> Any:
    """Any: the stubs' asynchronous shape is chosen by an overload on the channel."""
    return TerminalServiceStub(channel)


def announced(device: EnrolledDevice, message: tuple[str, bytes]) -> Payment:
    """A payment as its device believes it."""
    topic, data = message
    assert topic == topics.payments(device.terminal_id)
    sequence, payload = open_signed(
        device.keys.announcement, Purpose.PAYMENT, device.number, device.ledger_id, data
    )
    payment = Payment.FromString(payload)
    assert payment.sequence == sequence
    return payment


@dataclass(frozen=True)
class Told:
    """How a call failed, as a program and a person read it."""

    status: grpc.StatusCode
    reason: str
    ja: str
    en: str
    fields: tuple[str, ...]


def told(error: aio.AioRpcError) -> Told:
    """Reads google.rpc.Status out of the trailers."""
    trailers: Any = error.trailing_metadata() or ()  # pairs; the stubs know their sum type only
    details = dict(trailers).get("grpc-status-details-bin")
    reason = english = ""
    fields: tuple[str, ...] = ()
    if isinstance(details, bytes):
        status = status_pb2.Status.FromString(details)
        for detail in status.details:
            info, words = error_details_pb2.ErrorInfo(), error_details_pb2.LocalizedMessage()
            bad = error_details_pb2.BadRequest()
            if detail.Unpack(info):
                assert info.domain == "choba"
                reason = info.reason
            elif detail.Unpack(words):
                english = words.message
            elif detail.Unpack(bad):
                fields = tuple(violation.field for violation in bad.field_violations)
    return Told(error.code(), reason, error.details() or "", english, fields)


def loopback_settings(plain_http: bool = False) -> Settings:
    """Free ports, loopback only."""
    devices, public, https, http, broker = free_ports(5)
    return Settings(
        devices=DevicesSettings(host=LOOPBACK, port=devices),
        public=PublicSettings(host=LOOPBACK, port=public),
        web=WebSettings(
            host=LOOPBACK,
            https_port=https,
            plain_http_port=http if plain_http else 0,
            wallet_url=f"https://{LOOPBACK}:{https}",
        ),
        broker=BrokerSettings(host=LOOPBACK, port=broker),
    )


def prepare(folder: Path, settings: Settings | None = None) -> Gate:
    """A state folder with a shop and a customer in it; nothing runs yet."""
    state = StateFolder(folder / "state")
    state.root.mkdir()
    state.database.write_bytes(_furnished())
    return Gate(settings or loopback_settings(), state, folder)


@cache
def _furnished() -> bytes:
    """The database of ``prepare``, made once for all tests of a run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "choba.sqlite"
        migrate(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        try:
            database.write_now(furnish)
            fund(database)
        finally:
            database.close_now()
        return path.read_bytes()


@contextlib.asynccontextmanager
async def serving(
    gate: Gate, checkpoint: CheckpointPort = no_checkpoint
) -> AsyncIterator[ChobaServer]:
    """The server in this loop."""
    server = await build_server(gate.settings, gate.state, {}, checkpoint)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


class ServerProcess:
    """choba-server as a process of its own; ``log`` keeps its standard error."""

    def __init__(self, gate: Gate, arguments: Sequence[str] = ("-m", "server")) -> None:
        self.gate = gate
        self.config = gate.folder / "server.toml"
        self.config.write_text(describe(gate.settings), "utf-8")
        self.log_path = gate.folder / "server.log"
        self.command = (
            sys.executable,
            *arguments,
            "--config",
            str(self.config),
            "--state-dir",
            str(gate.state.root),
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    async def start(self) -> float:
        """Returns when every listener accepts: seconds of processor time that it took."""
        with self.log_path.open("ab") as log:
            self.process = await asyncio.to_thread(
                subprocess.Popen, self.command, stderr=log, env=os.environ | {"PYTHONPATH": "."}
            )
        settings = self.gate.settings
        for port in (settings.devices.port, settings.public.port, settings.web.https_port):
            await self._listening(port)
        assert self.process is not None
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    async def _listening(self, port: int) -> None:
        for _ in range(1500):
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"choba-server ended: {self.log[-2000:]}")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.close()
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"nothing listens on {port}: {self.log[-2000:]}")

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, 20)


def with_in_flight(settings: Settings, count: int) -> Settings:
    """The same with another bound of announcements in flight."""
    return replace(settings, broker=replace(settings.broker, in_flight=count))


def _der(pem: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    certificate = x509.load_pem_x509_certificate(pem)
    return certificate.public_bytes(serialization.Encoding.DER)
