"""Enrolment: from a pairing code to an identity.

Trust comes from the code alone. The device takes the CA certificate that the server shows in the
TLS handshake, unverified; uses it as the only root of the call; and both sides' MACs, keyed by
the code, cover it. A server in between, with another CA, fails the server's check of the request
or the device's check of the answer.
"""

import secrets
import socket
from collections.abc import Callable
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL

from device.links.identity import Identity, key_pem, new_key, request_der
from protos import pairing
from protos.choba.v1.enrolment_service_pb2 import EnrolRequest, EnrolResponse
from protos.choba.v1.enrolment_service_pb2_grpc import EnrolmentServiceStub
from protos.units import TerminalId, TerminalNumber

TIMEOUT_S = 10.0


class EnrolmentError(Exception):
    """Enrolment did not succeed. ``code`` is stable; the text is for the person with the code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def enrol(
    host: str, port: int, typed_code: str, fetch: Callable[[str, int], bytes] | None = None
) -> Identity:
    """Enrol this device with a pairing code as a person typed it; blocking, some seconds.

    Raises EnrolmentError: CHOBA_ENROLMENT_CODE_MALFORMED, CHOBA_ENROLMENT_UNREACHABLE,
    CHOBA_ENROLMENT_REFUSED (with the server's own reason), CHOBA_ENROLMENT_NOT_GENUINE.
    """
    try:
        code = pairing.normalise_code(typed_code)
    except pairing.PairingError as error:
        raise EnrolmentError(
            "CHOBA_ENROLMENT_CODE_MALFORMED",
            "登録コードは16文字です（A〜Z、2〜7）。もう一度ご確認ください。",
        ) from error
    ca_der = (fetch or shown_authority)(host, port)
    key = new_key()
    csr, nonce = request_der(key), secrets.token_bytes(32)
    seen = pairing.fingerprint(ca_der)
    request = EnrolRequest(
        pairing_id=pairing.pairing_id(code),
        csr_der=csr,
        nonce=nonce,
        ca_fingerprint=seen,
        mac=pairing.request_mac(code, csr, nonce, seen),
    )
    answer = _call(host, port, ca_der, request)
    return _checked(code, nonce, ca_der, answer, key_pem(key))


def shown_authority(host: str, port: int) -> bytes:
    """The last certificate (DER) of the chain that the server shows. Not yet trusted."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE, lambda *_: True)  # trust is the MACs' work
    context.set_alpn_protos([b"h2"])
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as raw:
            raw.setblocking(True)
            connection = SSL.Connection(context, raw)
            connection.set_tlsext_host_name(host.encode("idna"))
            connection.set_connect_state()
            connection.do_handshake()
            chain = connection.get_peer_cert_chain() or []
            connection.shutdown()
    except (OSError, SSL.Error) as error:
        raise _unreachable(error) from error
    if not chain:
        raise _unreachable(EOFError("no certificate shown"))
    return chain[-1].to_cryptography().public_bytes(serialization.Encoding.DER)


def _call(host: str, port: int, ca_der: bytes, request: EnrolRequest) -> EnrolResponse:
    root = x509.load_der_x509_certificate(ca_der).public_bytes(serialization.Encoding.PEM)
    credentials = grpc.ssl_channel_credentials(root_certificates=root)
    with grpc.secure_channel(f"{host}:{port}", credentials) as channel:
        try:
            response: EnrolResponse = EnrolmentServiceStub(channel).Enrol(
                request, timeout=TIMEOUT_S
            )
        except grpc.RpcError as error:
            raise _refused(error) from error
    return response


def _checked(
    code: str, nonce: bytes, ca_der: bytes, answer: EnrolResponse, private_key: bytes
) -> Identity:
    expected = pairing.response_mac(
        code,
        nonce,
        answer.certificate_pem,
        answer.ca_pem,
        answer.terminal_id.encode(),
        answer.terminal_number.to_bytes(4, "big"),
        answer.sealed_terminal_secret,
        answer.ledger_id.encode(),
    )
    shown = x509.load_der_x509_certificate(ca_der)
    if not secrets.compare_digest(expected, answer.mac) or (
        x509.load_pem_x509_certificate(answer.ca_pem) != shown
    ):
        raise EnrolmentError(
            "CHOBA_ENROLMENT_NOT_GENUINE",
            "サーバーの返事を確かめられませんでした。運営にご連絡ください。",
        )
    return Identity(
        terminal_id=TerminalId(answer.terminal_id),
        terminal_number=TerminalNumber(answer.terminal_number),
        ledger_id=answer.ledger_id,
        secret=pairing.open_secret(code, answer.sealed_terminal_secret),
        key_pem=private_key,
        certificate_pem=answer.certificate_pem,
        ca_pem=answer.ca_pem,
    )


def _unreachable(error: Exception) -> EnrolmentError:
    return EnrolmentError(
        "CHOBA_ENROLMENT_UNREACHABLE",
        f"サーバーにつながりません（{error}）。通信をご確認ください。",
    )


def _refused(error: grpc.RpcError) -> EnrolmentError:
    call: Any = error  # every RpcError of a finished call has code() and details() too
    if call.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return _unreachable(error)
    return EnrolmentError("CHOBA_ENROLMENT_REFUSED", str(call.details()))
