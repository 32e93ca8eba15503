"""choba-server as a process: started, stopped, killed, and what a person finds in its log."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from protos import topics
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.payment_pb2 import Payment
from server.announcements.broker import process_now
from server.checkpoints import Checkpoint
from tests.support.devices import EnrolledDevice
from tests.support.directory import PHONE, POINTS, VOUCHER
from tests.support.gate import TIMEOUT, Customer, Gate, ServerProcess, announced, bearer, prepare

# paho leaves the socket of a handshake that failed to the garbage collector, which says so
pytestmark = [
    pytest.mark.journey,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_STARTS = 2.5
"""A start may cost so many times what its libraries alone cost to load."""


def broker_pid(gate: Gate) -> int:
    facts = json.loads((gate.state.broker / "mosquitto.pid").read_text())
    return int(facts["pid"])


async def pay(gate: Gate, device: EnrolledDevice) -> tuple[Payment, str]:
    """One payment by a customer who signs in for it; the payment and the session's token."""
    async with gate.public_channel() as channel:
        customer = Customer(gate, channel)
        await customer.sign_in()
        return await customer.pay(gate.qr(device)[1]), customer.token


def libraries_alone() -> float:
    """Seconds of processor time that Python needs to load what the server stands on."""
    load = (
        "import cryptography.x509, grpc.aio, grpc_reflection.v1alpha.reflection, jinja2, "
        "paho.mqtt.client, psycopg, sqlalchemy.dialects.sqlite, starlette.applications, time, "
        "uvicorn, uvloop; print(time.process_time())"
    )
    done = subprocess.run([sys.executable, "-c", load], capture_output=True, text=True, check=True)
    return float(done.stdout)


async def test_start_stop_and_a_quick_second_start(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.setblocking(False)
    os.environ["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    try:
        server = ServerProcess(gate)
        await server.start()
        broker = broker_pid(gate)
        assert await server.end() == 0
        assert process_now(broker) is None
        seconds = await server.start()
        assert await server.end(signal.SIGINT) == 0
    finally:
        del os.environ["NOTIFY_SOCKET"]
    heard = []
    while True:
        try:
            heard.append(notify.recv(200).partition(b"\n")[0])
        except BlockingIOError:
            break
    notify.close()
    assert heard == [b"READY=1", b"STOPPING=1"] * 2
    # of the same machine at the same time: a slow or busy one is slow at both
    assert seconds < _STARTS * libraries_alone(), "a start that is noticed at the counter"
    assert '"level":"error"' not in server.log


async def test_no_secret_is_in_the_log_the_arguments_or_the_environment(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    server = ServerProcess(gate)
    await server.start()
    code = await gate.pairing_code()
    device = await gate.enrol(code)
    _, token = await pay(gate, device)
    sms = gate.sent_code()
    async with gate.public_channel() as channel:
        customer: Any = Customer(gate, channel)
        for wrong in (token[:-1] + "x", "geheim-token"):
            with pytest.raises(aio.AioRpcError):
                await customer.stub.ListBalances(
                    wallet_pb.ListBalancesRequest(), metadata=bearer(wrong), timeout=TIMEOUT
                )
        with pytest.raises(aio.AioRpcError):
            await customer.stub.SignIn(
                wallet_pb.SignInRequest(phone=PHONE, code="000000"), timeout=TIMEOUT
            )
    assert server.process is not None
    visible = [server.log.encode()]
    for pid in (server.process.pid, broker_pid(gate)):
        visible += [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    assert await server.end() == 0
    visible.append(server.log.encode())
    master = (gate.state.keys / "master.key").read_text().strip()
    secrets = {
        "pairing code": code,
        "session": token,
        "operator": gate.operator_token,
        "master key": master,
        "sign-in code": f'"{sms}"',
        "telephone": PHONE[1:],
        "wrong token": "geheim-token",
        "private key": "PRIVATE KEY",
        "qr key": device.keys.qr.hex(),
    }
    for name, secret in secrets.items():
        for text in visible:
            assert secret.encode() not in text, name
    assert "terminal enrolled" in server.log
    keys = [file for file in gate.state.keys.iterdir() if file.suffix != ".pub"]
    private = [*keys, gate.state.root / "sms.jsonl"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)


async def test_a_broker_killed_outright_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    server = ServerProcess(gate)
    await server.start()
    device = await gate.new_device()
    listening = gate.mqtt(device)
    await listening.start(topics.payments(device.terminal_id))
    await listening.stop()
    paid = []
    for _ in range(3):
        # killed right after the payment: whatever the broker had not saved goes again
        paid.append((await pay(gate, device))[0])
        os.kill(broker_pid(gate), signal.SIGKILL)
        await asyncio.sleep(0.3)
    listening = gate.mqtt(device)
    await listening.start(topics.payments(device.terminal_id))
    await listening.wait_for_different(3)
    shown = {p.payment_id for p in (announced(device, m) for m in listening.received)}
    assert shown == {payment.payment_id for payment in paid}
    await listening.stop()
    assert await server.end() == 0


@pytest.mark.parametrize(
    "kill_at",
    [
        Checkpoint.RELAY_BEFORE_PUBLISH,
        Checkpoint.RELAY_AFTER_PUBLISH,
        Checkpoint.RELAY_AFTER_ACK,
        Checkpoint.OUTBOX_AFTER_MARK,
    ],
)
async def test_a_server_killed_while_announcing_announces_after_its_start(
    tmp_path: Path, kill_at: Checkpoint
) -> None:
    gate = prepare(tmp_path)
    reached = tmp_path / "reached"
    options = ("--reached", str(reached), "--kill-at", kill_at.value)
    killed = ServerProcess(gate, ("-m", "tests.support.killed_server", *options))
    await killed.start()
    device = await gate.new_device()
    listening = gate.mqtt(device)
    await listening.start(topics.payments(device.terminal_id))
    broker = broker_pid(gate)
    async with gate.public_channel() as channel:
        customer = Customer(gate, channel)
        await customer.sign_in()
        # committed whatever becomes of the answer; the app would ask with its key
        await asyncio.gather(customer.pay(gate.qr(device)[1]), return_exceptions=True)
    assert killed.process is not None
    assert await asyncio.to_thread(killed.process.wait, 20) == -signal.SIGKILL
    assert kill_at.value in reached.read_text().split()
    for _ in range(250):
        if process_now(broker) is None:
            break
        await asyncio.sleep(0.02)
    assert process_now(broker) is None, "the broker ends with its server"
    server = ServerProcess(gate)
    await server.start()
    messages = await listening.wait_for(1, 15)
    payments = {announced(device, message).SerializeToString() for message in messages}
    assert len(payments) == 1
    (payment,) = (Payment.FromString(data) for data in payments)
    assert payment.amount_yen == 1200
    assert {leg.service_id for leg in payment.legs} == {VOUCHER, POINTS}
    await listening.stop()
    assert await server.end() == 0


def refused_start(gate: Gate, *arguments: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "server", *arguments, "--state-dir", str(gate.state.root)],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | {"PYTHONPATH": "."},
        check=False,
    )
    return result.returncode, result.stderr


def test_a_start_that_cannot_be_says_what_to_do(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    config = tmp_path / "wrong.toml"
    config.write_text("[web]\nhttps_prot = 1\n")
    status, said = refused_start(gate, "--config", str(config))
    assert status == 78
    assert "CHOBA_SETTINGS_INVALID" in said
    assert "did you mean https_port?" in said
    ServerProcess(gate)
    port = gate.settings.devices.port
    with socket.create_server(("127.0.0.1", port)):
        status, said = refused_start(gate, "--config", str(tmp_path / "server.toml"))
    assert status == 78
    assert "CHOBA_SERVER_PORT: devices.port" in said
    (gate.state.keys / "master.key").write_text("ab" * 32)
    status, said = refused_start(gate, "--config", str(tmp_path / "server.toml"))
    assert status == 78
    assert "CHOBA_KEYS_MASTER_CHANGED" in said
    assert "Traceback" not in said


def test_the_settings_print_as_a_file(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    result = subprocess.run(
        [sys.executable, "-m", "server", "--print-settings", "--config", "/dev/null"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "[devices]" in result.stdout
    assert not gate.state.keys.exists()
