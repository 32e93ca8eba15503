"""The books read as one story: every entry in the order of its instant, whoever wrote it.

What concurrent processes wrote must be what one clerk could have written alone: at each entry no
lot is below zero, the earliest expiry is spent first and never after its end, a cancel puts back
what its payment took, and the balances that slips show are those of the story.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from server.db import Database
from server.ledger import AccountKind, Operation


@dataclass
class _Lot:
    lot_id: int
    owner: int
    service: str
    expires_at: int
    left: int = 0


def assert_one_clerk_could_have_written_it(database: Database) -> int:
    """Nobody may write meanwhile. How many entries were read."""
    story = _Story(database)
    for entry in story.entries:
        story.tell(entry)
    story.end()
    return len(story.entries)


class _Story:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.entries = self.rows("SELECT * FROM entries ORDER BY instant, lane_id, position")
        self.postings: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for row in self.rows(
            "SELECT p.*, d.kind AS debit_kind, c.kind AS credit_kind FROM postings p "
            "JOIN accounts d ON d.account_id = p.debit_account "
            "JOIN accounts c ON c.account_id = p.credit_account "
            "ORDER BY p.lane_id, p.position, p.line"
        ):
            self.postings[row.lane_id, row.position].append(row)
        self.lots = {
            row.lot_id: _Lot(row.lot_id, row.owner, row.service_id, row.expires_at)
            for row in self.rows(
                "SELECT l.lot_id, l.expires_at, a.owner, a.service_id FROM lots l "
                "JOIN accounts a ON a.account_id = l.account_id"
            )
        }
        self.legs = self.by_entry(
            "SELECT payment_id AS entry_id, service_id, before_value, after_value FROM transactions"
        )
        self.slips = self.by_entry(
            "SELECT cancel_id AS entry_id, service_id, before_value, after_value FROM cancel_slips"
        )
        self.grants = self.by_entry(
            "SELECT g.grant_id AS entry_id, g.service_id, t.before_value, t.after_value "
            "FROM grants g JOIN grant_transactions t ON t.grant_id = g.grant_id "
            "UNION ALL SELECT x.cancel_id, g.service_id, x.before_value, x.after_value "
            "FROM grant_cancels x JOIN grants g ON g.grant_id = x.grant_id"
        )
        self.cancelled = {
            row.cancel_id: row.payment_id for row in self.rows("SELECT * FROM cancellations")
        }
        self.taken: dict[str, dict[int, int]] = {}
        """By payment: what was taken from each lot, while it is not cancelled."""

    def rows(self, statement: str) -> list[Any]:
        return list(self.database.read_now(lambda c: c.execute(text(statement)).all()))

    def by_entry(self, statement: str) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self.rows(statement):
            found[row.entry_id].append(row)
        return found

    def tell(self, entry: Any) -> None:
        lines = self.postings[entry.lane_id, entry.position]
        slips = [
            row
            for kept in (self.legs, self.slips, self.grants)
            for row in kept.get(entry.entry_id, ())
        ]
        lot_owners = {self.lots[line.lot_id].owner for line in lines if line.lot_id}
        assert len(lot_owners) <= 1, f"{entry.entry_id}: lots of two customers"
        for slip in slips:
            (owner,) = lot_owners
            held = self.usable(owner, slip.service_id, entry.instant)
            assert held == slip.before_value, (entry.entry_id, "before", held, slip)
        if entry.operation == Operation.USE:
            self.spend_earliest(entry, lines)
        if entry.operation == Operation.CANCEL_USE:
            self.give_back(entry, lines)
        for line in lines:
            self.move(entry, line)
        for slip in slips:
            (owner,) = lot_owners
            held = self.usable(owner, slip.service_id, entry.instant)
            assert held == slip.after_value, (entry.entry_id, "after", held, slip)

    def usable(self, owner: int, service: str, at: int) -> int:
        return sum(lot.left for lot in self.of(owner, service) if lot.expires_at > at)

    def of(self, owner: int, service: str) -> list[_Lot]:
        mine = [x for x in self.lots.values() if (x.owner, x.service) == (owner, service)]
        return sorted(mine, key=lambda lot: (lot.expires_at, lot.lot_id))

    def spend_earliest(self, entry: Any, lines: list[Any]) -> None:
        taken = {line.lot_id: line.amount for line in lines}
        self.taken[entry.entry_id] = taken
        owner = self.lots[next(iter(taken))].owner
        for service in {self.lots[lot].service for lot in taken}:
            wanted = sum(n for lot, n in taken.items() if self.lots[lot].service == service)
            for lot in self.of(owner, service):
                if lot.expires_at <= entry.instant:
                    assert lot.lot_id not in taken, f"{entry.entry_id}: spent an expired lot"
                    continue
                part = min(wanted, lot.left)
                assert taken.get(lot.lot_id, 0) == part, f"{entry.entry_id}: not earliest first"
                wanted -= part

    def give_back(self, entry: Any, lines: list[Any]) -> None:
        """Exactly what the payment took, and once."""
        back: dict[int, int] = defaultdict(int)
        for line in lines:
            if line.credit_kind == AccountKind.CUSTOMER:
                back[line.lot_id] += line.amount
        assert back == self.taken.pop(self.cancelled[entry.entry_id]), entry.entry_id

    def move(self, entry: Any, line: Any) -> None:
        for kind, sign in ((line.debit_kind, -1), (line.credit_kind, 1)):
            if kind == AccountKind.CUSTOMER:
                lot = self.lots[line.lot_id]
                lot.left += sign * line.amount
                assert lot.left >= 0, f"{entry.entry_id}: lot {lot.lot_id} is below zero"

    def end(self) -> None:
        """The caches are what the story says."""
        kept = {row.lot_id: row.remaining for row in self.rows("SELECT * FROM lot_balances")}
        assert kept == {lot.lot_id: lot.left for lot in self.lots.values()}
        wallets: dict[tuple[int, str], int] = defaultdict(int)
        for lot in self.lots.values():
            wallets[lot.owner, lot.service] += lot.left
        for row in self.rows("SELECT * FROM wallets"):
            assert row.balance == wallets[row.owner, row.service_id]
