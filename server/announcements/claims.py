"""Claims to the counter: a phone holds a sale, or let it go. QoS 0: may be lost, never late.

A claim that is still held when the broker comes back is told again then: the server restarts its
own broker to cut off a revoked certificate, and a customer in between would otherwise go unseen.
"""

from protos import topics
from protos.choba.v1.announcement_pb2 import ClaimState as WireState
from protos.choba.v1.announcement_pb2 import ClaimUpdate
from protos.signed_message import Purpose, sign
from protos.units import Sequence, TerminalId
from server.announcements.publisher import Publisher, Quality
from server.clock import Clock, system_clock
from server.directory import Keyring
from server.payments import ClaimChange, ClaimState

_STATES = {
    ClaimState.CLAIMED: WireState.CLAIM_STATE_CLAIMED,
    ClaimState.RELEASED: WireState.CLAIM_STATE_RELEASED,
}


class Claims:
    """Signs each change and publishes it at once."""

    def __init__(
        self, wire: Publisher, keyring: Keyring, ledger_id: str, clock: Clock = system_clock
    ) -> None:
        self._wire = wire
        self._keyring = keyring
        self._ledger_id = ledger_id
        self._clock = clock
        self._held: dict[TerminalId, ClaimChange] = {}
        """The claim of each terminal that was told last and not ended since: one at most."""

    def tell(self, change: ClaimChange) -> None:
        """For the desk's hook ``on_claim_changed``. While the broker is away nothing is queued;
        what is still held when it returns is told then."""
        if change.state is ClaimState.CLAIMED:
            self._held[change.terminal_id] = change
        else:
            self._held.pop(change.terminal_id, None)
        if self._wire.connected:
            self._publish(change)

    def broker_returned(self) -> None:
        """Tell what is still held. The counter knows a repetition by its revision."""
        now = self._clock()
        self._held = {t: c for t, c in self._held.items() if c.expires_at > now}
        for change in self._held.values():
            self._publish(change)

    def _publish(self, change: ClaimChange) -> None:
        update = ClaimUpdate(
            sale_number=change.sale_number,
            state=_STATES[change.state],
            amount_yen=change.amount,
            expires_at_micros=change.expires_at,
        )
        keys = self._keyring.terminal_keys(change.terminal_number)
        signed = sign(
            keys.announcement,
            Purpose.CLAIM,
            change.terminal_number,
            Sequence(change.revision),
            self._ledger_id,
            update.SerializeToString(),
        )
        self._wire.publish(topics.claims(change.terminal_id), signed, Quality.AT_MOST_ONCE)
