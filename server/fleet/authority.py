"""The certificate authority: made at first start, EC P-256, its key outside the database.

Terminals get 30 days (WIRE 3) and renew themselves; the subject of a request is ignored, the
server names the terminal. The listeners show certificate and authority together, so that an
enrolling device can pin the authority by its fingerprint.
"""

import datetime as dt
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protos.operation.redaction import Secret
from protos.pairing import fingerprint
from protos.units import Micros, TerminalId
from server.identity import SERVER_USER, ServerIdentity
from server.state import KeyFileError, KeyFiles

TERMINAL_DAYS = 30
_CA_DAYS = 3650
_SERVER_DAYS = 397
_SERVER_RENEW_DAYS = 180
_BACKDATED = dt.timedelta(hours=1)
"""A device whose clock is a little behind accepts its certificate all the same."""
_TERMINAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CertificateRequestError(ValueError):
    """A certificate request that is not signed, not readable or of a weak key."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate of a terminal, before it is handed out."""

    serial: str
    """Lower-case hexadecimal."""
    pem: str
    not_before: Micros
    not_after: Micros


class CertificateAuthority:
    """Signs; knows nothing of who may ask."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.fingerprint = fingerprint(certificate.public_bytes(serialization.Encoding.DER))

    def issue_terminal(
        self, csr_der: bytes, terminal: TerminalId, now: dt.datetime
    ) -> IssuedCertificate:
        """A certificate with the terminal's id as its common name.

        Raises CertificateRequestError; ValueError for an id that is not fit for a topic.
        """
        check_terminal_id(terminal)
        certificate = self._sign(
            _request_key(csr_der),
            terminal,
            (ExtendedKeyUsageOID.CLIENT_AUTH,),
            now,
            dt.timedelta(days=TERMINAL_DAYS),
        )
        return IssuedCertificate(
            serial_text(certificate.serial_number),
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            _micros(certificate.not_valid_before_utc),
            _micros(certificate.not_valid_after_utc),
        )

    def issue_identity(
        self, name: str, now: dt.datetime, names: Iterable[str] = (), client: bool = False
    ) -> ServerIdentity:
        """A new key with a certificate of our own: a listener's, or a client of the broker."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        certificate = self._sign(
            key.public_key(),
            name,
            (usage,),
            now,
            dt.timedelta(days=_SERVER_DAYS),
            tuple(names),
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        return ServerIdentity(Secret(_private_pem(key)), pem + self.pem.encode())

    def revocation_list(self, serials: Iterable[str], now: dt.datetime) -> bytes:
        """PEM list of revoked serials for the broker, which cannot ask us."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _BACKDATED)
            .next_update(now + dt.timedelta(days=_CA_DAYS))
        )
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(int(serial, 16))
                .revocation_date(now - _BACKDATED)
                .build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _sign(
        self,
        key: ec.EllipticCurvePublicKey,
        name: str,
        usages: Iterable[x509.ObjectIdentifier],
        now: dt.datetime,
        lifetime: dt.timedelta,
        names: tuple[str, ...] = (),
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if names:
            alternative = x509.SubjectAlternativeName([_general_name(n) for n in names])
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def open_authority(keys: KeyFiles, now: dt.datetime) -> CertificateAuthority:
    """The authority in ``ca.key`` and ``ca.pem``, made at first start. Raises KeyFileError."""
    if not keys.exists("ca.key") and keys.exists("ca.pem"):
        raise KeyFileError(f"{keys.path('ca.key')}: is missing although ca.pem is there")
    pem = keys.read_or_make("ca.key", lambda: _private_pem(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = serialization.load_pem_private_key(pem.reveal(), None)
    except ValueError as error:
        raise KeyFileError(f"{keys.path('ca.key')}: is no PEM private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyFileError(f"{keys.path('ca.key')}: an EC key is needed")
    made = keys.read_or_make(
        "ca.pem", lambda: _self_signed(key, now).public_bytes(serialization.Encoding.PEM)
    )
    certificate = x509.load_pem_x509_certificate(made.reveal())
    if certificate.public_key() != key.public_key():
        raise KeyFileError(f"{keys.path('ca.pem')}: does not belong to ca.key")
    return CertificateAuthority(key, certificate)


def open_server_identity(
    keys: KeyFiles, authority: CertificateAuthority, names: Iterable[str], now: dt.datetime
) -> ServerIdentity:
    """``server.key`` and ``server.pem`` for these names; made again when old or renamed."""
    wanted = tuple(dict.fromkeys((*names, *local_names())))
    if keys.exists("server.key") and keys.exists("server.pem"):
        chain = keys.read("server.pem").reveal()
        leaf, *rest = x509.load_pem_x509_certificates(chain)
        current = {_text(n) for n in _alternative_names(leaf)} >= set(wanted)
        ends = leaf.not_valid_after_utc - dt.timedelta(days=_SERVER_RENEW_DAYS)
        if current and now < ends and rest and _pem(rest[0]) == authority.pem:
            return ServerIdentity(keys.read("server.key"), chain)
    made = authority.issue_identity("choba-server", now, wanted)
    keys.write("server.key", made.key_pem.reveal())
    keys.write("server.pem", made.chain_pem)
    return made


def local_names() -> tuple[str, ...]:
    """localhost, this machine's name and the address that it would use to the outside."""
    names = ["localhost", "127.0.0.1", "::1"]
    host = socket.gethostname()
    if re.fullmatch(r"[A-Za-z0-9.-]+", host):
        names.append(host)
    address = outward_address()
    return (*names, address) if address else tuple(names)


def outward_address() -> str | None:
    """This machine's IPv4 address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: chooses a route, sends no packet
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


def check_terminal_id(terminal: str) -> None:
    """Raises ValueError for an id that would mean something else in a topic or as a user."""
    if not _TERMINAL_ID.fullmatch(terminal) or terminal == SERVER_USER:
        raise ValueError(f"terminal id {terminal!r}: letters, digits, . _ - only, 64 at most")


def serial_text(serial: int) -> str:
    """A certificate's serial number as it stands in the database."""
    return f"{serial:x}"


def _request_key(csr_der: bytes) -> ec.EllipticCurvePublicKey:
    try:
        request = x509.load_der_x509_csr(csr_der)
        key = request.public_key()
        valid = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature) as error:
        raise CertificateRequestError("is no PKCS#10 request in DER") from error
    if not valid:
        raise CertificateRequestError("is not signed by its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise CertificateRequestError("needs a key on the curve P-256")
    return key


def _self_signed(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Choba authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + dt.timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _alternative_names(certificate: x509.Certificate) -> Iterable[x509.GeneralName]:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()


def _text(name: x509.GeneralName) -> str:
    return str(name.value)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _micros(instant: dt.datetime) -> Micros:
    return Micros(int(instant.timestamp()) * 1_000_000)
