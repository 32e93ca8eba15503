"""Whoever owns the broker: only what the server signed for this terminal is believed."""

import asyncio
import datetime as dt
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from device.core.events import (
    BrokerLinkChanged,
    ClaimChanged,
    ClaimState,
    Event,
    PaymentArrived,
)
from device.core.payment import Via
from device.core.state import LinkState
from device.links.broker import BrokerLink, MessageReader
from device.links.identity import Identity, key_pem, new_key
from protos import topics
from protos.choba.v1.announcement_pb2 import CLAIM_STATE_CLAIMED, ClaimUpdate
from protos.signed_message import Purpose, sign
from protos.units import Micros, Sequence, TerminalId, TerminalNumber
from tests.support.payments import ME, payment_message

SECRET = bytes(range(32))
IDENTITY = Identity(
    terminal_id=TerminalId("T-000412"),
    terminal_number=ME,
    ledger_id="L1",
    secret=SECRET,
    key_pem=b"",
    certificate_pem=b"",
    ca_pem=b"",
)
PAYMENTS, CLAIMS = topics.payments(IDENTITY.terminal_id), topics.claims(IDENTITY.terminal_id)


def signed(
    payload: bytes,
    purpose: Purpose = Purpose.PAYMENT,
    terminal: TerminalNumber = ME,
    sequence: int = 1,
    ledger: str = "L1",
    key: bytes | None = None,
) -> bytes:
    key = IDENTITY.keys.announcement if key is None else key
    return sign(key, purpose, terminal, Sequence(sequence), ledger, payload)


def test_a_genuine_payment_is_an_event() -> None:
    event = MessageReader(IDENTITY).read(PAYMENTS, signed(payment_message().SerializeToString()))
    assert isinstance(event, PaymentArrived)
    assert event.via is Via.ANNOUNCED
    assert event.payment.amount == 1200


def test_a_genuine_claim_is_an_event() -> None:
    update = ClaimUpdate(
        sale_number=5, state=CLAIM_STATE_CLAIMED, amount_yen=1200, expires_at_micros=9
    )
    data = signed(update.SerializeToString(), Purpose.CLAIM, sequence=3)
    event = MessageReader(IDENTITY).read(CLAIMS, data)
    assert isinstance(event, ClaimChanged)
    assert (event.claim, event.amount, event.revision) == (ClaimState.CLAIMED, 1200, 3)


GENUINE = payment_message().SerializeToString()


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\xff\xff\xff",
        GENUINE,
        signed(GENUINE, key=bytes(32)),
        signed(GENUINE, key=IDENTITY.keys.qr),
        signed(GENUINE, terminal=TerminalNumber(ME + 1)),
        signed(GENUINE, ledger="L2"),
        signed(GENUINE, sequence=2),
        signed(GENUINE, Purpose.CLAIM),
        signed(b"\xff\xff"),
        signed(payment_message(sequence=1).SerializeToString()[:-4]),
    ],
    ids=[
        "empty",
        "noise",
        "unsigned",
        "no key",
        "another purpose's key",
        "another terminal's",
        "another ledger's",
        "renumbered",
        "a claim's signature",
        "signed noise",
        "cut",
    ],
)
def test_anything_else_says_nothing(forged: bytes) -> None:
    reader = MessageReader(IDENTITY)
    assert reader.read(PAYMENTS, forged) is None
    assert reader.refused == 1


def test_a_payment_on_the_claims_topic_says_nothing() -> None:
    reader = MessageReader(IDENTITY)
    assert reader.read(CLAIMS, signed(GENUINE)) is None
    assert reader.read("choba/v1/terminals/T-000412/other", signed(GENUINE)) is None


async def test_the_link_is_up_when_the_subscription_is(tmp_path: Path) -> None:
    told: list[Event] = []

    async def post(event: Event) -> None:
        told.append(event)

    files = tmp_path
    write_identity(files)
    link = BrokerLink(
        host="127.0.0.1",
        port=1,
        identity=IDENTITY,
        files=files,
        boot_id="b",
        now=lambda: Micros(1),
        post=post,
    )
    granted, refused = (
        ReasonCode(PacketTypes.SUBACK, "Granted QoS 1"),
        ReasonCode(PacketTypes.SUBACK, "Not authorized"),
    )
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    flags = mqtt.ConnectFlags(session_present=False)
    connected = ReasonCode(PacketTypes.CONNACK, "Success")
    await asyncio.to_thread(link._on_connect, client, None, flags, connected, None)
    assert told == []
    await asyncio.to_thread(link._on_subscribe, client, None, 1, [granted, granted], None)
    assert told == [BrokerLinkChanged(LinkState.UP)]
    await asyncio.to_thread(link._on_subscribe, client, None, 2, [granted, refused], None)
    assert told[1:] == [BrokerLinkChanged(LinkState.REFUSED, "Not authorized")]


def write_identity(folder: Path) -> None:
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "T-000412")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    for name_of_file in ("ca.pem", "certificate.pem"):
        (folder / name_of_file).write_bytes(pem)
    (folder / "key.pem").write_bytes(key_pem(key))
