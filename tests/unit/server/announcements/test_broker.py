"""The broker as a child of the server: who gets in, who reads what, what a kill leaves."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from protos import topics
from protos.units import TerminalId
from server.announcements.broker import Broker, BrokerError, end_stale, process_now
from server.announcements.publisher import BrokerAddress, Publisher, Quality
from server.fleet.authority import open_authority
from server.settings import BrokerSettings
from server.state import KeyFiles
from tests.support.devices import new_device_key
from tests.support.mqtt import MqttDevice, client_tls
from tests.unit.server.announcements.conftest import BrokerHouse

# paho leaves the socket of a handshake that failed to the garbage collector, which says so
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

A, B = TerminalId("T-000001"), TerminalId("T-000002")


async def said_hello(port: int, context: ssl.SSLContext) -> bytes:
    """CONNACK; TLS 1.3 tells a refused client with its first answer only."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x05\x00\x01x")
        return await reader.readexactly(4)
    finally:
        writer.close()


def publisher(house: BrokerHouse) -> Publisher:
    made = Publisher(BrokerAddress("127.0.0.1", house.port), house.server_tls(), "server", 16)
    made.start()
    return made


async def test_a_device_gets_its_own_messages_and_nobody_elses(house: BrokerHouse) -> None:
    mine, other = house.device(A), house.device(B)
    await mine.start(topics.payments(A), topics.payments(B), "choba/v1/#", "#")
    await other.start(topics.payments(B))
    server = publisher(house)
    await asyncio.wait_for(server.publish(topics.payments(B), b"b", Quality.AT_LEAST_ONCE), 10)
    await asyncio.wait_for(server.publish(topics.payments(A), b"a", Quality.AT_LEAST_ONCE), 10)
    assert await other.wait_for(1) == [(topics.payments(B), b"b")]
    assert {topic for topic, _ in await mine.wait_for(1)} == {topics.payments(A)}
    await asyncio.gather(mine.stop(), other.stop(), server.stop())


async def test_a_device_writes_neither_payments_nor_anothers_status(house: BrokerHouse) -> None:
    mine, forger = house.device(A), house.device(B)
    await mine.start(topics.payments(A))
    await forger.start(topics.payments(B))
    forger.client.publish(topics.payments(A), b"forged", qos=1)
    forger.client.publish(topics.status(A), b"forged", qos=1)
    forger.client.publish(topics.payments(B), b"forged", qos=1)
    server = publisher(house)
    await asyncio.wait_for(server.publish(topics.payments(A), b"true", Quality.AT_LEAST_ONCE), 10)
    assert await mine.wait_for(1) == [(topics.payments(A), b"true")]
    assert forger.received == []
    await asyncio.gather(mine.stop(), forger.stop(), server.stop())


async def test_without_our_certificate_there_is_no_connection(
    house: BrokerHouse, tmp_path: Path
) -> None:
    anonymous = ssl.create_default_context(cadata=house.authority.pem)
    foreign = open_authority(KeyFiles(tmp_path / "foreign"), house.now)
    key = new_device_key()
    stranger = foreign.issue_terminal(key.csr_der, A, house.now)
    shown = client_tls(
        house.authority.pem, tmp_path / "stranger", key.key_pem, stranger.pem.encode()
    )
    for context in (anonymous, shown):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await said_hello(house.port, context)


async def test_what_was_queued_survives_a_kill(house: BrokerHouse) -> None:
    tls = house.device_tls(A)
    device = MqttDevice(A, tls, house.port)
    await device.start(topics.payments(A))
    await device.stop()
    server = publisher(house)
    for number in range(5):
        future = server.publish(topics.payments(A), b"%d" % number, Quality.AT_LEAST_ONCE)
        await asyncio.wait_for(future, 10)
    # mosquitto acknowledges a moment before it saves: what a kill takes in that moment is the
    # relay's to send again (test_relay)
    await asyncio.sleep(0.3)
    killed = house.broker.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    # handed over while it is away: delivered when it is back
    late = server.publish(topics.payments(A), b"late", Quality.AT_LEAST_ONCE)
    device = MqttDevice(A, tls, house.port)
    await device.start(topics.payments(A))
    received = [payload for _, payload in await device.wait_for(6)]
    assert sorted(set(received)) == [b"0", b"1", b"2", b"3", b"4", b"late"]
    await asyncio.wait_for(late, 10)
    assert house.broker.pid not in {None, killed}
    await asyncio.gather(device.stop(), server.stop())


async def test_a_revoked_certificate_is_cut_and_stays_out(house: BrokerHouse) -> None:
    bad, good = house.device(A), house.device(B)
    await bad.start(topics.payments(A))
    await good.start(topics.payments(B))
    house.broker.cut(house.authority.revocation_list([house.serials[A]], house.now))
    await asyncio.sleep(0.3)
    server = publisher(house)
    for terminal in (A, B):
        future = server.publish(topics.payments(terminal), b"news", Quality.AT_LEAST_ONCE)
        await asyncio.wait_for(future, 10)
    assert await good.wait_for(1)
    await asyncio.sleep(1.2)  # time for the revoked one to try again
    assert bad.received == []
    assert bad.connections == 1
    await asyncio.gather(bad.stop(), good.stop(), server.stop())


async def test_a_renewed_certificate_is_refused_without_disturbing_anybody(
    house: BrokerHouse,
) -> None:
    tls = house.device_tls(A)
    running = MqttDevice("running", tls, house.port)
    await running.start(topics.payments(A))
    pid = house.broker.pid
    house.broker.refuse(house.authority.revocation_list([house.serials[A]], house.now))
    await asyncio.sleep(0.3)
    late = MqttDevice("late", tls, house.port)
    await late.start()
    await asyncio.sleep(0.3)
    assert (late.connections, running.connections, house.broker.pid) == (0, 1, pid)
    await asyncio.gather(late.stop(), running.stop())


async def test_it_ends_with_its_parent_and_a_left_one_is_ended(tmp_path: Path) -> None:
    """A server killed outright takes its broker with it."""
    code = f"""
import asyncio, os
from pathlib import Path
from tests.unit.server.announcements.conftest import broker_house
async def main():
    with broker_house(Path({str(tmp_path)!r})) as house:
        await house.start()
        print(house.broker.pid, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(await asyncio.to_thread(parent.stdout.readline))
    assert process_now(pid) is not None
    await asyncio.sleep(0.3)  # the signal is set once the launcher has run
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(250):
        if process_now(pid) is None:
            break
        await asyncio.sleep(0.02)
    assert process_now(pid) is None


async def test_a_stale_broker_is_ended_by_pid_and_start_time(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec("sleep", "60")
    process = process_now(child.pid)
    assert process is not None
    pid_file = tmp_path / "mosquitto.pid"
    pid_file.write_text(f'{{"pid": {child.pid}, "start_time": {process.start_time + 1}}}')
    await end_stale(pid_file)
    assert child.returncode is None, "another process with that pid is left alone"
    pid_file.write_text(f'{{"pid": {child.pid}, "start_time": {process.start_time}}}')
    await end_stale(pid_file)
    assert await asyncio.wait_for(child.wait(), 5) == -signal.SIGTERM
    for text in ("", "{}", '{"pid": "x"}', "[1]"):
        pid_file.write_text(text)
        await end_stale(pid_file)


async def test_nothing_secret_is_on_its_command_line_or_open_to_others(house: BrokerHouse) -> None:
    command = Path(f"/proc/{house.broker.pid}/cmdline").read_bytes().split(b"\0")
    assert command == [b"mosquitto", b"-c", b"mosquitto.conf", b""]
    folder = house.folder / "broker"
    assert folder.stat().st_mode & 0o077 == 0
    for file in ("server.key", "mosquitto.conf", "acl"):
        assert (folder / file).stat().st_mode & 0o777 == 0o600


async def test_a_missing_broker_is_named_with_the_remedy(house: BrokerHouse) -> None:
    broker = Broker(house.folder / "x", BrokerSettings(program="mosquitto-is-not-here"))
    with pytest.raises(BrokerError, match="apt install mosquitto"):
        await broker.start(house.identity, house.authority.pem, b"")
