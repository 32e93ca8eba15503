"""Who gets in at which listener, and what one who does not is told."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from cryptography import x509
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.choba.v1 import operator_service_pb2 as operator_pb
from protos.choba.v1 import terminal_service_pb2 as pb
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.enrolment_service_pb2_grpc import EnrolmentServiceStub
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from protos.pairing import fingerprint
from server.fleet.authority import open_authority
from server.state import KeyFiles
from tests.support.devices import enrol_request, new_device_key
from tests.support.directory import DEVICE, SECOND_DEVICE, STAND
from tests.support.gate import (
    NO_RETRY,
    TIMEOUT,
    Customer,
    Gate,
    Told,
    bearer,
    connect_request,
    prepare,
    serving,
    terminal_stub,
    told,
)

Status = grpc.StatusCode
# one server for all: each test enrols its terminal anew and counts from where it finds things
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    gate = prepare(tmp_path_factory.mktemp("gate"))
    async with serving(gate):
        yield gate


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def customer(gate: Gate) -> AsyncIterator[Customer]:
    async with gate.public_channel() as channel:
        customer = Customer(gate, channel)
        await customer.sign_in()
        yield customer


async def refused(call: Awaitable[Any], status: grpc.StatusCode, reason: str) -> Told:
    """The call fails like this, with a sentence in both languages and no inner workings."""
    with pytest.raises(aio.AioRpcError) as raised:
        await call
    failure = told(raised.value)
    assert (failure.status, failure.reason) == (status, reason)
    assert failure.ja.endswith("。")
    assert failure.en
    for text in (failure.ja, failure.en):
        assert "Traceback" not in text
        assert "Error" not in text
    return failure


async def test_without_a_certificate_there_is_no_connection(gate: Gate) -> None:
    credentials = grpc.ssl_channel_credentials(gate.ca_pem)
    async with aio.secure_channel(gate.devices_address, credentials, options=NO_RETRY) as channel:
        with pytest.raises(aio.AioRpcError) as raised:
            await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
    assert raised.value.code() is Status.UNAVAILABLE


async def test_a_foreign_authority_opens_nothing(gate: Gate, tmp_path: Path) -> None:
    foreign = open_authority(KeyFiles(tmp_path / "foreign"), dt.datetime.now(dt.UTC))
    key = new_device_key()
    issued = foreign.issue_terminal(key.csr_der, DEVICE, dt.datetime.now(dt.UTC))
    credentials = grpc.ssl_channel_credentials(gate.ca_pem, key.key_pem, issued.pem.encode())
    async with aio.secure_channel(gate.devices_address, credentials, options=NO_RETRY) as channel:
        with pytest.raises(aio.AioRpcError) as raised:
            await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
    assert raised.value.code() is Status.UNAVAILABLE


async def test_a_certificate_that_was_never_handed_out_is_unknown(gate: Gate) -> None:
    """Signed by our own key, but in no row: a stolen authority is not enough by itself."""
    ours = open_authority(KeyFiles(gate.state.keys), dt.datetime.now(dt.UTC))
    key = new_device_key()
    issued = ours.issue_terminal(key.csr_der, DEVICE, dt.datetime.now(dt.UTC))
    credentials = grpc.ssl_channel_credentials(gate.ca_pem, key.key_pem, issued.pem.encode())
    async with aio.secure_channel(gate.devices_address, credentials, options=NO_RETRY) as channel:
        call = terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
        await refused(call, Status.UNAUTHENTICATED, "CHOBA_TERMINAL_CERTIFICATE_UNKNOWN")


async def test_terminals_are_not_served_on_the_public_port(gate: Gate) -> None:
    async with gate.public_channel() as channel:
        with pytest.raises(aio.AioRpcError) as raised:
            await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
    assert raised.value.code() is Status.UNIMPLEMENTED


async def test_the_public_port_shows_the_authority_to_who_does_not_know_it(gate: Gate) -> None:
    """As a device at its first start: the chain's last certificate is what the MACs cover."""
    from device.links.enrolment import shown_authority

    host, _, port = gate.public_address.rpartition(":")
    shown = await asyncio.to_thread(shown_authority, host, int(port))
    assert x509.load_der_x509_certificate(shown) == x509.load_pem_x509_certificate(gate.ca_pem)


async def test_the_real_device_enrols_with_what_a_person_types(gate: Gate) -> None:
    from device.links.enrolment import EnrolmentError, enrol

    host, _, port = gate.public_address.rpartition(":")
    code = await gate.pairing_code()
    typed = " ".join(code[i : i + 4] for i in range(0, 16, 4)).lower()
    identity = await asyncio.to_thread(enrol, host, int(port), typed)
    assert identity.terminal_id == DEVICE
    with pytest.raises(EnrolmentError) as again:
        await asyncio.to_thread(enrol, host, int(port), typed)
    assert again.value.code == "CHOBA_ENROLMENT_REFUSED"
    assert "登録コード" in str(again.value)


async def test_enrolment_over_the_wire_is_once_and_five_tries(gate: Gate) -> None:
    code = await gate.pairing_code()
    ca = x509.load_pem_x509_certificate(gate.ca_pem)
    from cryptography.hazmat.primitives.serialization import Encoding

    good = enrol_request(code, new_device_key(), fingerprint(ca.public_bytes(Encoding.DER)))
    async with gate.public_channel() as channel:
        stub: Any = EnrolmentServiceStub(channel)
        for _ in range(5):
            forged = type(good)()
            forged.CopyFrom(good)
            forged.mac = bytes(32)
            await refused(
                stub.Enrol(forged, timeout=TIMEOUT),
                Status.PERMISSION_DENIED,
                "CHOBA_ENROLMENT_CODE_REFUSED",
            )
        await refused(
            stub.Enrol(good, timeout=TIMEOUT),
            Status.PERMISSION_DENIED,
            "CHOBA_ENROLMENT_CODE_REFUSED",
        )
        short = type(good)(pairing_id=b"x", csr_der=good.csr_der)
        failure = await refused(
            stub.Enrol(short, timeout=TIMEOUT), Status.INVALID_ARGUMENT, "CHOBA_CALL_FIELD_INVALID"
        )
        assert failure.fields == ("pairing_id",)


async def test_one_device_sees_nothing_of_another(gate: Gate, customer: Customer) -> None:
    mine, other = await gate.new_device(), await gate.new_device(SECOND_DEVICE)
    sale, qr = gate.qr(mine)
    await customer.pay(qr)
    async with gate.device_channel(other) as channel:
        stub = terminal_stub(channel)
        page = await stub.PullPayments(pb.PullPaymentsRequest(limit=500), timeout=TIMEOUT)
        assert not page.payments
        request = pb.ResolveSaleRequest(sale_number=sale, mode=pb.RESOLVE_MODE_ASK)
        answer = await stub.ResolveSale(request, timeout=TIMEOUT)
        assert answer.outcome == pb.SALE_OUTCOME_OPEN
        assert not answer.HasField("payment")


async def test_two_living_starts_on_one_certificate_block_the_terminal(gate: Gate) -> None:
    device = await gate.new_device()
    async with gate.device_channel(device) as first, gate.device_channel(device) as second:
        original, copy = terminal_stub(first), terminal_stub(second)
        one = await original.Connect(connect_request("boot-a"), timeout=TIMEOUT)
        two = await copy.Connect(connect_request("boot-b"), timeout=TIMEOUT)
        assert two.connection_number > one.connection_number
        pull = pb.PullPaymentsRequest(limit=1)
        failure = await refused(
            original.PullPayments(pull, timeout=TIMEOUT),
            Status.FAILED_PRECONDITION,
            "CHOBA_TERMINAL_CONNECT_FIRST",
        )
        assert "接続" in failure.ja
        await refused(
            original.Connect(connect_request("boot-a"), timeout=TIMEOUT),
            Status.PERMISSION_DENIED,
            "CHOBA_TERMINAL_CLONED",
        )
        for stub in (original, copy):
            await refused(
                stub.PullPayments(pull, timeout=TIMEOUT),
                Status.PERMISSION_DENIED,
                "CHOBA_TERMINAL_BLOCKED",
            )


async def test_a_reboot_alone_blocks_nobody(gate: Gate) -> None:
    device = await gate.new_device()
    numbers = []
    for boot in ("boot-a", "boot-b", "boot-b", "boot-c"):
        async with gate.device_channel(device) as channel:
            hello = connect_request(boot, 77)
            answer = await terminal_stub(channel).Connect(hello, timeout=TIMEOUT)
            numbers.append(answer.connection_number)
    async with gate.device_channel(device) as channel:
        answer = await terminal_stub(channel).Connect(connect_request("boot-d"), timeout=TIMEOUT)
    assert [*numbers, answer.connection_number] == list(range(numbers[0], numbers[0] + 5))
    assert answer.highest_sale_number == 77


async def test_enrolling_again_ends_the_old_card(gate: Gate) -> None:
    old = await gate.new_device()
    new = await gate.new_device()
    async with gate.device_channel(old) as channel:
        await refused(
            terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT),
            Status.UNAUTHENTICATED,
            "CHOBA_TERMINAL_CERTIFICATE_REVOKED",
        )
    async with gate.device_channel(new) as channel:
        await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)


async def test_a_certificate_renews_itself(gate: Gate) -> None:
    device = await gate.new_device()
    key = new_device_key()
    async with gate.device_channel(device) as channel:
        request = pb.RenewCertificateRequest(csr_der=key.csr_der)
        answer = await terminal_stub(channel).RenewCertificate(request, timeout=TIMEOUT)
    renewed = device.with_certificate(key.key_pem, answer.certificate_pem)
    async with gate.device_channel(renewed) as channel:
        await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
    async with gate.device_channel(device) as channel:
        await refused(
            terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT),
            Status.UNAUTHENTICATED,
            "CHOBA_TERMINAL_CERTIFICATE_REVOKED",
        )


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("Connect", pb.ConnectRequest(), "boot_id"),
        ("Connect", pb.ConnectRequest(boot_id="two words"), "boot_id"),
        ("PullPayments", pb.PullPaymentsRequest(), "limit"),
        ("PullPayments", pb.PullPaymentsRequest(limit=501), "limit"),
        ("ResolveSale", pb.ResolveSaleRequest(sale_number=1), "mode"),
        ("ResolveSale", pb.ResolveSaleRequest(mode=pb.RESOLVE_MODE_ASK), "sale_number"),
        ("GetDayTotals", pb.GetDayTotalsRequest(day="yesterday"), "day"),
        ("RenewCertificate", pb.RenewCertificateRequest(csr_der=b"x"), "csr_der"),
        (
            "PushEvents",
            pb.PushEventsRequest(events=[pb.DeviceEvent(event_id="E" * 20)]),
            "events[0].kind",
        ),
        (
            "PushEvents",
            pb.PushEventsRequest(events=[pb.DeviceEvent(event_id="x", kind=3)]),  # type: ignore[arg-type]
            "events[0].event_id",
        ),
    ],
)
async def test_a_wrong_field_is_named(gate: Gate, method: str, request_: Any, field: str) -> None:
    device = await gate.new_device()
    async with gate.device_channel(device) as channel:
        failure = await refused(
            getattr(terminal_stub(channel), method)(request_, timeout=TIMEOUT),
            Status.INVALID_ARGUMENT,
            "CHOBA_CALL_FIELD_INVALID",
        )
    assert failure.fields == (field,)


async def test_events_are_kept_once_however_often_they_come(gate: Gate) -> None:
    device = await gate.new_device()
    event = pb.DeviceEvent(
        event_id="E" * 20, kind=pb.DEVICE_EVENT_KIND_OUTAGE, at_micros=5, detail="server 12 s"
    )
    async with gate.device_channel(device) as channel:
        for _ in range(2):
            request = pb.PushEventsRequest(events=[event, event])
            answer = await terminal_stub(channel).PushEvents(request, timeout=TIMEOUT)
            assert set(answer.event_ids) == {"E" * 20}


async def test_the_configuration_comes_at_once_and_only_when_it_is_new(gate: Gate) -> None:
    device = await gate.new_device()
    async with gate.device_channel(device) as channel:
        stub = terminal_stub(channel)
        stream = stub.WatchConfiguration(pb.WatchConfigurationRequest(), timeout=60)
        first = (await asyncio.wait_for(stream.read(), TIMEOUT)).configuration
        assert (first.shop_name, first.wallet_scheme) == ("青空商店 本店", "https")
        assert first.wallet_host == f"127.0.0.1:{gate.settings.web.https_port}"
        assert [schedule.service_name for schedule in first.schedules] == [
            "まち商品券",
            "まちポイント",
        ]
        assert all(len(schedule.pay_day) == 10 for schedule in first.schedules)
        again = stub.WatchConfiguration(
            pb.WatchConfigurationRequest(version=first.version), timeout=60
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(again.read(), 0.5)


async def test_a_stream_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    gate = prepare(tmp_path)
    async with serving(gate):
        device = await gate.new_device()
        channel = gate.device_channel(device)
        stream = terminal_stub(channel).WatchConfiguration(
            pb.WatchConfigurationRequest(), timeout=60
        )
        await asyncio.wait_for(stream.read(), TIMEOUT)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 3
    await channel.close(None)


async def test_tokens_open_their_own_service_only(gate: Gate, customer: Customer) -> None:
    async with gate.public_channel() as channel:
        operator: Any = OperatorServiceStub(channel)
        for metadata in ((), bearer("wrong"), bearer(customer.token), (("authorization", "x"),)):
            await refused(
                operator.ListTerminals(
                    operator_pb.ListTerminalsRequest(), metadata=metadata, timeout=TIMEOUT
                ),
                Status.UNAUTHENTICATED,
                "CHOBA_CALL_UNAUTHENTICATED",
            )
        for token in ("", "wrong", gate.operator_token):
            stranger = Customer(gate, channel, token)
            await refused(
                stranger.call("ListBalances", wallet_pb.ListBalancesRequest()),
                Status.UNAUTHENTICATED,
                "CHOBA_CALL_UNAUTHENTICATED",
            )


async def test_the_operator_sees_terminals_and_balanced_books(
    gate: Gate, customer: Customer
) -> None:
    device = await gate.new_device()
    await customer.pay(gate.qr(device)[1])
    async with gate.device_channel(device) as channel:
        await terminal_stub(channel).Connect(connect_request(), timeout=TIMEOUT)
    async with gate.public_channel() as channel:
        operator: Any = OperatorServiceStub(channel)
        metadata = bearer(gate.operator_token)
        listed = await operator.ListTerminals(
            operator_pb.ListTerminalsRequest(), metadata=metadata, timeout=TIMEOUT
        )
        by_id = {line.terminal_id: line for line in listed.terminals}
        assert set(by_id) == {DEVICE, SECOND_DEVICE, STAND}
        assert by_id[DEVICE].terminal_number == device.number
        assert by_id[DEVICE].last_seen_micros > 0
        assert by_id[SECOND_DEVICE].last_seen_micros == 0
        balance = await operator.GetTrialBalance(
            operator_pb.GetTrialBalanceRequest(), metadata=metadata, timeout=TIMEOUT
        )
        # two grants of 500,000 and payments of 1,200
        assert balance.total_debit_yen == balance.total_credit_yen
        assert balance.total_debit_yen > 1_000_000
        assert (balance.total_debit_yen - 1_000_000) % 1_200 == 0
        await refused(
            operator.IssuePairingCode(
                operator_pb.IssuePairingCodeRequest(terminal_id="T-999999"),
                metadata=metadata,
                timeout=TIMEOUT,
            ),
            Status.NOT_FOUND,
            "CHOBA_FLEET_TERMINAL_UNKNOWN",
        )


async def test_a_refused_payment_says_why_and_moves_nothing(gate: Gate, customer: Customer) -> None:
    before = await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    device = await gate.new_device()
    ticket = await customer.ticket(gate.qr(device)[1])
    await customer.call("ClaimSale", wallet_pb.ClaimSaleRequest(ticket=ticket))
    request = wallet_pb.PayRequest(
        idempotency_key="k" * 20,
        ticket=ticket,
        amount_yen=600_000,
        legs=[wallet_pb.LegRequest(service_id="voucher-2024", amount_yen=600_000)],
    )
    failure = await refused(
        customer.call("Pay", request),
        Status.FAILED_PRECONDITION,
        "CHOBA_PAYMENT_BALANCE_SHORT",
    )
    assert "お金は動いていません" in failure.ja
    after = await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    assert after == before


async def test_health_and_reflection_on_both_ports(gate: Gate) -> None:
    device = await gate.new_device()
    for channel in (gate.public_channel(), gate.device_channel(device)):
        async with channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            reflection: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
            stream = reflection.ServerReflectionInfo(timeout=TIMEOUT)
            await stream.write(reflection_pb2.ServerReflectionRequest(list_services=""))
            listed = await stream.read()
            names = {service.name for service in listed.list_services_response.service}
            assert names & {"choba.v1.TerminalService", "choba.v1.WalletService"}
            stream.cancel()


# paho leaves the socket of a connection that the dying broker refused to the collector
@pytest.mark.filterwarnings("ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning")
async def test_health_tells_of_a_part_that_ended(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with serving(prepare(tmp_path)) as server:
        assert await server.healthy()
        (relay,) = (t for t in asyncio.all_tasks() - before if t.get_name() == "relay")
        relay.cancel()
        await asyncio.wait({relay}, timeout=TIMEOUT)
        assert not await server.healthy()
        with pytest.raises(asyncio.CancelledError):
            await server.run(asyncio.Event())
