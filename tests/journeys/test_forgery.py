"""Whoever owns the broker and the server's own identity there still makes the counter say nothing.

The forger publishes to the counter's real topics with the server's certificate and has read every
message that ever went through. What the forger lacks is the terminal's announcement key.
"""

import asyncio
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from protos import topics
from protos.choba.v1.announcement_pb2 import ClaimState, ClaimUpdate, SignedMessage
from protos.choba.v1.payment_pb2 import Payment
from protos.qr_token import parse, token_text_of
from protos.signed_message import Purpose, sign
from protos.units import SaleNumber, Sequence, TerminalId, TerminalNumber
from server.directory import Keyring
from server.state import KeyFiles
from tests.support.house import (
    Cables,
    House,
    LinkIs,
    a_cabled_house,
    log_lines,
    screen_of,
    until,
)
from tests.support.mqtt import MqttDevice
from tools.harness.customer import Receipt
from tools.harness.stack import TERMINAL

pytestmark = pytest.mark.journey

PAYMENTS = topics.payments(TerminalId(TERMINAL))
CLAIMS = topics.claims(TerminalId(TERMINAL))


@pytest.fixture(scope="module")
def cabled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Cables]]:
    with a_cabled_house(tmp_path_factory.mktemp("forgery")) as cabled:
        yield cabled


@pytest.fixture
def house(cabled: tuple[House, Cables]) -> House:
    return cabled[0]


@dataclass(frozen=True, slots=True)
class Loot:
    """What the forger has: genuine messages, and the sale that stands on the screen."""

    payments: tuple[bytes, ...]
    claims: tuple[bytes, ...]
    sale: SaleNumber
    another_key: bytes
    """The announcement key of a terminal that the forger has taken apart."""
    void_sale: SaleNumber


@dataclass(frozen=True, slots=True)
class Forgery:
    name: str
    topic: str
    make: Callable[[Loot], list[bytes]]
    refused: int
    """How many of them the counter must refuse by name; the others it knows already."""


def _altered(data: bytes, change: Callable[[SignedMessage, Payment], None]) -> bytes:
    message = SignedMessage.FromString(data)
    payment = Payment.FromString(message.payload)
    change(message, payment)
    message.payload = payment.SerializeToString()
    return message.SerializeToString()


def _for_sale(loot: Loot, sale: SaleNumber) -> Payment:
    payment = Payment.FromString(SignedMessage.FromString(loot.payments[-1]).payload)
    payment.payment_id = secrets.token_hex(10)
    payment.sale_number = sale
    payment.sequence += 1
    payment.paid_at_micros = time.time_ns() // 1_000
    return payment


def _signed(loot: Loot, payment: Payment, key: bytes) -> bytes:
    ledger = SignedMessage.FromString(loot.payments[0]).ledger_id
    return sign(
        key,
        Purpose.PAYMENT,
        TerminalNumber(payment.terminal_number),
        Sequence(payment.sequence),
        ledger,
        payment.SerializeToString(),
    )


def _with_mac(loot: Loot, mac: bytes) -> bytes:
    message = SignedMessage.FromString(_signed(loot, _for_sale(loot, loot.sale), b"\0" * 32))
    message.mac = mac
    return message.SerializeToString()


def _more(message: SignedMessage, payment: Payment) -> None:
    payment.amount_yen += 10_000
    payment.legs[0].amount_yen += 10_000


def _next_sequence(message: SignedMessage, payment: Payment) -> None:
    message.sequence += 1
    payment.sequence += 1


def _next_in_envelope(message: SignedMessage, _payment: Payment) -> None:
    message.sequence += 1


def _of_another_terminal(loot: Loot) -> list[bytes]:
    payment = _for_sale(loot, loot.sale)
    named_here = _signed(loot, payment, loot.another_key)
    payment.terminal_number += 1
    return [named_here, _signed(loot, payment, loot.another_key)]


def _claim_of(loot: Loot, key: bytes) -> bytes:
    message = SignedMessage.FromString(loot.claims[0])
    update = ClaimUpdate(
        sale_number=loot.sale,
        state=ClaimState.CLAIM_STATE_CLAIMED,
        amount_yen=1,
        expires_at_micros=time.time_ns() // 1_000 + 60_000_000,
    )
    return sign(
        key,
        Purpose.CLAIM,
        TerminalNumber(message.terminal_number),
        Sequence(message.sequence + 1_000),
        message.ledger_id,
        update.SerializeToString(),
    )


FORGERIES = (
    Forgery("no MAC", PAYMENTS, lambda loot: [_with_mac(loot, b"")], 1),
    Forgery(
        "a MAC out of thin air",
        PAYMENTS,
        lambda loot: [_with_mac(loot, secrets.token_bytes(32))],
        1,
    ),
    Forgery(
        "the MAC of another payment",
        PAYMENTS,
        lambda loot: [_with_mac(loot, SignedMessage.FromString(loot.payments[0]).mac)],
        1,
    ),
    Forgery("the key of another terminal", PAYMENTS, _of_another_terminal, 2),
    Forgery("a changed amount", PAYMENTS, lambda loot: [_altered(loot.payments[-1], _more)], 1),
    Forgery(
        "a new sequence on an old payment",
        PAYMENTS,
        lambda loot: [
            _altered(loot.payments[-1], _next_sequence),
            _altered(loot.payments[-1], _next_in_envelope),
        ],
        2,
    ),
    Forgery(
        "a void sale",
        PAYMENTS,
        lambda loot: [_signed(loot, _for_sale(loot, loot.void_sale), loot.another_key)],
        1,
    ),
    Forgery("replayed", PAYMENTS, lambda loot: [*loot.payments, *loot.payments], 0),
    Forgery("replayed in another order", PAYMENTS, lambda loot: [*reversed(loot.payments)], 0),
    Forgery("a payment as a claim", CLAIMS, lambda loot: [loot.payments[-1]], 1),
    Forgery("a claim as a payment", PAYMENTS, lambda loot: [loot.claims[-1]], 1),
    Forgery("replayed claims", CLAIMS, lambda loot: [*loot.claims, *reversed(loot.claims)], 0),
    Forgery("a claim of one's own", CLAIMS, lambda loot: [_claim_of(loot, loot.another_key)], 1),
    Forgery(
        "noise",
        PAYMENTS,
        lambda loot: [b"", b"\xff" * 60_000, secrets.token_bytes(500), loot.payments[-1][:-9]],
        4,
    ),
)


async def test_the_counter_says_nothing_of_what_the_server_did_not_sign(house: House) -> None:
    forger = _forger(house)
    await forger.start(PAYMENTS, CLAIMS)
    try:
        loot = await asyncio.to_thread(_loot, house, forger)
        for forgery in FORGERIES:
            await asyncio.to_thread(_try, house, forger, forgery, loot)
    finally:
        await forger.stop()
    await asyncio.to_thread(_one_payment, house, 3)


async def test_genuine_payments_in_the_wrong_order_are_each_told_once(
    cabled: tuple[House, Cables],
) -> None:
    """The broker keeps two payments back, then gives the second one first, and both again."""
    house, cables = cabled
    forger = _forger(house, "broker's owner")
    await forger.start(PAYMENTS)
    try:
        first, second = await asyncio.to_thread(_two_unheard, house, cables)
        await forger.wait_for(2)
        one, two = _heard(forger, PAYMENTS)
        await _forget_session(house)
        await asyncio.to_thread(_plug_broker, house, cables)
        for payload in (two, one, two, one):
            forger.client.publish(PAYMENTS, payload, qos=1).wait_for_publish(10)
        await asyncio.to_thread(_both_told, house, first, second)
        await asyncio.to_thread(_plug_server, house, cables)
        await asyncio.to_thread(_both_told, house, first, second)
    finally:
        await forger.stop()


def _two_unheard(house: House, cables: Cables) -> tuple[Receipt, Receipt]:
    """Two customers pay while the counter hears nothing; the second one's sale is in front."""
    assert house.stack.device is not None
    house.next_customer()
    cables.pull(house.stack.device)
    first = house.customer().pay(house.stack.read_qr(), house.amount())
    house.tap_to("Amount", (606, 362))
    house.tap_to("Standby", (50, 26))
    return first, house.customer().pay(house.stack.read_qr(), house.amount())


async def _forget_session(house: House) -> None:
    """The broker's owner throws away what it had queued for the counter."""
    thief = _forger(house, TERMINAL, clean=True)
    await thief.start()
    until("the session is gone", lambda: thief.connections > 0)
    await thief.stop()


def _plug_broker(house: House, cables: Cables) -> None:
    device = house.stack.device
    assert device is not None
    before = len(device.lines)
    cables.to_broker.plug()
    device.wait_for("broker link", LinkIs("broker link", "up"), 30, after=before)
    time.sleep(0.5)
    known = house.ask_journal("SELECT COUNT(*) FROM payments")
    assert known == [(len(house.ask_books("SELECT 1 FROM payments")) - 2,)]  # nothing by itself


def _plug_server(house: House, cables: Cables) -> None:
    device = house.stack.device
    assert device is not None
    before = len(device.lines)
    cables.to_server.plug()
    device.wait_for("server link", LinkIs("server link", "up"), 30, after=before)


def _both_told(house: House, first: Receipt, second: Receipt) -> None:
    """The sale in front aloud, the one before as 先ほどの; a slip each, once."""
    for receipt, telling, spoken in ((first, "late", 0), (second, "spoken", 1)):
        payment = receipt.payment_id

        def settled(payment: str = payment, telling: str = telling) -> bool:
            told = house.told(payment)
            return (
                told is not None
                and told.telling == telling
                and told.prints == (("original", "printed"),)
            )

        until(f"{payment} is {telling}", settled)
        assert house.spoken(payment) == spoken
        assert [slip.marked for slip in house.slips(receipt)] == [False]


def _forger(house: House, client_id: str = "forger", *, clean: bool = False) -> MqttDevice:
    """A client with the publisher's certificate, which may read and write every topic."""
    keys = house.stack.server_dir / "keys"
    context = ssl.create_default_context(cafile=keys / "ca.pem")
    context.load_cert_chain(keys / "broker-client.pem", keys / "broker-client.key")
    return MqttDevice(client_id, context, house.stack.plan.ports.broker, clean=clean)


def _loot(house: House, forger: MqttDevice) -> Loot:
    """Two payments, and a sale that was claimed, let go and voided, all of it overheard."""
    for count in (1, 2):
        _one_payment(house, count)
    void_sale = _voided(house)
    until("two payments overheard", lambda: len(_heard(forger, PAYMENTS)) >= 2)
    until("claims overheard", lambda: len(_heard(forger, CLAIMS)) >= 3)
    number = parse(token_text_of(house.stack.read_qr())).token
    keyring = Keyring(KeyFiles(house.stack.server_dir / "keys").master_key().reveal())
    another = keyring.terminal_keys(TerminalNumber(number.terminal + 1))
    return Loot(
        _heard(forger, PAYMENTS),
        _heard(forger, CLAIMS),
        number.sale,
        another.announcement,
        void_sale,
    )


def _voided(house: House) -> SaleNumber:
    """Claimed by a phone, and ended by staff: 中止."""
    qr = house.stack.read_qr()
    assert house.stack.device is not None
    before = len(house.stack.device.lines)
    house.customer().open_sale(qr)
    house.stack.wait_screen("Claimed", after=before)
    time.sleep(0.5)
    house.tap_to("Standby", (114, 426))
    sale = parse(token_text_of(qr)).token.sale
    until(
        "the sale is void",
        lambda: (
            house.ask_books("SELECT state FROM sale_outcomes WHERE sale_number = ?", sale) == [(3,)]
        ),
    )
    return sale


def _heard(forger: MqttDevice, topic: str) -> tuple[bytes, ...]:
    return tuple(payload for name, payload in list(forger.received) if name == topic)


def _one_payment(house: House, count: int) -> Receipt:
    """A genuine payment goes through: screen, voice, slip, each once."""
    device = house.stack.device
    assert device is not None
    before = len(device.lines)
    paid = house.customer().pay(house.stack.read_qr(), house.amount())
    house.stack.wait_screen("Paid", after=before)
    device.wait_for("voice", lambda line: line.get("event") == "spoken", 20, after=before)
    device.wait_for("slip", lambda line: line.get("event") == "printed", 20, after=before)
    assert house.ask_journal("SELECT COUNT(*) FROM payments") == [(count,)]
    house.next_customer()
    return paid


def _try(house: House, forger: MqttDevice, forgery: Forgery, loot: Loot) -> None:
    """Publish, wait until the counter has had all of it, then look and listen."""
    device = house.stack.device
    assert device is not None
    before, refused = len(device.lines), _refused(house)
    slips, payments = _paper(house), house.ask_journal("SELECT payment_id FROM payments")
    played = house.stack.plan.folder / "played.raw"
    quiet_from = played.stat().st_size
    for payload in forgery.make(loot):
        forger.client.publish(forgery.topic, payload, qos=1).wait_for_publish(10)
    # one message more, refused for sure: when it is, the counter has read all before it
    forger.client.publish(forgery.topic, b"the end", qos=1).wait_for_publish(10)
    wanted = refused + forgery.refused + 1
    until(f"{forgery.name}: all refused", lambda: _refused(house) >= wanted)
    time.sleep(0.3)
    assert _refused(house) == wanted, forgery.name
    said = [line for line in device.lines[before:] if line.get("event") in LOUD]
    assert said == [], forgery.name
    assert screen_of(device) == "Standby"
    assert parse(token_text_of(house.stack.read_qr())).token.sale == loot.sale
    assert _paper(house) == slips
    assert house.ask_journal("SELECT payment_id FROM payments") == payments
    with played.open("rb") as recording:
        recording.seek(quiet_from)
        assert not any(recording.read()), f"{forgery.name}: something was heard"


LOUD = {"screen", "speaking", "spoken", "printed"}


def _refused(house: House) -> int:
    log = house.stack.plan.folder / "device.log"
    return sum(line.get("event") == "message refused" for line in log_lines(log))


def _paper(house: House) -> list[Path]:
    return sorted(house.stack.plan.folder.glob("paper-*/*.bin"))
