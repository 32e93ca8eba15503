"""Which certificates speak for which terminal. Looked up at every call (WIRE 3)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from protos.units import Micros, TerminalId, TerminalNumber
from server.db.schema.fleet import terminal_certificates as certificates
from server.db.schema.fleet import terminal_presence as presence
from server.fleet.authority import IssuedCertificate
from server.fleet.refusals import FleetReason, FleetRefused


class Revoked(StrEnum):
    """Why a certificate is over before its time."""

    ENROLLED_AGAIN = "enrolled_again"
    RENEWED = "renewed"
    CLONED = "cloned"


@dataclass(frozen=True, slots=True)
class TerminalIdentity:
    """A terminal that has proved itself by its certificate, just now."""

    terminal_id: TerminalId
    number: TerminalNumber
    serial: str
    boot_id: str
    """Of its newest connection; empty before the first."""
    last_seen_at: Micros
    first_use: bool
    """This certificate has not been used before: its predecessors end now."""


def add(
    connection: Connection,
    terminal: TerminalId,
    number: TerminalNumber,
    issued: IssuedCertificate,
    now: Micros,
) -> None:
    """Remember an issued certificate."""
    row = {
        "serial": issued.serial,
        "terminal_id": terminal,
        "terminal_number": number,
        "not_before": issued.not_before,
        "not_after": issued.not_after,
        "issued_at": now,
    }
    connection.execute(insert(certificates), row)


def authenticate(
    connection: Connection, common_name: str, serial: str, now: Micros
) -> TerminalIdentity:
    """Whom a certificate speaks for. Raises FleetRefused; changes nothing."""
    row = connection.execute(_LOOK_UP, {"of_serial": serial}).one_or_none()
    if row is None or row.terminal_id != common_name:
        raise FleetRefused(FleetReason.CERTIFICATE_UNKNOWN)
    if row.blocked_at is not None:
        raise FleetRefused(FleetReason.BLOCKED)
    if row.revoked_at is not None:
        raise FleetRefused(FleetReason.CERTIFICATE_REVOKED)
    if row.not_after <= now:
        raise FleetRefused(FleetReason.CERTIFICATE_EXPIRED)
    return _identity(row)


def settle_first_use(connection: Connection, identity: TerminalIdentity, now: Micros) -> bool:
    """A renewed certificate works: those before it end. Whether any ended.

    Not earlier: a device that lost the power between our answer and its disk still has the old.
    """
    connection.execute(_USED, {"of_serial": identity.serial, "now": now})
    return revoke(
        connection, identity.terminal_id, Revoked.RENEWED, now, but_serial=identity.serial
    )


def drop_unused(connection: Connection, identity: TerminalIdentity, now: Micros) -> None:
    """A renewal that never reached its device ends when the next one is asked for."""
    connection.execute(
        _DROP_UNUSED,
        {
            "of_terminal": identity.terminal_id,
            "but_serial": identity.serial,
            "now": now,
            "because": Revoked.RENEWED,
        },
    )


def revoke(
    connection: Connection,
    terminal: TerminalId,
    because: Revoked,
    now: Micros,
    but_serial: str = "",
) -> bool:
    """End every certificate of a terminal but one; whether there was any."""
    result = connection.execute(
        _REVOKE,
        {"of_terminal": terminal, "but_serial": but_serial, "now": now, "because": because},
    )
    return result.rowcount > 0


def revoked_serials(connection: Connection, now: Micros) -> tuple[str, ...]:
    """Revoked and not yet expired: what a broker's list of revocations holds."""
    return tuple(connection.execute(_REVOKED, {"now": now}).scalars())


def _identity(row: Row[*tuple[Any, ...]]) -> TerminalIdentity:
    return TerminalIdentity(
        TerminalId(row.terminal_id),
        TerminalNumber(row.terminal_number),
        row.serial,
        row.boot_id or "",
        Micros(row.last_seen_at or 0),
        row.first_used_at is None,
    )


# built once: building a statement costs more than running it
_LOOK_UP = (
    select(
        certificates.c.serial,
        certificates.c.terminal_id,
        certificates.c.terminal_number,
        certificates.c.not_after,
        certificates.c.revoked_at,
        certificates.c.first_used_at,
        presence.c.blocked_at,
        presence.c.boot_id,
        presence.c.last_seen_at,
    )
    .select_from(
        certificates.outerjoin(
            presence,
            (presence.c.terminal_id == certificates.c.terminal_id)
            & (presence.c.terminal_number == certificates.c.terminal_number),
        )
    )
    .where(certificates.c.serial == bindparam("of_serial"))
)
_USED = (
    update(certificates)
    .where(certificates.c.serial == bindparam("of_serial"), certificates.c.first_used_at.is_(None))
    .values(first_used_at=bindparam("now"))
)
_REVOKE = (
    update(certificates)
    .where(
        certificates.c.terminal_id == bindparam("of_terminal"),
        certificates.c.serial != bindparam("but_serial"),
        certificates.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"), revoked_because=bindparam("because"))
)
_DROP_UNUSED = _REVOKE.where(certificates.c.first_used_at.is_(None))
_REVOKED = (
    select(certificates.c.serial)
    .where(certificates.c.revoked_at.is_not(None), certificates.c.not_after > bindparam("now"))
    .order_by(certificates.c.serial)
)
