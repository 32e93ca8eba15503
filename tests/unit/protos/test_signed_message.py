"""What a device must not believe, whoever owns the broker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.choba.v1.announcement_pb2 import SignedMessage
from protos.signed_message import Purpose, SignedMessageError, open_signed, sign
from protos.units import Sequence, TerminalNumber

KEY = bytes(range(32))
ME = TerminalNumber(7)


def message(**changes: object) -> bytes:
    signed = SignedMessage.FromString(
        sign(KEY, Purpose.PAYMENT, ME, Sequence(3), "L1", b"a payment")
    )
    for name, value in changes.items():
        setattr(signed, name, value)
    return signed.SerializeToString()


def test_a_genuine_one_is_opened() -> None:
    assert open_signed(KEY, Purpose.PAYMENT, ME, "L1", message()) == (3, b"a payment")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format"),
        ({"purpose": "claim"}, "purpose"),
        ({"terminal_number": 8}, "terminal"),
        ({"ledger_id": "L2"}, "ledger"),
        ({"sequence": 4}, "mac"),
        ({"payload": b"another"}, "mac"),
        ({"mac": b""}, "mac"),
        ({"mac": bytes(32)}, "mac"),
    ],
)
def test_one_that_was_changed_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(SignedMessageError, match=reason):
        open_signed(KEY, Purpose.PAYMENT, ME, "L1", message(**changes))


def test_a_claim_does_not_pass_for_a_payment() -> None:
    claim = sign(KEY, Purpose.CLAIM, ME, Sequence(3), "L1", b"a payment")
    renamed = SignedMessage.FromString(claim)
    renamed.purpose = Purpose.PAYMENT
    with pytest.raises(SignedMessageError, match="mac"):
        open_signed(KEY, Purpose.PAYMENT, ME, "L1", renamed.SerializeToString())


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(SignedMessageError):
        open_signed(KEY, Purpose.PAYMENT, ME, "L1", noise)
