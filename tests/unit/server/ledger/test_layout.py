"""The hashed bytes are written down once: a change of any of them is a new version."""

from protos.units import Yen
from server.ledger import AccountId, EntryDraft, LaneId, LotId, Operation, PostingDraft
from server.ledger.layout import entry_hash, genesis


def test_known_hashes() -> None:
    start = genesis("L" * 20, LaneId(3))
    entry = EntryDraft(
        "P" * 20,
        Operation.USE,
        bytes(range(32)),
        (
            PostingDraft(AccountId(11), AccountId(22), Yen(1000), LotId(5)),
            PostingDraft(AccountId(12), AccountId(23), Yen(200), LotId(6)),
        ),
    )
    first = entry_hash(start, LaneId(3), 1, 1_717_556_400_000_000, entry)
    assert start.hex() == "65f058f5d6865e2efb3127239f60b896b52b2d6f5d63e6aaac9175ea6dfe79fe"
    assert first.hex() == "8b8ccdd394aacbd71fd7ec6e90df66c4ab09ba4324fb628a465af1d2571d8fe9"
