"""What happened on the devices, as they tell it. The same event sent twice is one."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from protos.units import Micros, PaymentId, SaleNumber, TerminalNumber
from server.db.schema.fleet import device_events as table

_AT_ONCE = 500


class DeviceEventKind(IntEnum):
    """The same numbers as ``choba.v1.DeviceEventKind``."""

    ANNOUNCED = 1
    PRINTED = 2
    OUTAGE = 3
    STARTED = 4
    CODE_ACCEPTED = 5


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One thing that happened on a device, by its own clock."""

    event_id: str
    kind: DeviceEventKind
    at: Micros
    payment_id: str
    sale_number: SaleNumber
    detail: str


def keep(
    connection: Connection,
    terminal: TerminalNumber,
    events: tuple[DeviceEvent, ...],
    now: Micros,
) -> None:
    """Keep each event that is not kept yet."""
    if not events:
        return
    rows = [
        {
            "terminal_number": terminal,
            "event_id": event.event_id,
            "kind": event.kind,
            "at": event.at,
            "received_at": now,
            "payment_id": event.payment_id,
            "sale_number": event.sale_number,
            "detail": event.detail,
        }
        for event in events
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def events_of(connection: Connection, terminal: TerminalNumber) -> tuple[DeviceEvent, ...]:
    """Every event of one enrolment in the order of the device's clock."""
    rows = connection.execute(
        select(table).where(table.c.terminal_number == terminal).order_by(table.c.at)
    )
    return tuple(
        DeviceEvent(
            row.event_id,
            DeviceEventKind(row.kind),
            Micros(row.at),
            row.payment_id,
            SaleNumber(row.sale_number),
            row.detail,
        )
        for row in rows
    )


def payments_told(connection: Connection, payments: Collection[PaymentId]) -> frozenset[PaymentId]:
    """Those payments that a device has told: it showed them, or accepted their code offline."""
    wanted = sorted(payments)
    found: set[PaymentId] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        rows = connection.execute(
            select(table.c.payment_id).where(
                table.c.payment_id != "",  # so that the partial index serves
                table.c.payment_id.in_(wanted[start : start + _AT_ONCE]),
                table.c.kind.in_(
                    [int(DeviceEventKind.ANNOUNCED), int(DeviceEventKind.CODE_ACCEPTED)]
                ),
            )
        )
        found |= {PaymentId(payment) for payment in rows.scalars()}
    return frozenset(found)
