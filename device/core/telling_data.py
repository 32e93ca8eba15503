"""How staff were told of a payment: the paid screen, the queue before it, the 先ほどの cards."""

from dataclasses import dataclass
from enum import StrEnum

from device.core.japan_time import MonoMs
from device.core.payment import Payment
from protos.units import PaymentId


class Telling(StrEnum):
    """How staff were told of a payment, as journalled."""

    WAITING = "waiting"
    """Its turn has not come."""
    STARTED = "started"
    """Journalled before the first sound; never spoken again."""
    SPOKEN = "spoken"
    SILENT = "silent"
    """It was shown, but the speaker failed."""
    LATE = "late"
    """Shown as 先ほどの, not yet seen."""
    SEEN = "seen"
    """先ほどの, and staff tapped 見ました."""
    BY_CODE = "by_code"
    """Staff knew it from the offline check before it came."""
    LISTED = "listed"
    """In the list only: older than the journal that was lost."""


@dataclass(frozen=True, slots=True)
class KnownPayment:
    """A payment in the journal and how staff were told."""

    payment: Payment
    telling: Telling


@dataclass(frozen=True, slots=True)
class Speaking:
    """A voice that was asked for and has not reported its end."""

    payment_id: PaymentId
    since: MonoMs


@dataclass(frozen=True, slots=True)
class OnStage:
    """The payment on the paid screen."""

    payment_id: PaymentId
    since: MonoMs
    closes: MonoMs


@dataclass(frozen=True, slots=True)
class LateCard:
    """A payment shown as 先ほどの until staff tap 見ました."""

    payment_id: PaymentId
    since: MonoMs
    """When its card came: a tap at the same moment was not about it."""


@dataclass(frozen=True, slots=True)
class Announcing:
    """The paid screen, the payments that wait for it, and the 先ほどの cards (newest last)."""

    on_stage: OnStage | None = None
    speaking: tuple[Speaking, ...] = ()
    waiting: tuple[PaymentId, ...] = ()
    late: tuple[LateCard, ...] = ()
