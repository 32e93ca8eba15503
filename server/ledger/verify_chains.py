"""The walk over every entry and posting: one pass, in the order of lanes and positions.

Entries, postings and the lots that entries issued are three streams in the same order, merged as
they come. Written out in one loop, because it runs for every entry that there ever was.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, select

from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.accounts import ledger_id
from server.ledger.audit import Audit, Progress
from server.ledger.layout import HEAD, LINE, WORD_V1, WORD_V2, genesis, lots_bytes
from server.ledger.types import MOVES_NOTHING, AccountKind, LaneId
from server.ledger.verify_accounts import AccountTable, LotTable

_STEP: Final = 8192
_END: Final = (1 << 62, 0)
_SUM: Final = (0, 0, "")
_CUSTOMER: Final = int(AccountKind.CUSTOMER)
_EMPTY: Final = frozenset(map(int, MOVES_NOTHING))

Row = tuple[Any, ...]


class ChainWalk:
    """Checks every entry; adds up customers' balances and lots on its way."""

    def __init__(
        self,
        connection: Connection,
        audit: Audit,
        accounts: AccountTable,
        lots: LotTable,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._audit = audit
        self._accounts = accounts
        self._lots = lots
        self._progress = progress
        self._ledger = ledger_id(connection)
        rows = connection.execute(select(t.lanes).order_by(t.lanes.c.lane_id))
        self._lanes = {row.lane_id: row for row in rows}

    def run(self) -> None:
        """Every lane from its genesis to its head."""
        audit, sha256 = self._audit, hashlib.sha256
        pack_head, pack_line = HEAD.pack, LINE.pack
        total = sum(max(0, row.position) for row in self._lanes.values())
        lines, issued = _lines(self._connection), _issued(self._connection)
        line, lot = next(lines, _END), next(issued, _END)
        lane, expected, last, head = 0, 1, 0, b""
        open_lane = False
        for row in _entries(self._connection):
            at, position, entry_id, operation, instant, subject, written = row
            if at != lane or not open_lane:
                self._close(lane, expected, last, head, open_lane)
                lane, expected, last, head, open_lane = at, 1, 0, self._start(at), True
            while line[0] < at or (line[0] == at and line[1] < position):
                line = self._stray(line, lines)
            mine = []
            while line[1] == position and line[0] == at:
                mine.append(line)
                line = next(lines, _END)
            lots = None
            if lot[1] == position and lot[0] == at:
                lots = [lot]
                while (lot := next(issued, _END))[1] == position and lot[0] == at:
                    lots.append(lot)
            try:
                packed = b"".join([pack_line(p[3], p[4], p[5], p[6]) for p in mine])
                computed = sha256(
                    pack_head(
                        WORD_V2 if lots else WORD_V1,
                        head,
                        at,
                        position,
                        instant,
                        operation,
                        entry_id.encode("ascii"),
                        subject,
                        len(mine),
                    )
                    + packed
                    + (lots_bytes(one[2:7] for one in lots) if lots else b"")
                ).digest()
            except Exception:  # a value of another kind or size than any entry ever had
                computed = b""
            audit.entries += 1
            audit.postings += len(mine)
            whole = computed == written and len(entry_id) == 20 and len(subject) == 32
            if position != expected or instant <= last or not mine or not whole:
                self._judge(row, expected, last, head, mine, lots, whole)
            self._book(row, mine)
            if lots:
                self._check_issue(row, mine, lots)
            expected, last, head = position + 1, instant, written
            if not audit.entries % _STEP:
                self._progress("entries", audit.entries, total)
        self._close(lane, expected, last, head, open_lane)
        while line is not _END:
            line = self._stray(line, lines)
        self._progress("entries", audit.entries, total)
        self._finish_lanes()

    def book_sums(self, sums: Iterable[tuple[int, int, int, int, int]]) -> bool:
        """What ``run`` adds up, from sums per debit, credit and lot; False: a posting is wrong.

        For chains that hold already: the rules of a posting look at nothing else.
        """
        for debit, credit, lot, total, least in sums:
            if least < 1:
                return False
            self._book(_SUM, [(*_SUM[:2], 1, debit, credit, total, lot)])
        return self._audit.holds

    def _book(self, entry: Row, lines: list[Row]) -> None:
        """Accounts exist and count one unit; customers' lots are their own; sums go on."""
        units, kinds = self._accounts.units, self._accounts.kinds
        balances = self._accounts.balances
        holders, rests = self._lots.accounts, self._lots.rests
        number = 0
        for _, _, line, debit, credit, amount, lot in lines:
            number += 1
            try:
                unit = units[debit]
                if (
                    unit != units[credit]
                    or not unit
                    or debit < 1
                    or credit < 1
                    or debit == credit
                    or amount < 1
                    or line != number
                    or lot < 0
                ):
                    self._wrong_line(entry, line, number, debit, credit, amount)
                    continue
                if kinds[debit] == _CUSTOMER:
                    if holders[lot] != debit:
                        self._wrong_lot(entry, line, lot, debit)
                        continue
                    balances[debit] -= amount
                    rests[lot] -= amount
                    if kinds[credit] != _CUSTOMER:
                        continue
                elif kinds[credit] != _CUSTOMER:
                    if lot:
                        self._wrong_lot(entry, line, lot, credit)
                    continue
                if holders[lot] != credit:
                    self._wrong_lot(entry, line, lot, credit)
                    continue
                balances[credit] += amount
                rests[lot] += amount
            except (IndexError, TypeError, OverflowError):
                self._wrong_line(entry, line, number, debit, credit, amount)

    def _wrong_line(
        self, entry: Row, line: Any, number: int, debit: Any, credit: Any, amount: Any
    ) -> None:
        where = _name(entry)
        if line != number:
            self._audit.find("lines", f"{where}: line {line} follows line {number - 1}")
        for account in (debit, credit):
            if not isinstance(account, int) or not self._accounts.holds(account):
                self._audit.find("lines", f"{where} line {line}: there is no account {account}")
                return
        if self._accounts.units[debit] != self._accounts.units[credit]:
            self._audit.find("lines", f"{where} line {line}: mixes two services")
        elif line == number:
            self._audit.find(
                "lines",
                f"{where} line {line}: {amount!r} from account {debit} to {credit} is no posting",
            )

    def _wrong_lot(self, entry: Row, line: int, lot: int, account: int) -> None:
        self._audit.find(
            "lots", f"{_name(entry)} line {line}: lot {lot} is not of account {account}"
        )

    def _check_issue(self, entry: Row, lines: list[Row], lots: list[Row]) -> None:
        """A lot's face is what the postings of its entry put in."""
        for _, _, lot, account, face, *_ in lots:
            filled = sum(p[5] for p in lines if p[6] == lot and p[4] == account)
            if filled != face:
                self._audit.find(
                    "lots", f"{_name(entry)}: lot {lot} has a face of {face}, its postings {filled}"
                )

    def _judge(
        self,
        entry: Row,
        expected: int,
        last: int,
        head: bytes,
        lines: list[Row],
        lots: list[Row] | None,
        whole: bool,
    ) -> None:
        where = _name(entry)
        if entry[1] != expected:
            self._audit.find("positions", f"{where}: follows {expected - 1}")
        if entry[4] <= last:
            self._audit.find("instants", f"{where}: is not later than the one before")
        if not lines and entry[3] not in _EMPTY:
            self._audit.find("postings", f"{where}: has no postings")
        if whole:
            return
        if lots and _is_v1(entry, head, lines):
            self._audit.lots_of_v1 += len(lots)
            return
        self._audit.find("hashes", f"{where}: does not hash to what is written")

    def _stray(self, line: Row, lines: Iterator[Row]) -> Row:
        self._audit.find(
            "postings", f"lane {line[0]} position {line[1]} line {line[2]}: belongs to no entry"
        )
        return next(lines, _END)

    def _start(self, lane: int) -> bytes:
        if lane not in self._lanes:
            self._audit.find("lanes", f"lane {lane}: has entries, but no row of its own")
        return genesis(self._ledger, LaneId(lane))

    def _close(self, lane: int, expected: int, last: int, head: bytes, is_open: bool) -> None:
        row = self._lanes.pop(lane, None) if is_open else None
        if row is None:
            return
        self._audit.lanes += 1
        said = (row.position, row.last_instant, bytes(row.head))
        if said != (expected - 1, last, head):
            self._audit.find(
                "lanes",
                f"lane {lane}: its last entry is at position {expected - 1}, its row says "
                f"{row.position}, or another instant or hash",
            )

    def _finish_lanes(self) -> None:
        """Lanes without any entry."""
        for lane in list(self._lanes):
            self._close(lane, 1, 0, genesis(self._ledger, LaneId(lane)), True)


def _name(entry: Row) -> str:
    return f"lane {entry[0]} position {entry[1]} entry {entry[2]}"


def _is_v1(entry: Row, previous: bytes, lines: list[Row]) -> bool:
    lane, position, entry_id, operation, instant, subject, written = entry
    try:
        packed = HEAD.pack(
            WORD_V1,
            previous,
            lane,
            position,
            instant,
            operation,
            entry_id.encode("ascii"),
            subject,
            len(lines),
        ) + b"".join(LINE.pack(*line[3:7]) for line in lines)
    except Exception:  # a value of another kind or size than any entry ever had
        return False
    return hashlib.sha256(packed).digest() == written and len(entry_id) == 20


def _entries(connection: Connection) -> Iterator[Row]:
    e = t.entries.c
    return stream_rows(
        connection,
        select(
            e.lane_id, e.position, e.entry_id, e.operation, e.instant, e.subject, e.hash
        ).order_by(e.lane_id, e.position),
    )


def _lines(connection: Connection) -> Iterator[Row]:
    p = t.postings.c
    return stream_rows(
        connection,
        select(
            p.lane_id, p.position, p.line, p.debit_account, p.credit_account, p.amount, p.lot_id
        ).order_by(p.lane_id, p.position, p.line),
    )


def _issued(connection: Connection) -> Iterator[Row]:
    """Lots beside the entries that issued them."""
    e, n = t.entries.c, t.lots.c
    return stream_rows(
        connection,
        select(e.lane_id, e.position, n.lot_id, n.account_id, n.face, n.price, n.expires_at)
        .join_from(t.lots, t.entries, e.entry_id == n.entry_id)
        .order_by(e.lane_id, e.position, n.lot_id),
    )
