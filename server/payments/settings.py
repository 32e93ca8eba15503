"""What a desk can be told; every value has the default that the rules name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protos.units import MAX_AMOUNT, Micros, Yen
from server.clock import MINUTE, SECOND
from server.payments.rules import Committed
from server.payments.types import ClaimChange


@dataclass(frozen=True, slots=True)
class ClaimLimits:
    """How long a phone may hold a sale, and when a customer who plays with it is stopped."""

    lasts: int = 90 * SECOND
    new_per_minute: int = 6
    abandoned_before_block: int = 5
    """Claims that ended without a payment within ``block_window`` block the customer."""
    block_window: int = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Times are microseconds."""

    own_hosts: frozenset[str]
    """Hosts (with port where it is not the scheme's own) whose QR URLs are this wallet's."""
    lane: str = "main"
    """The lane of this process's posting engine; one name per server process."""
    fresh_for: int = 2 * MINUTE
    future_tolerance: int = 30 * SECOND
    drift_cap: int = MINUTE
    commit_within: int = 5 * MINUTE
    """Of the scan's arrival; later nothing is paid with its ticket."""
    reopened_at: Micros = Micros(0)
    """The books were restored then: a QR minted or scanned earlier may belong to a sale whose
    outcome was lost, so it is void; counters show a new one within half a minute."""
    stand_repeat: int = 2 * MINUTE
    """Same customer, stand and amount within it needs an explicit "pay again"."""
    max_amount: Yen = MAX_AMOUNT
    claims: ClaimLimits = field(default_factory=ClaimLimits)
    batch_size: int = 512
    queue_size: int = 4096
    """Payments that may wait; one more is refused as overloaded."""


def _nothing(_committed: Sequence[Committed]) -> None:
    return None


def _ignore(_change: ClaimChange) -> None:
    return None


@dataclass(frozen=True, slots=True)
class DeskHooks:
    """Called on the event loop after a commit. They must return at once and not raise."""

    on_claim_changed: Callable[[ClaimChange], None] = _ignore
    on_committed: Callable[[Sequence[Committed]], None] = _nothing
    """The payments of a batch; a repeated request is not among them."""
    """Payments were committed: announcements may be waiting."""
