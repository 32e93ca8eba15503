"""A terminal renews its certificate at the real server, and goes on with the new one."""

from dataclasses import replace
from pathlib import Path

import pytest

from device.links.calls import open_channel
from device.links.clock import DeviceClock
from device.links.identity import Identity, IdentityStore
from device.links.renewal import Renewal
from hardware.clock import SystemClock
from protos.choba.v1.terminal_service_pb2 import PullPaymentsRequest
from protos.choba.v1.terminal_service_pb2_grpc import TerminalServiceStub
from tools.harness.stack import Plan, Ports, Stack, free_port

pytestmark = pytest.mark.journey


async def test_the_new_certificate_is_kept_and_used(tmp_path: Path) -> None:
    plan = Plan(tmp_path, ports=Ports(*(free_port() for _ in range(5))))
    with Stack(plan) as stack:
        stack.start_server()
        stack.load_demo_data()
        stack.enrol_device()
        store = IdentityStore(stack.device_dir)
        old = store.load()
        assert old is not None
        told: list[Identity] = []

        async def renewed(identity: Identity) -> None:
            told.append(identity)

        renewal = Renewal(
            host="127.0.0.1",
            port=plan.ports.devices,
            store=store,
            identity=old,
            clock=DeviceClock(SystemClock()),
            renewed=renewed,
        )
        assert await renewal.renew()
        fresh = store.load()
        assert fresh is not None
        assert told == [fresh]
        assert fresh.certificate.serial_number != old.certificate.serial_number
        assert replace(fresh, key_pem=old.key_pem, certificate_pem=old.certificate_pem) == old
        assert await pulls(plan.ports.devices, fresh) == 0


async def pulls(port: int, identity: Identity) -> int:
    """A call with this identity; the server looks its serial up."""
    channel = open_channel("127.0.0.1", port, identity)
    try:
        request = PullPaymentsRequest(after_sequence=0, limit=1)
        answer = await TerminalServiceStub(channel).PullPayments(request, timeout=10)
    finally:
        await channel.close(None)
    return int(answer.last_sequence)
