"""Payments and cancels by their entries, many at once: what documents list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from protos.units import Micros, PaymentId
from server.db import DatabaseKind
from server.db.schema import cancels as c
from server.db.schema import payments as t
from server.db.sets import RowSet
from server.directory import Keyring
from server.payments.assembly import PaymentReader
from server.payments.cancel_store import slips_of
from server.payments.cancel_types import ByKind, CancelSlip
from server.payments.types import Payment


@dataclass(frozen=True, slots=True)
class CancelOnPaper:
    """A cancel with where it was made."""

    cancel_id: str
    payment_id: PaymentId
    by_kind: ByKind
    cancelled_at: Micros
    slips: tuple[CancelSlip, ...]


class PaperReader:
    """Prebuilt: five statements for any number of payments, two for cancels."""

    def __init__(self, kind: DatabaseKind, keyring: Keyring) -> None:
        self._payments = PaymentReader(kind, keyring)
        self._ids = RowSet(kind, "wanted", entry_id=str)
        wanted = select(self._ids.source.c.entry_id)
        self._of_entries: Final = select(t.payments).where(t.payments.c.payment_id.in_(wanted))
        self._cancels: Final = select(c.cancellations).where(
            c.cancellations.c.cancel_id.in_(wanted)
        )
        self._slips: Final = (
            select(c.cancel_slips)
            .where(c.cancel_slips.c.cancel_id.in_(wanted))
            .order_by(c.cancel_slips.c.cancel_id, c.cancel_slips.c.leg)
        )

    def payments(
        self, connection: Connection, ids: Sequence[PaymentId]
    ) -> dict[PaymentId, Payment]:
        """Those that exist; a few hundred at once."""
        params = self._ids.params([(one,) for one in ids])
        found = self._payments.read(connection, self._of_entries.params(params))
        return {payment.payment_id: payment for payment in found}

    def cancels(self, connection: Connection, ids: Sequence[str]) -> dict[str, CancelOnPaper]:
        """Those that exist, by their own id; a few hundred at once."""
        params = self._ids.params([(one,) for one in ids])
        slips: dict[str, list[object]] = {}
        for row in connection.execute(self._slips, params):
            slips.setdefault(row.cancel_id, []).append(row)
        return {
            row.cancel_id: CancelOnPaper(
                row.cancel_id,
                PaymentId(row.payment_id),
                ByKind(row.by_kind),
                Micros(row.cancelled_at),
                slips_of(slips[row.cancel_id]),
            )
            for row in connection.execute(self._cancels, params)
        }
