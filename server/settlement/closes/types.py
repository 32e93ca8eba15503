"""What a close (締め) is, for everybody who builds on it."""

from dataclasses import dataclass
from datetime import date
from typing import NewType

from protos.units import Micros, Yen
from server.directory import ServiceId, ShopId
from server.ledger import AccountId

CloseId = NewType("CloseId", str)
"""20 base-62 characters; the id of the close's own entry in the ledger as well."""


@dataclass(frozen=True, slots=True)
class Close:
    """One period of one service, ended for good."""

    close_id: CloseId
    service_id: ServiceId
    number: int
    """1, 2, 3 … within the service, without gaps."""
    first_day: date
    """First and last day on which the service could be used in it, Asia/Tokyo."""
    last_day: date
    boundary: Micros
    """The scheduled instant of the close: what is booked before it belongs to the close or to one
    before, what is booked at it or later does not."""
    pay_day: date
    terms_version: int
    """Of the service's terms, as they were at the end of the period."""
    closed_at: Micros
    """When it was done; never before ``boundary``."""


@dataclass(frozen=True, slots=True)
class ShopSum:
    """What one shop earned in one close. Amounts in yen; a count is of transactions (legs)."""

    shop_id: ShopId
    account: AccountId
    """The ledger's account of what this shop is owed of this service."""
    used: Yen
    used_count: int
    cancelled: Yen
    cancelled_count: int

    @property
    def net(self) -> Yen:
        """利用 − 利用キャンセル. Never negative in books that hold."""
        return Yen(self.used - self.cancelled)


@dataclass(frozen=True, slots=True)
class CloseTotal:
    """A close with what all shops earned in it together."""

    close: Close
    shops: int
    used: Yen
    used_count: int
    cancelled: Yen
    cancelled_count: int

    @property
    def net(self) -> Yen:
        return Yen(self.used - self.cancelled)
