"""A claim that is still held is told again when the broker comes back."""

from dataclasses import dataclass, field, replace
from typing import cast

from protos.choba.v1.announcement_pb2 import ClaimUpdate, SignedMessage
from protos.units import Micros, SaleNumber, TerminalId, TerminalNumber, Yen
from server.announcements.claims import Claims
from server.announcements.publisher import Publisher, Quality
from server.directory import Keyring
from server.payments import ClaimChange, ClaimState

HELD = ClaimChange(
    TerminalNumber(7),
    TerminalId("T-000412"),
    SaleNumber(5),
    ClaimState.CLAIMED,
    Yen(0),
    Micros(90),
    revision=1,
)


@dataclass
class Wire:
    """What the publisher is to claims: connected or not, and what went out."""

    connected: bool = True
    sent: list[tuple[str, ClaimUpdate]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, quality: Quality) -> None:
        assert quality is Quality.AT_MOST_ONCE
        update = ClaimUpdate.FromString(SignedMessage.FromString(payload).payload)
        self.sent.append((topic, update))


def claims(wire: Wire, now: list[int]) -> Claims:
    keyring = Keyring(bytes(32))
    return Claims(cast("Publisher", wire), keyring, "L1", lambda: Micros(now[0]))


def test_a_claim_made_while_the_broker_restarts_is_told_afterwards() -> None:
    wire, now = Wire(connected=False), [10]
    told = claims(wire, now)
    told.tell(HELD)
    assert wire.sent == []
    wire.connected = True
    told.broker_returned()
    (topic, update), *more = wire.sent
    assert topic == "choba/v1/terminals/T-000412/claims"
    assert (update.sale_number, more) == (5, [])


def test_what_is_over_is_not_told_again() -> None:
    wire, now = Wire(connected=False), [10]
    told = claims(wire, now)
    told.tell(HELD)
    told.tell(replace(HELD, state=ClaimState.RELEASED, revision=2))
    told.tell(replace(HELD, terminal_id=TerminalId("T-000413"), expires_at=Micros(20)))
    now[0] = 20
    wire.connected = True
    told.broker_returned()
    assert wire.sent == []


def test_only_the_newest_amount_is_told_again() -> None:
    wire, now = Wire(), [10]
    told = claims(wire, now)
    told.tell(HELD)
    told.tell(replace(HELD, amount=Yen(1200), revision=2))
    wire.sent.clear()
    told.broker_returned()
    assert [update.amount_yen for _, update in wire.sent] == [1200]
