"""A deposit held against the payout, its closes, their transactions and the terminals.

From the bank back to the counter; the first two numbers that differ are named. Nothing is
written, and books that do not add up are shown, not refused.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from protos.units import PaymentId, TerminalId
from server.clock import tokyo_day
from server.directory import ShopId
from server.settlement.closes import Close, close_numbered, shop_sums
from server.settlement.deposits.matching import match
from server.settlement.deposits.types import (
    Arrived,
    Comparison,
    Reconciliation,
    Stage,
    TerminalDay,
    Transfer,
)
from server.settlement.statements import StatementReader, TakenBack, Use

TransfersOf = Callable[[Connection, ShopId], Sequence[Transfer]]
"""What was sent to a shop or to its merchant; answered by the payouts' room."""
ToldBy = Callable[[Connection, Collection[PaymentId]], frozenset[PaymentId]]
"""Which of these payments a counter has told that it showed; answered by the fleet's room."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The transactions of one shop in one close."""

    close: Close
    shop: ShopId
    uses: tuple[Use, ...]
    taken_back: tuple[TakenBack, ...]

    @property
    def all_uses(self) -> tuple[Use, ...]:
        return (*self.uses, *(one.use for one in self.taken_back))


class DepositChecker:
    """Reads on the caller's connection."""

    def __init__(self, transfers: TransfersOf, told: ToldBy, statements: StatementReader) -> None:
        self._transfers = transfers
        self._told = told
        self._statements = statements

    def transfers(self, connection: Connection, shop: ShopId) -> Sequence[Transfer]:
        """What was sent to this shop."""
        return self._transfers(connection, shop)

    def check(self, connection: Connection, shop: ShopId, arrived: Arrived) -> Reconciliation:
        """What it is, and where the numbers part."""
        found = match(arrived, self._transfers(connection, shop))
        if found.transfer is None:
            return Reconciliation(arrived, found, (), ())
        transfer = found.transfer
        lines = list(self._lines(connection, transfer))
        told = self._told(connection, {use.payment_id for one in lines for use in one.all_uses})
        terminals = tuple(_terminal_days(lines, told))
        comparisons = (
            *_of_transfer(arrived, transfer),
            *self._of_closes(connection, lines),
            *_of_terminals(terminals),
        )
        return Reconciliation(arrived, found, comparisons, terminals)

    def _lines(self, connection: Connection, transfer: Transfer) -> Iterator[Lines]:
        """Of every shop that the transfer pays: one to a merchant is right when all of them are."""
        for one in transfer.closes:
            close = close_numbered(connection, one.service_id, one.number)
            if close is not None:
                read = self._statements.lines_of(connection, close, one.shop_id)
                yield Lines(close, one.shop_id, *read)

    def _of_closes(self, connection: Connection, lines: Sequence[Lines]) -> Iterator[Comparison]:
        several = len({one.shop for one in lines}) > 1
        for one in lines:
            sums = [s for s in shop_sums(connection, one.close.close_id) if s.shop_id == one.shop]
            used = sum(s.used for s in sums)
            cancelled = sum(s.cancelled for s in sums)
            where = f"{one.close.service_id} 第{one.close.number}回"
            if several:
                where += f" {one.shop}"
            yield Comparison(
                Stage.CLOSE, f"{where} 利用", used, sum(use.amount for use in one.all_uses)
            )
            yield Comparison(
                Stage.CLOSE,
                f"{where} 利用キャンセル",
                cancelled,
                sum(back.amount for back in one.taken_back),
            )


def _of_transfer(arrived: Arrived, transfer: Transfer) -> Iterator[Comparison]:
    yield Comparison(Stage.BANK, f"お振込 {transfer.payout_id}", arrived.amount, transfer.amount)
    closes = sum(one.net for one in transfer.closes)
    yield Comparison(
        Stage.PAYOUT,
        f"お振込 {transfer.payout_id}（差引 {closes:,} ＋ 繰越・調整 {transfer.other:,} "
        f"− 手数料 {transfer.fee:,}）",
        transfer.amount,
        closes + transfer.other - transfer.fee,
    )


def _terminal_days(lines: Sequence[Lines], told: Collection[PaymentId]) -> Iterator[TerminalDay]:
    """A payment is one, however many services it drew on: its parts in these closes are added."""
    names: dict[TerminalId, str] = {}
    parts: defaultdict[tuple[TerminalId, date], dict[PaymentId, int]] = defaultdict(dict)
    for use in (use for one in lines for use in one.all_uses):
        names[use.terminal_id] = use.terminal_name
        of_day = parts[use.terminal_id, tokyo_day(use.at)]
        of_day[use.payment_id] = of_day.get(use.payment_id, 0) + use.amount
    telling = {
        terminal for (terminal, _), found in parts.items() if any(one in told for one in found)
    }
    for (terminal, day), found in sorted(parts.items()):
        known = {payment: amount for payment, amount in found.items() if payment in told}
        yield TerminalDay(
            terminal,
            names[terminal],
            day,
            len(found),
            sum(found.values()),
            len(known),
            sum(known.values()),
            terminal in telling,
        )


def _of_terminals(terminals: Sequence[TerminalDay]) -> Iterator[Comparison]:
    for one in terminals:
        yield Comparison(
            Stage.TERMINAL,
            f"{one.terminal_name}（{one.terminal_id}） {one.day}",
            one.amount,
            one.told_amount,
            comparable=one.tells,
        )
