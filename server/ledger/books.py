"""The customers' accounts of one batch in memory, as the entries decided so far leave them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from server.ledger.types import (
    MOVES_NOTHING,
    NO_LOT,
    AccountId,
    EntryDraft,
    LedgerError,
    LotId,
    OpenLot,
    OwnerKey,
    Unit,
    Wallet,
)


class BooksError(LedgerError):
    """A domain drafted an entry that the books cannot hold: a defect, never a person's mistake."""

    code = "CHOBA_LEDGER_DRAFT"


@dataclass(slots=True)
class Books:
    """Wallets that this batch has locked. ``wallet`` reads, the engine alone applies entries."""

    _by_account: dict[AccountId, Wallet] = field(default_factory=dict)
    _by_owner: dict[tuple[OwnerKey, Unit], Wallet] = field(default_factory=dict)
    _lots: dict[LotId, OpenLot] = field(default_factory=dict)
    wallet_deltas: dict[AccountId, int] = field(default_factory=dict)
    lot_deltas: dict[LotId, int] = field(default_factory=dict)

    @classmethod
    def of(cls, wallets: Iterable[Wallet]) -> "Books":
        books = cls()
        for wallet in wallets:
            books._by_account[wallet.account_id] = wallet
            books._by_owner[wallet.owner, wallet.unit] = wallet
            for lot in wallet.lots:
                books._lots[lot.lot_id] = lot
        return books

    def wallet(self, owner: OwnerKey, unit: Unit) -> Wallet | None:
        """What a customer holds of a unit now; None when there never was any."""
        return self._by_owner.get((owner, unit))

    def apply(self, entry: EntryDraft) -> None:
        """Book an accepted entry in memory. All of it or, with BooksError, nothing."""
        self._check(entry)
        for new in entry.new_lots:
            lot = OpenLot(new.lot_id, new.account_id, new.expires_at, 0)
            wallet = self._by_account[new.account_id]
            wallet.lots.append(lot)
            wallet.lots.sort(key=lambda lot: (lot.expires_at, lot.lot_id))
            self._lots[new.lot_id] = lot
        for posting in entry.postings:
            self._move(posting.debit, posting.lot, -posting.amount)
            self._move(posting.credit, posting.lot, posting.amount)

    def _move(self, account: AccountId, lot_id: LotId, amount: int) -> None:
        wallet = self._by_account.get(account)
        if wallet is None:
            return
        wallet.balance += amount
        self.wallet_deltas[account] = self.wallet_deltas.get(account, 0) + amount
        self._lots[lot_id].remaining += amount
        self.lot_deltas[lot_id] = self.lot_deltas.get(lot_id, 0) + amount

    def _check(self, entry: EntryDraft) -> None:
        issued = {new.lot_id: new.account_id for new in entry.new_lots}
        rest = dict.fromkeys(issued, 0)
        for new in entry.new_lots:
            if new.account_id not in self._by_account:
                raise BooksError(f"lot {new.lot_id}: its account is not locked by this batch")
        for posting in entry.postings:
            if posting.amount <= 0 or posting.debit == posting.credit:
                raise BooksError("posting: amount above 0 and two accounts are needed")
            for account, amount in (
                (posting.debit, -posting.amount),
                (posting.credit, posting.amount),
            ):
                if account in self._by_account:
                    self._check_lot(posting.lot, account, issued)
                    rest.setdefault(posting.lot, self._rest(posting.lot))
                    rest[posting.lot] += amount
        empty = not entry.postings and entry.operation not in MOVES_NOTHING
        if empty or any(left < 0 for left in rest.values()):
            raise BooksError(f"entry {entry.entry_id}: empty, or takes more than a lot holds")

    def _check_lot(self, lot: LotId, account: AccountId, issued: dict[LotId, AccountId]) -> None:
        known = self._lots.get(lot)
        owner = known.account_id if known else issued.get(lot)
        if lot == NO_LOT or owner != account:
            raise BooksError(f"posting: lot {lot} is not of account {account}")

    def _rest(self, lot: LotId) -> int:
        known = self._lots.get(lot)
        return known.remaining if known else 0
