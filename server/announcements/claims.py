"""Claims to the counter: a phone holds a sale, or let it go. QoS 0: may be lost, never late."""

from protos import topics
from protos.choba.v1.announcement_pb2 import ClaimState as WireState
from protos.choba.v1.announcement_pb2 import ClaimUpdate
from protos.signed_message import Purpose, sign
from protos.units import Sequence
from server.announcements.publisher import Publisher, Quality
from server.directory import Keyring
from server.payments import ClaimChange, ClaimState

_STATES = {
    ClaimState.CLAIMED: WireState.CLAIM_STATE_CLAIMED,
    ClaimState.RELEASED: WireState.CLAIM_STATE_RELEASED,
}


class Claims:
    """Signs each change and publishes it at once."""

    def __init__(self, wire: Publisher, keyring: Keyring, ledger_id: str) -> None:
        self._wire = wire
        self._keyring = keyring
        self._ledger_id = ledger_id

    def tell(self, change: ClaimChange) -> None:
        """For the desk's hook ``on_claim_changed``. While the broker is away nothing is queued:
        a claim is over before the broker is back."""
        if not self._wire.connected:
            return
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
