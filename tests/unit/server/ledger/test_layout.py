"""The hashed bytes are written down once: a change of any of them is a new version."""

from dataclasses import replace

from protos.units import Micros, Yen
from server.ledger import (
    AccountId,
    EntryDraft,
    LaneId,
    LotId,
    NewLot,
    Operation,
    OwnerKey,
    PostingDraft,
    Unit,
)
from server.ledger.gaps import gaps_subject
from server.ledger.layout import account_digest, accounts_genesis, entry_hash, genesis


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
    lot = NewLot(
        LotId(5),
        AccountId(22),
        OwnerKey(3),
        Unit("v"),
        Yen(1000),
        Yen(800),
        Micros(1_725_116_400_000_000),
    )
    issuing = entry_hash(
        start, LaneId(3), 1, 1_717_556_400_000_000, replace(entry, new_lots=(lot,))
    )
    assert issuing.hex() == "7f38962cf506a44c9bd9ffcd02aeb59b2683461ba947d8845c442b6ab9360af4"
    account = account_digest(accounts_genesis("L" * 20), 1, 2, "商品券", 7)
    assert account.hex() == "42e2f657ba1654c41d33396de9e3494767771d7116925189c54753c81f17d8b4"
    assert first.hex() == "8b8ccdd394aacbd71fd7ec6e90df66c4ab09ba4324fb628a465af1d2571d8fe9"
    gaps = gaps_subject("P" * 20, [(5, 0, 10_000_000), (4, 3, 10_000_003)])
    assert gaps.hex() == "6f3fd2537d402c365737a7275a952bde8baf09ee5fc742ff1ce3d07fa9a9d4ba"
