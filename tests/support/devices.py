"""A terminal as the server meets it: enrols with a code, calls with its certificate."""

import secrets
from dataclasses import dataclass, replace

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from protos import pairing
from protos.choba.v1.enrolment_service_pb2 import EnrolRequest, EnrolResponse
from protos.keys import TerminalKeys, terminal_keys
from protos.units import TerminalId, TerminalNumber


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key that never leaves the device, and its request for a certificate."""

    key_pem: bytes
    csr_der: bytes


@dataclass(frozen=True, slots=True)
class EnrolledDevice:
    """What a device keeps after enrolment."""

    terminal_id: TerminalId
    number: TerminalNumber
    key_pem: bytes
    certificate_pem: bytes
    ca_pem: bytes
    ledger_id: str
    keys: TerminalKeys

    def with_certificate(self, key_pem: bytes, certificate_pem: bytes) -> "EnrolledDevice":
        """After a renewal."""
        return replace(self, key_pem=key_pem, certificate_pem=certificate_pem)

    def credentials(self) -> grpc.ChannelCredentials:
        """For the listener of terminals."""
        return grpc.ssl_channel_credentials(self.ca_pem, self.key_pem, self.certificate_pem)


def new_device_key() -> DeviceKey:
    """A fresh key on P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "choba terminal")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return DeviceKey(pem, csr.public_bytes(serialization.Encoding.DER))


def enrol_request(code: str, device: DeviceKey, ca_fingerprint: bytes) -> EnrolRequest:
    """A request that proves ``code`` and names the authority that the device saw."""
    nonce = secrets.token_bytes(32)
    return EnrolRequest(
        pairing_id=pairing.pairing_id(code),
        csr_der=device.csr_der,
        nonce=nonce,
        ca_fingerprint=ca_fingerprint,
        mac=pairing.request_mac(code, device.csr_der, nonce, ca_fingerprint),
    )


def accept(
    code: str, device: DeviceKey, request: EnrolRequest, answer: EnrolResponse
) -> EnrolledDevice:
    """Check the server's proof as a device does, open the sealed secret."""
    expected = pairing.response_mac(
        code,
        request.nonce,
        answer.certificate_pem,
        answer.ca_pem,
        answer.terminal_id.encode(),
        answer.terminal_number.to_bytes(4, "big"),
        answer.sealed_terminal_secret,
        answer.ledger_id.encode(),
    )
    assert secrets.compare_digest(expected, answer.mac)
    secret = pairing.open_secret(code, answer.sealed_terminal_secret)
    return EnrolledDevice(
        TerminalId(answer.terminal_id),
        TerminalNumber(answer.terminal_number),
        device.key_pem,
        answer.certificate_pem,
        answer.ca_pem,
        answer.ledger_id,
        terminal_keys(secret),
    )
