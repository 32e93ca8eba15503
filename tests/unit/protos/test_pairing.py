"""Enrolment's proofs: only who knows the code makes or reads them."""

import pytest

from protos.pairing import (
    PairingError,
    grouped,
    new_code,
    normalise_code,
    open_secret,
    response_mac,
    seal_secret,
)


def test_codes_differ_and_survive_a_person() -> None:
    code = new_code()
    assert code != new_code()
    assert len(code) == 16
    assert normalise_code(grouped(code).lower()) == code
    assert normalise_code(grouped(code).replace(" ", "-")) == code
    assert normalise_code("０abcdefghijklmn1".replace("０", "0")) == "OABCDEFGHIJKLMNI"


@pytest.mark.parametrize(
    ("typed", "reason"), [("", "length"), ("ABCD", "length"), ("ABCDEFGHIJKLMN9?", "alphabet")]
)
def test_what_is_no_code_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(PairingError, match=reason):
        normalise_code(typed)


def test_the_secret_needs_the_code() -> None:
    code, secret = new_code(), bytes(range(32))
    sealed = seal_secret(code, secret)
    assert secret not in sealed
    assert open_secret(code, sealed) == secret
    for broken in (sealed[:-1], sealed[:5], b"", bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(PairingError, match="sealed"):
            open_secret(code, broken)
    with pytest.raises(PairingError, match="sealed"):
        open_secret(new_code(), sealed)


def test_parts_cannot_be_shifted_into_each_other() -> None:
    code = new_code()
    assert response_mac(code, b"n", b"ab", b"c") != response_mac(code, b"n", b"a", b"bc")
