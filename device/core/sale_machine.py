"""The life of one sale number as a table.

Every pair (phase, input) is in ``TABLE``, in ``IGNORED`` with a reason, or raises: what can't
happen must not pass in silence.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from device.core.sale_data import SalePhase


class SaleInput(StrEnum):
    """What can happen to a sale."""

    CLAIM = "claim"
    RELEASE = "release"
    CLAIM_EXPIRED = "claim_expired"
    DEADLINE = "deadline"
    """A QR with a fixed amount waited long enough."""
    PAY = "pay"
    """The ledger holds a payment for it."""
    VOIDED = "voided"
    """The ledger holds a void row for it."""
    VOIDED_FOR_STAFF = "voided_for_staff"
    """The same, and staff had cancelled it."""
    STILL_OPEN = "still_open"
    """The ledger holds neither."""
    NO_ANSWER = "no_answer"
    CANCEL = "cancel"
    """Staff: 中止 or やり直し, with a live link or a claim."""
    LATER = "later"
    """Staff: 後で確かめる."""
    GIVE_UP = "give_up"
    """60 s of doubt on the screen."""
    LAPSE = "lapse"
    """Another number took its place without a live link."""
    RETIRE = "retire"
    """Another number took its place with a live link: it is to become void, unseen."""
    ACCEPT = "accept"
    """Its code was genuine."""
    RESTART = "restart"
    """The device booted and finds it open."""


class UnexpectedInputError(RuntimeError):
    """A pair that can't happen. A defect: the process ends and its supervisor starts it again."""

    code = "CHOBA_COUNTER_UNEXPECTED_INPUT"

    def __init__(self, phase: SalePhase, sale_input: SaleInput) -> None:
        super().__init__(f"{self.code}: {sale_input} in phase {phase}")


_P = SalePhase
_I = SaleInput

TABLE: Final[Mapping[tuple[SalePhase, SaleInput], SalePhase]] = {
    (_P.SHOWING, _I.CLAIM): _P.CLAIMED,
    (_P.SHOWING, _I.DEADLINE): _P.RESOLVING,
    (_P.SHOWING, _I.PAY): _P.PAID,
    (_P.SHOWING, _I.VOIDED): _P.EXPIRED,
    (_P.SHOWING, _I.CANCEL): _P.CANCELLING,
    (_P.SHOWING, _I.LAPSE): _P.LAPSED,
    (_P.SHOWING, _I.RETIRE): _P.RESOLVING,
    (_P.SHOWING, _I.ACCEPT): _P.ACCEPTED,
    (_P.SHOWING, _I.RESTART): _P.RESOLVING,
    (_P.CLAIMED, _I.CLAIM): _P.CLAIMED,
    (_P.CLAIMED, _I.RELEASE): _P.SHOWING,
    (_P.CLAIMED, _I.CLAIM_EXPIRED): _P.RESOLVING,
    (_P.CLAIMED, _I.PAY): _P.PAID,
    (_P.CLAIMED, _I.VOIDED): _P.EXPIRED,
    (_P.CLAIMED, _I.CANCEL): _P.CANCELLING,
    (_P.CLAIMED, _I.ACCEPT): _P.ACCEPTED,
    (_P.CLAIMED, _I.RESTART): _P.RESOLVING,
    (_P.CANCELLING, _I.PAY): _P.PAID,
    (_P.CANCELLING, _I.VOIDED_FOR_STAFF): _P.CANCELLED,
    (_P.CANCELLING, _I.STILL_OPEN): _P.RESOLVING,
    (_P.CANCELLING, _I.NO_ANSWER): _P.RESOLVING,
    (_P.CANCELLING, _I.LATER): _P.UNRESOLVED,
    (_P.CANCELLING, _I.GIVE_UP): _P.UNRESOLVED,
    (_P.CANCELLING, _I.ACCEPT): _P.ACCEPTED,
    (_P.CANCELLING, _I.RESTART): _P.RESOLVING,
    (_P.RESOLVING, _I.PAY): _P.PAID,
    (_P.RESOLVING, _I.VOIDED): _P.EXPIRED,
    (_P.RESOLVING, _I.VOIDED_FOR_STAFF): _P.CANCELLED,
    (_P.RESOLVING, _I.STILL_OPEN): _P.RESOLVING,
    (_P.RESOLVING, _I.NO_ANSWER): _P.RESOLVING,
    (_P.RESOLVING, _I.LATER): _P.UNRESOLVED,
    (_P.RESOLVING, _I.GIVE_UP): _P.UNRESOLVED,
    (_P.RESOLVING, _I.ACCEPT): _P.ACCEPTED,
    (_P.RESOLVING, _I.RESTART): _P.RESOLVING,
    (_P.UNRESOLVED, _I.PAY): _P.PAID,
    (_P.UNRESOLVED, _I.VOIDED): _P.EXPIRED,
    (_P.UNRESOLVED, _I.VOIDED_FOR_STAFF): _P.CANCELLED,
    (_P.UNRESOLVED, _I.STILL_OPEN): _P.UNRESOLVED,
    (_P.UNRESOLVED, _I.NO_ANSWER): _P.UNRESOLVED,
    (_P.UNRESOLVED, _I.ACCEPT): _P.ACCEPTED,
    (_P.UNRESOLVED, _I.RESTART): _P.RESOLVING,
    (_P.LAPSED, _I.PAY): _P.PAID,
    (_P.LAPSED, _I.ACCEPT): _P.ACCEPTED,
    (_P.LAPSED, _I.RESTART): _P.RESOLVING,
    (_P.ACCEPTED, _I.PAY): _P.PAID,
    (_P.ACCEPTED, _I.VOIDED): _P.DISPUTED,
    (_P.ACCEPTED, _I.VOIDED_FOR_STAFF): _P.DISPUTED,
    (_P.ACCEPTED, _I.STILL_OPEN): _P.ACCEPTED,
    (_P.ACCEPTED, _I.NO_ANSWER): _P.ACCEPTED,
    (_P.ACCEPTED, _I.RESTART): _P.ACCEPTED,
    (_P.DISPUTED, _I.PAY): _P.PAID,
    (_P.DISPUTED, _I.RESTART): _P.DISPUTED,
}
"""What follows. A payment of the ledger ends every sale as PAID, whatever was wanted."""


def _pairs(
    phases: tuple[SalePhase, ...], inputs: tuple[SaleInput, ...]
) -> set[tuple[SalePhase, SaleInput]]:
    return {(phase, sale_input) for phase in phases for sale_input in inputs}


_IN_DOUBT = (_P.CANCELLING, _P.RESOLVING, _P.UNRESOLVED)
_ENDED = (_P.PAID, _P.EXPIRED, _P.CANCELLED)
_BEHIND = (_P.LAPSED, _P.ACCEPTED, _P.DISPUTED)

IGNORED: Final[frozenset[tuple[SalePhase, SaleInput]]] = frozenset(
    # a phone's news that crossed our own: the ledger's outcome decides
    _pairs((*_IN_DOUBT, *_BEHIND, *_ENDED), (_I.CLAIM, _I.RELEASE))
    # a release that repeats itself
    | _pairs((_P.SHOWING,), (_I.RELEASE,))
    # taps that lost a race against a change of the screen
    | _pairs((*_IN_DOUBT, *_BEHIND, *_ENDED), (_I.CANCEL,))
    | _pairs((_P.SHOWING, _P.CLAIMED, _P.UNRESOLVED, *_BEHIND, *_ENDED), (_I.LATER,))
    # answers to questions that have become idle
    | _pairs((_P.SHOWING, _P.CLAIMED, _P.LAPSED, _P.DISPUTED), (_I.STILL_OPEN, _I.NO_ANSWER))
    | _pairs(_ENDED, (_I.STILL_OPEN, _I.NO_ANSWER, _I.VOIDED, _I.VOIDED_FOR_STAFF))
    | _pairs((_P.LAPSED, _P.DISPUTED), (_I.VOIDED,))
    # a payment told twice
    | _pairs((_P.PAID,), (_I.PAY,))
)
"""What may happen and changes nothing, with the reason beside it."""


def next_phase(phase: SalePhase, sale_input: SaleInput) -> SalePhase | None:
    """The phase that follows; None where the pair is ignored.

    Raises UnexpectedInputError for a pair that is on neither list.
    """
    pair = (phase, sale_input)
    if pair in TABLE:
        return TABLE[pair]
    if pair in IGNORED:
        return None
    raise UnexpectedInputError(phase, sale_input)
