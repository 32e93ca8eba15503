"""The two gRPC listeners: terminals by certificate; enrolment, wallets, operators by token."""

from dataclasses import dataclass

import grpc
from grpc import aio
from grpc_health.v1 import _async as health_aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from protos.choba.v1 import (
    enrolment_service_pb2,
    operator_service_pb2,
    terminal_service_pb2,
    wallet_service_pb2,
)
from protos.choba.v1.enrolment_service_pb2_grpc import (
    EnrolmentServiceServicer,
    add_EnrolmentServiceServicer_to_server,
)
from protos.choba.v1.operator_service_pb2_grpc import (
    OperatorServiceServicer,
    add_OperatorServiceServicer_to_server,
)
from protos.choba.v1.terminal_service_pb2_grpc import (
    TerminalServiceServicer,
    add_TerminalServiceServicer_to_server,
)
from protos.choba.v1.wallet_service_pb2_grpc import (
    WalletServiceServicer,
    add_WalletServiceServicer_to_server,
)
from server.identity import ServerIdentity
from server.rpc.calls import Calls, Guard
from server.rpc.guards import Anybody, CustomerGuard, OperatorGuard, TerminalGuard

TERMINALS = terminal_service_pb2.DESCRIPTOR.services_by_name["TerminalService"].full_name
ENROLMENT = enrolment_service_pb2.DESCRIPTOR.services_by_name["EnrolmentService"].full_name
WALLET = wallet_service_pb2.DESCRIPTOR.services_by_name["WalletService"].full_name
OPERATOR = operator_service_pb2.DESCRIPTOR.services_by_name["OperatorService"].full_name

OPTIONS = (
    # one address, one server: a second one on the same port would take half of the calls
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 1 << 20),
    ("grpc.max_concurrent_streams", 1000),
    # WIRE 3: we find a dead peer in 15 s, and allow clients to ask every 5 s without being cut
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 4_000),
    ("grpc.http2.max_ping_strikes", 0),
)


class ListenError(Exception):
    """A port that cannot be listened on; the text names the setting."""

    code = "CHOBA_SERVER_PORT"


@dataclass(frozen=True, slots=True)
class Listener:
    """A gRPC server and how to say that it serves."""

    server: aio.Server
    health: health_aio.HealthServicer
    services: tuple[str, ...]

    async def start(self) -> None:
        """Accept calls, and say so to health checks."""
        await self.server.start()
        for name in ("", *self.services):
            await self.health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace: float) -> None:
        """Refuse new calls, let the running ones end within ``grace`` seconds."""
        await self.health.enter_graceful_shutdown()
        await self.server.stop(grace)


def device_listener(
    *,
    address: str,
    identity: ServerIdentity,
    ca_pem: str,
    guard: TerminalGuard,
    terminals: TerminalServiceServicer,
) -> Listener:
    """For terminals: without a certificate of our authority there is no connection."""
    listener = _listener({f"/{TERMINALS}/": guard}, (TERMINALS,))
    add_TerminalServiceServicer_to_server(terminals, listener.server)
    credentials = grpc.ssl_server_credentials(
        [(identity.key_pem.reveal(), identity.chain_pem)], ca_pem.encode(), True
    )
    _listen(listener.server, address, credentials, "devices.port")
    return listener


def public_listener(
    *,
    address: str,
    identity: ServerIdentity,
    enrolment: EnrolmentServiceServicer,
    wallet: WalletServiceServicer,
    wallet_guard: CustomerGuard,
    operator: OperatorServiceServicer,
    operator_guard: OperatorGuard,
) -> Listener:
    """For devices that are none of ours yet, customers' apps and operators."""
    guards: dict[str, Guard] = {
        f"/{ENROLMENT}/": Anybody(),
        f"/{WALLET}/": wallet_guard,
        f"/{OPERATOR}/": operator_guard,
    }
    listener = _listener(guards, (ENROLMENT, WALLET, OPERATOR))
    add_EnrolmentServiceServicer_to_server(enrolment, listener.server)
    add_WalletServiceServicer_to_server(wallet, listener.server)
    add_OperatorServiceServicer_to_server(operator, listener.server)
    credentials = grpc.ssl_server_credentials([(identity.key_pem.reveal(), identity.chain_pem)])
    _listen(listener.server, address, credentials, "public.port")
    return listener


def _listener(guards: dict[str, Guard], services: tuple[str, ...]) -> Listener:
    anybody = Anybody()
    interceptor = Calls(
        {
            **guards,
            f"/{health.SERVICE_NAME}/": anybody,
            f"/{reflection.SERVICE_NAME}/": anybody,
        }
    )
    server = aio.server(interceptors=(interceptor,), options=OPTIONS, maximum_concurrent_rpcs=4096)
    state = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    reflection.enable_server_reflection(
        (*services, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    return Listener(server, state, services)


def _listen(
    server: aio.Server, address: str, credentials: grpc.ServerCredentials, setting: str
) -> None:
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ListenError(f"{setting}: {address} is taken or not ours") from error
    if port == 0:
        raise ListenError(f"{setting}: {address} is taken or not ours")
