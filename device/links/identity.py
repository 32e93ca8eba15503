"""Who this terminal is: its key, its certificate, its secret. Files of mode 0600 in one folder.

Written whole by enrolment and by certificate renewal, each time into a new folder that one rename
puts in place: a power cut leaves the old identity or the new one, never half of each.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from protos.keys import TerminalKeys, terminal_keys
from protos.units import TerminalId, TerminalNumber

_CURRENT = "identity"


class IdentityError(Exception):
    """The stored identity cannot be used. ``code`` is stable; the text tells the remedy."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """An enrolled terminal. Its repr shows no secret, so that no log can."""

    terminal_id: TerminalId
    terminal_number: TerminalNumber
    ledger_id: str
    secret: bytes
    key_pem: bytes
    certificate_pem: bytes
    ca_pem: bytes

    @property
    def keys(self) -> TerminalKeys:
        """QR, confirmation and announcement key."""
        return terminal_keys(self.secret)

    @property
    def certificate(self) -> x509.Certificate:
        """The terminal's certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate_pem)

    def __repr__(self) -> str:
        return f"Identity({self.terminal_id}, number {self.terminal_number})"


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key of this device's own (P-256); it never leaves it."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The key as an unencrypted PKCS#8 PEM: its protection is the file's mode."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def request_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A PKCS#10 request. The server ignores its subject and names the terminal itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "choba terminal")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class IdentityStore:
    """The folder below the state directory that holds the identity."""

    def __init__(self, state_dir: Path) -> None:
        self._root = state_dir

    def load(self) -> Identity | None:
        """The identity, or None before enrolment.

        Raises IdentityError CHOBA_DEVICE_IDENTITY_DAMAGED when files are missing or unreadable.
        """
        folder = self._root / _CURRENT
        if not folder.is_dir():
            return None
        try:
            facts = json.loads((folder / "terminal.json").read_text("utf-8"))
            return Identity(
                terminal_id=TerminalId(facts["terminal_id"]),
                terminal_number=TerminalNumber(facts["terminal_number"]),
                ledger_id=facts["ledger_id"],
                secret=(folder / "secret").read_bytes(),
                key_pem=(folder / "key.pem").read_bytes(),
                certificate_pem=(folder / "certificate.pem").read_bytes(),
                ca_pem=(folder / "ca.pem").read_bytes(),
            )
        except (OSError, KeyError, ValueError) as error:
            raise IdentityError(
                "CHOBA_DEVICE_IDENTITY_DAMAGED",
                f"{folder}: cannot be read ({error}); enrol this terminal again",
            ) from error

    def files(self) -> Path:
        """The folder with key.pem, certificate.pem and ca.pem, for libraries that want paths."""
        return self._root / _CURRENT

    def save(self, identity: Identity) -> None:
        """Put a whole new identity in place of the old one."""
        fresh = self._root / f"{_CURRENT}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        facts = {
            "terminal_id": identity.terminal_id,
            "terminal_number": identity.terminal_number,
            "ledger_id": identity.ledger_id,
        }
        _write(fresh / "terminal.json", json.dumps(facts).encode())
        _write(fresh / "secret", identity.secret)
        _write(fresh / "key.pem", identity.key_pem)
        _write(fresh / "certificate.pem", identity.certificate_pem)
        _write(fresh / "ca.pem", identity.ca_pem)
        _sync_folder(fresh)
        self._swap(fresh)

    def _swap(self, fresh: Path) -> None:
        current, old = self._root / _CURRENT, self._root / f"{_CURRENT}.old"
        shutil.rmtree(old, ignore_errors=True)
        if current.exists():
            current.rename(old)
        fresh.rename(current)
        _sync_folder(self._root)
        shutil.rmtree(old, ignore_errors=True)

    def recover(self) -> None:
        """After a cut between the two renames: the old identity, whole, goes back in place."""
        current, old = self._root / _CURRENT, self._root / f"{_CURRENT}.old"
        if not current.exists() and old.exists():
            old.rename(current)


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
