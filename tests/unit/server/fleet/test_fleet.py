"""Enrolment, certificates, presence and events, over a real database."""

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509

from protos import pairing
from protos.choba.v1.enrolment_service_pb2 import EnrolResponse
from protos.units import Micros, SaleNumber, Sequence, TerminalId
from server.clock import DAY, MINUTE, SECOND
from server.db import Database
from server.db.schema.directory import terminal_numbers as t
from server.db.schema.fleet import pairing_codes
from server.directory import Keyring
from server.fleet import (
    DeviceEvent,
    DeviceEventKind,
    Enrolled,
    EnrolmentRequest,
    Fleet,
    FleetReason,
    FleetRefused,
    Hello,
    Revoked,
    TerminalIdentity,
)
from server.fleet.authority import CertificateAuthority, open_authority, serial_text
from server.fleet.events import events_of
from server.fleet.key_marks import MasterKeyChangedError, check_master_key
from server.fleet.pairing import CodeState, state_of
from server.state import KeyFiles
from tests.support.devices import DeviceKey, EnrolledDevice, accept, enrol_request, new_device_key
from tests.support.directory import DEVICE, STAND, furnish

START = 1_717_376_400 * SECOND


@dataclass
class House:
    """A fleet with its clock and its database."""

    fleet: Fleet
    database: Database
    authority: CertificateAuthority
    now: Micros
    revoked: list[Revoked] = field(default_factory=list)

    async def code(self, seconds: int = 900) -> str:
        return (await self.fleet.issue_pairing_code(DEVICE, "operator", seconds)).code

    def request(self, code: str, device: DeviceKey) -> EnrolmentRequest:
        made = enrol_request(code, device, self.authority.fingerprint)
        return EnrolmentRequest(
            made.pairing_id, made.csr_der, made.nonce, made.ca_fingerprint, made.mac
        )

    async def enrol(self, code: str) -> EnrolledDevice:
        device = new_device_key()
        made = enrol_request(code, device, self.authority.fingerprint)
        answer = await self.fleet.enrol(
            EnrolmentRequest(
                made.pairing_id, made.csr_der, made.nonce, made.ca_fingerprint, made.mac
            )
        )
        return accept(code, device, made, _response(answer, self.fleet.ledger_id))

    async def identity(self, device: EnrolledDevice) -> TerminalIdentity:
        serial = x509.load_pem_x509_certificate(device.certificate_pem).serial_number
        return await self.fleet.authenticate(device.terminal_id, serial_text(serial))


def _response(enrolled: Enrolled, ledger_id: str) -> EnrolResponse:
    return EnrolResponse(
        certificate_pem=enrolled.certificate_pem,
        ca_pem=enrolled.ca_pem,
        terminal_id=enrolled.terminal_id,
        terminal_number=enrolled.number,
        sealed_terminal_secret=enrolled.sealed_secret,
        ledger_id=ledger_id,
        mac=enrolled.mac,
    )


@pytest.fixture
def house(tmp_path: Path, database: Database) -> House:
    """On SQLite and on PostgreSQL, there as the servers' role."""
    database.write_now(furnish)
    authority = open_authority(KeyFiles(tmp_path / "keys"), dt.datetime(2024, 6, 3, tzinfo=dt.UTC))
    house = House(None, database, authority, Micros(START))  # type: ignore[arg-type] # set below

    def revoked(because: Revoked) -> None:
        house.revoked.append(because)

    house.fleet = Fleet(
        database=database,
        keyring=Keyring(b"k" * 32),
        authority=authority,
        clock=lambda: house.now,
        certificate_clock=lambda: house.now,
        ledger_id="ledger0000000000test",
        on_revoked=revoked,
    )
    return house


async def refused(reason: FleetReason, awaitable: object) -> FleetRefused:
    with pytest.raises(FleetRefused) as told:
        await awaitable  # type: ignore[misc]
    assert told.value.reason is reason
    assert told.value.sentence.ja.endswith("。")
    return told.value


async def test_a_code_gives_an_identity_once(house: House) -> None:
    code = await house.code()
    device = await house.enrol(code)
    identity = await house.identity(device)
    assert (identity.terminal_id, identity.number) == (DEVICE, device.number)
    assert device.keys == Keyring(b"k" * 32).terminal_keys(device.number)
    await refused(
        FleetReason.PAIRING_REFUSED,
        house.fleet.enrol(house.request(code, new_device_key())),
    )


async def test_the_same_request_again_is_refused(house: House) -> None:
    code = await house.code()
    request = house.request(code, new_device_key())
    await house.fleet.enrol(request)
    await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(request))


async def test_the_fifth_wrong_proof_uses_the_code_up(house: House) -> None:
    code = await house.code()
    good = house.request(code, new_device_key())
    for _ in range(5):
        forged = replace(good, mac=bytes(32))
        await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(forged))
    await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(good))


async def test_four_wrong_proofs_leave_the_fifth_try(house: House) -> None:
    code = await house.code()
    for _ in range(4):
        forged = replace(house.request(code, new_device_key()), mac=bytes(32))
        await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(forged))
    assert (await house.enrol(code)).terminal_id == DEVICE


async def test_nobody_stands_between(house: House) -> None:
    """A device that saw another authority proves the code over that one: refused."""
    code = await house.code()
    made = enrol_request(code, new_device_key(), b"\1" * 32)
    request = EnrolmentRequest(
        made.pairing_id, made.csr_der, made.nonce, made.ca_fingerprint, made.mac
    )
    await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(request))
    # and a fingerprint corrected on the way no longer fits the proof
    swapped = replace(request, ca_fingerprint=house.authority.fingerprint)
    await refused(FleetReason.PAIRING_REFUSED, house.fleet.enrol(swapped))


async def test_a_code_ends_with_its_time_and_with_the_next_one(house: House) -> None:
    first = await house.code()
    second = await house.code(60)
    await refused(
        FleetReason.PAIRING_REFUSED, house.fleet.enrol(house.request(first, new_device_key()))
    )
    house.now = Micros(house.now + MINUTE)
    await refused(
        FleetReason.PAIRING_REFUSED, house.fleet.enrol(house.request(second, new_device_key()))
    )


async def test_no_code_stands_in_the_database(house: House) -> None:
    code = await house.code()
    columns = await house.database.read(lambda c: c.execute(pairing_codes.select()).one())
    assert all(code not in str(value) for value in columns)
    assert all(code.encode() not in value for value in columns if isinstance(value, bytes))


async def test_a_code_is_for_a_device_that_is_there(house: House) -> None:
    issue = house.fleet.issue_pairing_code
    nobody = TerminalId("T-999999")
    await refused(FleetReason.TERMINAL_UNKNOWN, issue(nobody, "operator", 900))
    await refused(FleetReason.TERMINAL_IS_STAND, issue(STAND, "operator", 900))


async def test_a_bad_request_leaves_the_code_open(house: House) -> None:
    code = await house.code()
    broken = DeviceKey(b"", b"x" * 80)
    told = await refused(
        FleetReason.REQUEST_INVALID, house.fleet.enrol(house.request(code, broken))
    )
    assert told.field == "csr_der"
    state = await house.database.read(lambda c: state_of(c, pairing.pairing_id(code)))
    assert state is CodeState.OPEN


async def test_enrolling_again_ends_the_former_number_and_certificate(house: House) -> None:
    first = await house.enrol(await house.code())
    assert house.revoked == []
    second = await house.enrol(await house.code())
    assert second.number > first.number
    assert second.keys != first.keys
    assert house.revoked == [Revoked.ENROLLED_AGAIN]
    await refused(FleetReason.CERTIFICATE_REVOKED, house.identity(first))
    assert (await house.identity(second)).number == second.number
    serial = x509.load_pem_x509_certificate(first.certificate_pem).serial_number
    assert await house.fleet.revoked_serials() == (serial_text(serial),)


async def test_a_certificate_ends_after_30_days_and_a_foreign_one_is_unknown(house: House) -> None:
    device = await house.enrol(await house.code())
    house.now = Micros(house.now + 30 * DAY - SECOND)
    await house.identity(device)
    house.now = Micros(house.now + SECOND)
    await refused(FleetReason.CERTIFICATE_EXPIRED, house.identity(device))
    await refused(FleetReason.CERTIFICATE_UNKNOWN, house.fleet.authenticate(DEVICE, "abc"))


async def test_another_name_on_a_known_serial_is_unknown(house: House) -> None:
    device = await house.enrol(await house.code())
    serial = x509.load_pem_x509_certificate(device.certificate_pem).serial_number
    await refused(
        FleetReason.CERTIFICATE_UNKNOWN,
        house.fleet.authenticate("T-000002", serial_text(serial)),
    )


async def test_the_old_certificate_holds_until_the_new_one_is_used(house: House) -> None:
    old = await house.enrol(await house.code())
    identity = await house.identity(old)
    lost, kept = new_device_key(), new_device_key()
    lost_pem = await house.fleet.renew(identity, lost.csr_der)
    kept_pem = await house.fleet.renew(identity, kept.csr_der)
    await house.identity(old)
    # the answer that never reached the device's disk ended when the next was asked for
    await refused(
        FleetReason.CERTIFICATE_REVOKED,
        house.identity(old.with_certificate(lost.key_pem, lost_pem)),
    )
    new = old.with_certificate(kept.key_pem, kept_pem)
    assert (await house.identity(new)).number == old.number
    await refused(FleetReason.CERTIFICATE_REVOKED, house.identity(old))
    await house.identity(new)
    assert house.revoked == [Revoked.RENEWED]


def hello(boot: str, highest: int = 0) -> Hello:
    return Hello(boot, SaleNumber(highest), Sequence(0), "0.1.0")


async def test_connection_numbers_rise_and_the_highest_sale_is_kept(house: House) -> None:
    device = await house.enrol(await house.code())
    identity = await house.identity(device)
    first = await house.fleet.connect(identity, hello("boot-a", 500), house.now)
    again = await house.fleet.connect(identity, hello("boot-a", 400), house.now)
    restarted = await house.fleet.connect(identity, hello("boot-b", 0), house.now)
    numbers = [p.connection_number for p in (first, again, restarted)]
    assert numbers == sorted(set(numbers))
    assert restarted.highest_sale_number == 500


async def test_a_boot_that_comes_back_is_a_clone_and_blocks_both(house: House) -> None:
    device = await house.enrol(await house.code())
    identity = await house.identity(device)
    await house.fleet.connect(identity, hello("boot-a"), house.now)
    await house.fleet.connect(identity, hello("boot-b"), house.now)
    await refused(FleetReason.CLONED, house.fleet.connect(identity, hello("boot-a"), house.now))
    await refused(FleetReason.BLOCKED, house.identity(device))
    assert house.revoked == [Revoked.CLONED]
    # a new enrolment lifts the block
    fresh = await house.enrol(await house.code())
    present = await house.fleet.connect(await house.identity(fresh), hello("boot-a"), house.now)
    assert present.connection_number > 2


@pytest.mark.parametrize(("off", "remembered"), [(1.5, 1.5), (-2, -2), (42, 0), (-300, 0)])
async def test_a_clock_that_corrects_itself_by_our_answer_is_not_corrected_twice(
    house: House, off: float, remembered: float
) -> None:
    device = await house.enrol(await house.code())
    identity = await house.identity(device)
    await house.fleet.connect(identity, hello("boot-a"), Micros(house.now + int(off * SECOND)))
    drift = await house.database.read(
        lambda c: c.execute(t.select().where(t.c.number == device.number)).one().drift
    )
    assert drift == remembered * SECOND


async def test_an_event_sent_twice_is_one(house: House) -> None:
    device = await house.enrol(await house.code())
    identity = await house.identity(device)
    event = DeviceEvent(
        "E" * 20, DeviceEventKind.ANNOUNCED, Micros(START), "P" * 20, SaleNumber(0), "spoken"
    )
    other = replace(event, event_id="F" * 20, kind=DeviceEventKind.PRINTED, detail="original")
    await house.fleet.keep_events(identity, (event, event))
    await house.fleet.keep_events(identity, (event, other))
    kept = await house.database.read(lambda c: events_of(c, device.number))
    assert set(kept) == {event, other}


async def test_another_master_key_is_noticed(house: House) -> None:
    await house.database.write(lambda c: check_master_key(c, Keyring(b"k" * 32)))
    await house.database.write(lambda c: check_master_key(c, Keyring(b"k" * 32)))
    with pytest.raises(MasterKeyChangedError, match="belongs to another database"):
        await house.database.write(lambda c: check_master_key(c, Keyring(b"x" * 32)))
