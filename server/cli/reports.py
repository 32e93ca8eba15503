"""What the command prints of the books: plain text in columns, for a terminal and for files."""

import datetime as dt
import unicodedata
from collections.abc import Sequence

from protos.units import Micros
from server.clock import SECOND, TOKYO
from server.ledger import TrialBalance
from server.ledger.entry_report import EntryReport


def trial_balance_text(balance: TrialBalance) -> str:
    """Debit and credit of every account, their sums, and the difference, which is zero."""
    rows = [("account", "debit", "credit")]
    rows += [(line.account, _yen(line.debit), _yen(line.credit)) for line in balance.lines]
    rows.append(("total", _yen(balance.total_debit), _yen(balance.total_credit)))
    difference = balance.total_debit - balance.total_credit
    return f"{_columns(rows)}\ndifference {_yen(difference)}"


def entries_text(entries: Sequence[EntryReport]) -> str:
    """Each entry with its place in the chain and its postings."""
    return "\n\n".join(_entry(entry) for entry in entries)


def _entry(entry: EntryReport) -> str:
    head = (
        f"entry {entry.entry_id}  {entry.operation.name.lower()}  {_instant(entry.instant)}\n"
        f"lane {entry.lane} position {entry.position}  hash {entry.hash.hex()}"
    )
    rows = [("debit", "credit", "amount")]
    rows += [(line.debit, line.credit, _yen(line.amount)) for line in entry.lines]
    return f"{head}\n{_columns(rows, words=2)}"


def _columns(rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """The first ``words`` columns to the left, numbers to the right."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell + " " * (width - _width(cell))
            if i < words
            else " " * (width - _width(cell)) + cell
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _yen(amount: int) -> str:
    return f"{amount:,}"


def _instant(at: Micros) -> str:
    return dt.datetime.fromtimestamp(at / SECOND, TOKYO).isoformat(sep=" ", timespec="microseconds")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
