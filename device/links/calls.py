"""The gRPC channel of a terminal: mutual TLS, keepalive, and what an error means."""

import grpc
import grpc.aio

from device.core.state import LinkState
from device.links.identity import Identity

KEEPALIVE = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    # without it a dead server is noticed after a minute, whatever keepalive_timeout_ms says
    ("grpc.http2.ping_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 4_000),
)


def open_channel(host: str, port: int, identity: Identity) -> grpc.aio.Channel:
    """A channel that shows this terminal's certificate and trusts its own authority alone."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=identity.ca_pem,
        private_key=identity.key_pem,
        certificate_chain=identity.certificate_pem,
    )
    return grpc.aio.secure_channel(f"{host}:{port}", credentials, options=KEEPALIVE)


def link_after(error: grpc.aio.AioRpcError) -> LinkState:
    """REFUSED when the server will not have this terminal; DOWN for anything that may pass."""
    refused = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
    return LinkState.REFUSED if error.code() in refused else LinkState.DOWN


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """For the log: status and the server's words."""
    return f"{error.code().name}: {error.details()}"
