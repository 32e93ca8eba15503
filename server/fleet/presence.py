"""Which start of a terminal is the living one, and when two live at once.

Every start of a device has a boot id of its own. A boot that another one followed never comes
back by itself: when it does, two devices hold one certificate (a copied card). Then the terminal
is blocked and the operator is told; nothing else would stop the copy from showing QR codes.
"""

from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, delete, insert, select, update

from protos.units import Micros, SaleNumber, Sequence, TerminalId, TerminalNumber
from server.clock import DAY
from server.db.schema.fleet import terminal_former_boots as former
from server.db.schema.fleet import terminal_presence as presence
from server.fleet.certificates import TerminalIdentity

_FORMER_BOOTS_KEPT = 90 * DAY


@dataclass(frozen=True, slots=True)
class Hello:
    """What a device says first on each connection."""

    boot_id: str
    highest_sale_number: SaleNumber
    last_sequence: Sequence
    software_version: str


@dataclass(frozen=True, slots=True)
class Present:
    """The connection is the terminal's living one."""

    connection_number: int
    """Rises with each connection of the terminal; marks its retained status at the broker."""
    highest_sale_number: SaleNumber
    """The highest that this enrolment ever reported."""


class Clone(Enum):
    """A boot came back that another one had followed: the terminal is blocked now."""

    FOUND = "found"


def arrive(
    connection: Connection, identity: TerminalIdentity, hello: Hello, now: Micros
) -> Present | Clone:
    """Record a connection; or find that it cannot be."""
    row = connection.execute(
        select(presence).where(presence.c.terminal_id == identity.terminal_id).with_for_update()
    ).one_or_none()
    if row is None:
        connection.execute(insert(presence), _row(identity, hello, now, 1, {}))
        return Present(1, hello.highest_sale_number)
    number = row.connection_number + 1
    highest = hello.highest_sale_number
    if row.terminal_number == identity.number:
        if hello.boot_id != row.boot_id:
            if _is_former(connection, identity.number, hello.boot_id):
                block(connection, identity, "two devices use one certificate", now)
                return Clone.FOUND
            _follow(connection, identity.number, row.boot_id, now)
        highest = max(highest, SaleNumber(row.highest_sale_number))
    # another number: enrolled anew, and whatever was before is over
    values = _row(identity, hello, now, number, {"highest_sale_number": highest})
    connection.execute(
        update(presence).where(presence.c.terminal_id == identity.terminal_id).values(**values)
    )
    return Present(number, highest)


def seen(connection: Connection, identity: TerminalIdentity, now: Micros) -> None:
    """The terminal made a call."""
    connection.execute(
        update(presence)
        .where(presence.c.terminal_id == identity.terminal_id)
        .values(last_seen_at=now)
    )


def last_seen(connection: Connection) -> dict[TerminalId, Micros]:
    """When each terminal last called; one that never did is left out."""
    rows = connection.execute(select(presence.c.terminal_id, presence.c.last_seen_at))
    return {TerminalId(terminal): Micros(at) for terminal, at in rows}


def block(connection: Connection, identity: TerminalIdentity, because: str, now: Micros) -> None:
    """From now on nothing is answered to this terminal; a new enrolment lifts it."""
    connection.execute(
        update(presence)
        .where(presence.c.terminal_id == identity.terminal_id)
        .values(blocked_at=now, blocked_because=because)
    )


def _row(
    identity: TerminalIdentity,
    hello: Hello,
    now: Micros,
    number: int,
    changes: dict[str, object],
) -> dict[str, object]:
    return {
        "terminal_id": identity.terminal_id,
        "terminal_number": identity.number,
        "boot_id": hello.boot_id,
        "connection_number": number,
        "connected_at": now,
        "last_seen_at": now,
        "software_version": hello.software_version,
        "highest_sale_number": hello.highest_sale_number,
        "last_sequence": hello.last_sequence,
        "blocked_at": None,
        "blocked_because": None,
        **changes,
    }


def _is_former(connection: Connection, number: TerminalNumber, boot_id: str) -> bool:
    found = connection.execute(
        select(former.c.boot_id).where(
            former.c.terminal_number == number, former.c.boot_id == boot_id
        )
    )
    return found.one_or_none() is not None


def _follow(connection: Connection, number: TerminalNumber, boot_id: str, now: Micros) -> None:
    connection.execute(
        delete(former).where(
            former.c.terminal_number == number, former.c.followed_at < now - _FORMER_BOOTS_KEPT
        )
    )
    row = {"terminal_number": number, "boot_id": boot_id, "followed_at": now}
    connection.execute(insert(former), row)
