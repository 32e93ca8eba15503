"""What a statement needs to know besides the books of payments: what became of the money."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import Connection

from server.directory import ShopId
from server.settlement.closes import Close
from server.settlement.statements.types import Payout


@dataclass(frozen=True, slots=True)
class PaidOut:
    """A shop's payout of a close, when it is paid and under which name."""

    payout: Payout
    pay_day: date
    payer: str
    """As the bank's file has it."""


class PaidOutReader(Protocol):
    """Answered by the payouts' room."""

    def __call__(
        self, connection: Connection, close: Close, wanted: Collection[ShopId] | None
    ) -> dict[ShopId, PaidOut] | None:
        """By shop; ``wanted``: None for all. A shop whose transactions of the close were all taken
        back may be missing. None: the close was not paid out yet, nothing may be printed."""
        ...
