"""The identity survives a cut in the middle of its own writing."""

from pathlib import Path

import pytest
from cryptography import x509

from device.links.identity import Identity, IdentityError, IdentityStore, new_key, request_der
from protos.units import TerminalId, TerminalNumber


def identity(number: int) -> Identity:
    return Identity(
        terminal_id=TerminalId("T-000412"),
        terminal_number=TerminalNumber(number),
        ledger_id="L1",
        secret=bytes(32),
        key_pem=b"key",
        certificate_pem=b"certificate",
        ca_pem=b"ca",
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    assert store.load() is None
    store.save(identity(1))
    store.save(identity(2))
    assert store.load() == identity(2)
    assert all(path.stat().st_mode & 0o077 == 0 for path in store.files().iterdir())


def test_a_cut_between_the_renames_keeps_the_old_one(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    store.save(identity(1))
    (tmp_path / "identity").rename(tmp_path / "identity.old")
    store.recover()
    assert store.load() == identity(1)


def test_a_damaged_one_says_what_to_do(tmp_path: Path) -> None:
    store = IdentityStore(tmp_path)
    store.save(identity(1))
    (tmp_path / "identity" / "terminal.json").write_text("{", "utf-8")
    with pytest.raises(IdentityError, match="enrol this terminal again") as caught:
        store.load()
    assert caught.value.code == "CHOBA_DEVICE_IDENTITY_DAMAGED"


def test_no_secret_in_its_repr() -> None:
    secret = Identity(TerminalId("T"), TerminalNumber(1), "L", b"S" * 32, b"K", b"C", b"A")
    assert "SSSS" not in repr(secret)
    assert "K" not in repr(secret)


def test_the_request_is_a_valid_one() -> None:
    request = x509.load_der_x509_csr(request_der(new_key()))
    assert request.is_signature_valid
