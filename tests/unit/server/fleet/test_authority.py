"""The authority: what it signs, what it refuses, what is kept over a start."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protos.units import TerminalId
from server.fleet.authority import (
    CertificateAuthority,
    CertificateRequestError,
    check_terminal_id,
    local_names,
    open_authority,
    open_server_identity,
)
from server.state import KeyFileError, KeyFiles

NOW = dt.datetime(2024, 6, 3, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path / "keys")


@pytest.fixture
def authority(keys: KeyFiles) -> CertificateAuthority:
    return open_authority(keys, NOW)


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "anything") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.DER)


def test_the_server_names_the_terminal_whatever_the_request_says(
    authority: CertificateAuthority,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = authority.issue_terminal(request(key, "choba-server"), TerminalId("T-000412"), NOW)
    certificate = x509.load_pem_x509_certificate(issued.pem.encode())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "T-000412"
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc == NOW + dt.timedelta(days=30)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert issued.serial == f"{certificate.serial_number:x}"
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem.encode()))


def test_requests_that_prove_nothing_are_refused(authority: CertificateAuthority) -> None:
    good = request(ec.generate_private_key(ec.SECP256R1()))
    bad = (
        b"",
        b"nonsense" * 20,
        good[:-1] + bytes([good[-1] ^ 1]),
        request(ec.generate_private_key(ec.SECP384R1())),
        request(rsa.generate_private_key(65537, 2048)),
    )
    for csr in bad:
        with pytest.raises(CertificateRequestError):
            authority.issue_terminal(csr, TerminalId("T-000412"), NOW)


@pytest.mark.parametrize("terminal", ["", "#", "+", "a/b", "a b", "choba-server", "x" * 65, "端末"])
def test_ids_that_would_mean_more_in_a_topic_are_refused(terminal: str) -> None:
    with pytest.raises(ValueError, match="terminal id"):
        check_terminal_id(terminal)


def test_the_authority_and_the_server_stay_over_a_start(keys: KeyFiles) -> None:
    first = open_authority(keys, NOW)
    shown = open_server_identity(keys, first, ["choba.example.jp"], NOW)
    second = open_authority(keys, NOW + dt.timedelta(days=30))
    assert second.fingerprint == first.fingerprint
    again = open_server_identity(keys, second, ["choba.example.jp"], NOW + dt.timedelta(days=30))
    assert again.chain_pem == shown.chain_pem


def test_the_chain_ends_with_the_authority_and_names_every_address(keys: KeyFiles) -> None:
    authority = open_authority(keys, NOW)
    chain = open_server_identity(keys, authority, ["choba.example.jp", "10.0.0.7"], NOW).chain_pem
    leaf, root = x509.load_pem_x509_certificates(chain)
    assert root.public_bytes(serialization.Encoding.PEM).decode() == authority.pem
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    shown = {str(name.value) for name in names}
    assert {"choba.example.jp", "10.0.0.7", "localhost", "127.0.0.1", "::1"} <= shown
    assert set(local_names()) <= shown


def test_a_server_certificate_is_made_again_when_old_or_renamed(keys: KeyFiles) -> None:
    authority = open_authority(keys, NOW)
    first = open_server_identity(keys, authority, ["a.example.jp"], NOW).chain_pem
    renamed = open_server_identity(keys, authority, ["b.example.jp"], NOW).chain_pem
    assert renamed != first
    old = open_server_identity(keys, authority, ["b.example.jp"], NOW + dt.timedelta(days=220))
    assert old.chain_pem != renamed


def test_a_lost_or_foreign_key_stops_the_start(keys: KeyFiles, tmp_path: Path) -> None:
    open_authority(keys, NOW)
    (tmp_path / "keys/ca.key").rename(tmp_path / "ca.key.away")
    with pytest.raises(KeyFileError, match=r"ca\.key.*missing"):
        open_authority(keys, NOW)
    other = KeyFiles(tmp_path / "other")
    open_authority(other, NOW)
    keys.write("ca.key", other.read("ca.key").reveal())
    with pytest.raises(KeyFileError, match="does not belong"):
        open_authority(keys, NOW)


def test_the_list_of_revocations_is_read_by_openssl(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    path = tmp_path / "revoked.pem"
    path.write_bytes(authority.revocation_list(["1f", "abcdef"], NOW))
    context = ssl.create_default_context(cadata=authority.pem)
    context.load_verify_locations(path)
    listed = x509.load_pem_x509_crl(path.read_bytes())
    assert {revoked.serial_number for revoked in listed} == {0x1F, 0xABCDEF}
    root = x509.load_pem_x509_certificate(authority.pem.encode())
    assert isinstance(public := root.public_key(), ec.EllipticCurvePublicKey)
    assert listed.is_signature_valid(public)
