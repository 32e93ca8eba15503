"""The fleet: one object that the servicers talk to about terminals as devices."""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from protos import pairing
from protos.operation.logs import say
from protos.units import Micros, TerminalId, TerminalNumber
from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.clock import SECOND, Clock
from server.db import Database
from server.directory import (
    Keyring,
    TerminalKind,
    enrol_terminal,
    set_terminal_drift,
    terminal_by_id,
)
from server.fleet import certificates, events, presence
from server.fleet.authority import (
    CertificateAuthority,
    CertificateRequestError,
    check_terminal_id,
)
from server.fleet.certificates import Revoked, TerminalIdentity
from server.fleet.pairing import OpenCode, PairingCodes
from server.fleet.refusals import FleetReason, FleetRefused
from server.oversight import Act, record_act

log = logging.getLogger(__name__)

_SEEN_EVERY = 60 * SECOND
NONCE_BYTES = (16, 64)
_NOT_CORRECTED = 2 * SECOND
"""Differences up to here are the network's; a device leaves its clock alone."""


@dataclass(frozen=True, slots=True, repr=False)
class IssuedCode:
    """A pairing code for a person's eyes: shown once, in no log."""

    code: str
    expires_at: Micros


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a device sends; every field is its claim until the MAC is checked."""

    pairing_id: bytes
    csr_der: bytes
    nonce: bytes
    ca_fingerprint: bytes
    mac: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Enrolled:
    """The answer to a device that proved its code; ``mac`` proves the same to it."""

    terminal_id: TerminalId
    number: TerminalNumber
    certificate_pem: bytes
    ca_pem: bytes
    sealed_secret: bytes
    mac: bytes


class Fleet:
    """Enrolment, certificates, presence, events. Raises FleetRefused where it refuses."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: Keyring,
        authority: CertificateAuthority,
        clock: Clock,
        certificate_clock: Clock,
        ledger_id: str,
        on_revoked: Callable[[Revoked], None] = lambda _because: None,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        """``certificate_clock``: the machine's, because TLS checks certificates by it.
        ``on_revoked``: certificates ended; called on the loop, returns at once."""
        self._database = database
        self._keyring = keyring
        self._authority = authority
        self._clock = clock
        self._certificate_clock = certificate_clock
        self.ledger_id = ledger_id
        self._on_revoked = on_revoked
        self._checkpoint = checkpoint
        self._codes = PairingCodes(keyring.derive(b"choba-pairing-store-v1"))

    async def issue_pairing_code(
        self, terminal: TerminalId, by: str, valid_seconds: int, why: str = ""
    ) -> IssuedCode:
        """A new code for a counter terminal; the one before is void. An act of ``by``.

        Refused: TERMINAL_UNKNOWN, TERMINAL_IS_STAND.
        """
        now = self._clock()
        expires = Micros(now + valid_seconds * SECOND)

        def work(connection: Connection) -> str:
            known = terminal_by_id(connection, terminal)
            if known is None:
                raise FleetRefused(FleetReason.TERMINAL_UNKNOWN, "terminal_id")
            if known.kind is not TerminalKind.DEVICE:
                raise FleetRefused(FleetReason.TERMINAL_IS_STAND, "terminal_id")
            check_terminal_id(terminal)
            record_act(connection, Act(by, "terminal.issue_pairing_code", terminal, why, now))
            return self._codes.issue(connection, terminal, by, now, expires)

        code = await self._database.write(work)
        say(log, logging.INFO, "pairing code issued", terminal=terminal, by=by)
        return IssuedCode(code, expires)

    async def enrol(self, request: EnrolmentRequest) -> Enrolled:
        """Give an identity to a device that proves its code: once, within five tries.

        Refused: PAIRING_REFUSED for every doubt about the code (not told which),
        REQUEST_INVALID with the field for a proven request that cannot be used.
        """
        now = self._clock()
        self._checkpoint(Checkpoint.ENROL_BEFORE_COMMIT)
        result = await self._database.write(lambda c: self._enrol(c, request, now))
        self._checkpoint(Checkpoint.ENROL_AFTER_COMMIT)
        if isinstance(result, FleetRefused):
            say(log, logging.WARNING, "enrolment refused", reason=result.detail)
            raise result
        enrolled, ended = result
        if ended:
            self._on_revoked(Revoked.ENROLLED_AGAIN)
        say(
            log,
            logging.INFO,
            "terminal enrolled",
            terminal=enrolled.terminal_id,
            number=enrolled.number,
        )
        return enrolled

    def _enrol(
        self, connection: Connection, request: EnrolmentRequest, now: Micros
    ) -> tuple[Enrolled, bool] | FleetRefused:
        """Returns a refusal instead of raising it: the counted try has to be committed."""
        code = self._codes.try_code(connection, request.pairing_id, now)
        if code is None:
            return FleetRefused(FleetReason.PAIRING_REFUSED, "pairing_id", "no open code")
        if not self._proved(request, code):
            return FleetRefused(FleetReason.PAIRING_REFUSED, "mac", "not proved")
        try:
            issued = self._authority.issue_terminal(
                request.csr_der, code.terminal_id, self._today()
            )
        except CertificateRequestError as error:
            return FleetRefused(FleetReason.REQUEST_INVALID, "csr_der", str(error))
        self._codes.use(connection, code)
        ended = certificates.revoke(connection, code.terminal_id, Revoked.ENROLLED_AGAIN, now)
        number = enrol_terminal(connection, code.terminal_id, now)
        certificates.add(connection, code.terminal_id, number, issued, now)
        return self._answer(request, code, number, issued.pem.encode()), ended

    def _proved(self, request: EnrolmentRequest, code: OpenCode) -> bool:
        expected = pairing.request_mac(
            code.code.reveal(), request.csr_der, request.nonce, self._authority.fingerprint
        )
        return (
            NONCE_BYTES[0] <= len(request.nonce) <= NONCE_BYTES[1]
            and hmac.compare_digest(request.ca_fingerprint, self._authority.fingerprint)
            and hmac.compare_digest(request.mac, expected)
        )

    def _answer(
        self, request: EnrolmentRequest, code: OpenCode, number: TerminalNumber, pem: bytes
    ) -> Enrolled:
        text = code.code.reveal()
        ca_pem = self._authority.pem.encode()
        sealed = pairing.seal_secret(text, self._keyring.terminal_secret(number))
        mac = pairing.response_mac(
            text,
            request.nonce,
            pem,
            ca_pem,
            code.terminal_id.encode(),
            number.to_bytes(4, "big"),
            sealed,
            self.ledger_id.encode(),
        )
        return Enrolled(code.terminal_id, number, pem, ca_pem, sealed, mac)

    async def authenticate(self, common_name: str, serial: str) -> TerminalIdentity:
        """Whom a certificate speaks for, at every call. Refused: CERTIFICATE_*, BLOCKED."""
        now = self._clock()
        today = self._certificate_clock()
        identity = await self._database.read(
            lambda c: certificates.authenticate(c, common_name, serial, today)
        )
        if identity.first_use:
            await self._settle(identity, now)
        elif identity.boot_id and now - identity.last_seen_at > _SEEN_EVERY:
            await self._database.write(lambda c: presence.seen(c, identity, now), repeatable=True)
        return identity

    async def _settle(self, identity: TerminalIdentity, now: Micros) -> None:
        if await self._database.write(lambda c: certificates.settle_first_use(c, identity, now)):
            self._on_revoked(Revoked.RENEWED)

    async def renew(self, identity: TerminalIdentity, csr_der: bytes) -> bytes:
        """A new certificate (PEM); the old one holds until the new one is used.

        Refused: REQUEST_INVALID.
        """
        now = self._certificate_clock()
        try:
            issued = self._authority.issue_terminal(csr_der, identity.terminal_id, self._today())
        except CertificateRequestError as error:
            raise FleetRefused(FleetReason.REQUEST_INVALID, "csr_der", str(error)) from error

        def work(connection: Connection) -> None:
            certificates.drop_unused(connection, identity, now)
            certificates.add(connection, identity.terminal_id, identity.number, issued, now)

        await self._database.write(work)
        return issued.pem.encode()

    async def connect(
        self, identity: TerminalIdentity, hello: presence.Hello, device_time: Micros
    ) -> presence.Present:
        """A device has connected. Refused: CLONED, which also blocks the terminal."""
        now = self._clock()

        def work(connection: Connection) -> presence.Present | presence.Clone:
            result = presence.arrive(connection, identity, hello, now)
            if isinstance(result, presence.Clone):
                certificates.revoke(connection, identity.terminal_id, Revoked.CLONED, now)
            elif device_time:
                set_terminal_drift(connection, identity.number, _left_after_sync(device_time - now))
            return result

        result = await self._database.write(work)
        if isinstance(result, presence.Clone):
            say(
                log,
                logging.CRITICAL,
                "ALARM two devices use one certificate; the terminal is blocked",
                terminal=identity.terminal_id,
                number=identity.number,
                serial=identity.serial,
            )
            self._on_revoked(Revoked.CLONED)
            raise FleetRefused(FleetReason.CLONED)
        return result

    async def keep_events(
        self, identity: TerminalIdentity, told: tuple[events.DeviceEvent, ...]
    ) -> None:
        """Keep what a device tells; the same event again changes nothing."""
        now = self._clock()
        await self._database.write(
            lambda c: events.keep(c, identity.number, told, now), repeatable=True
        )

    async def last_seen(self) -> dict[TerminalId, Micros]:
        """When each terminal last called; for the operator's list."""
        return await self._database.read(presence.last_seen)

    async def revoked_serials(self) -> tuple[str, ...]:
        """For the broker's list of revocations."""
        now = self._certificate_clock()
        return await self._database.read(lambda c: certificates.revoked_serials(c, now))

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._certificate_clock() / SECOND, UTC)


def _left_after_sync(difference: int) -> Micros:
    """What remains of a clock's difference once the device has read our answer.

    It follows our clock where it was more than two seconds off, and mints by that: remembering
    the difference from before would make every QR of a terminal without a battery clock look a
    minute old, or from the future.
    """
    return Micros(difference if abs(difference) <= _NOT_CORRECTED else 0)
