"""入金照合: enter or import what banks say, and ask what it is."""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from protos.units import Micros
from server.db import Database
from server.directory import ShopId, shop_by_id
from server.ledger import LedgerClock
from server.oversight import Act, record_act
from server.settlement.deposits.bank_csv import MOST_YEN, BankFile, read_bank_file
from server.settlement.deposits.checking import DepositChecker
from server.settlement.deposits.matching import match
from server.settlement.deposits.refusals import DepositCode, deposit_refusal
from server.settlement.deposits.store import add_deposits, deposits_of
from server.settlement.deposits.types import Arrived, Deposit, Fit, Reconciliation

_LONGEST_PAYER: Final = 100
_LONGEST_WHY: Final = 500
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """``added``: kept now. ``known``: kept before, from whatever file. ``strangers``: lines that
    come near no transfer: a shop's other income is nobody's business and is not kept.
    ``others``: lines on which nothing arrived."""

    added: tuple[Deposit, ...]
    known: int
    strangers: int
    others: int


class DepositDesk:
    """Blocks its caller; call it off an event loop."""

    def __init__(
        self, database: Database, checker: DepositChecker, ledger_clock: LedgerClock
    ) -> None:
        self._database = database
        self._checker = checker
        self._clock = ledger_clock

    def enter(self, shop: ShopId, arrived: Arrived, *, by: str, why: str) -> Imported:
        """One line by hand; the same day and amount again is the same line.

        Raises Refusal CHOBA_DEPOSIT_*.
        """
        check_arrived(arrived)
        return self._add(shop, BankFile((arrived,), 0), by, why, "deposit.enter", "", 0)

    def import_file(
        self,
        shop: ShopId,
        file: BinaryIO,
        *,
        columns: Mapping[str, str],
        by: str,
        why: str,
    ) -> Imported:
        """All lines of a bank's file or none; the same file again adds nothing.

        Raises Refusal CHOBA_DEPOSIT_*, with the line.
        """
        file.seek(0)
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
        file.seek(0)
        found = read_bank_file(file, columns)
        transfers = self._database.read_now(lambda c: self._checker.transfers(c, shop))
        ours = tuple(
            line for line in found.arrived if match(line, transfers).fit is not Fit.UNKNOWN
        )
        strangers = len(found.arrived) - len(ours)
        kept = BankFile(ours, found.others)
        return self._add(shop, kept, by, why, "deposit.import", digest.hexdigest(), strangers)

    def check(self, shop: ShopId, arrived: Arrived) -> Reconciliation:
        """「¥123,456 arrived on 18 June: what is it?」 Keeps nothing.

        Raises Refusal CHOBA_DEPOSIT_*.
        """
        check_arrived(arrived)
        self._check_shop(shop)
        return self._database.read_now(lambda c: self._checker.check(c, shop, arrived))

    def kept(self, shop: ShopId | None = None) -> Iterator[tuple[Deposit, Reconciliation]]:
        """Every deposit that is kept, in the order in which it was, held against the books."""
        after = (Micros(0), "")
        while page := self._database.read_now(
            partial(deposits_of, shop=shop, after=after, limit=_PAGE)
        ):
            for deposit in page:
                yield (
                    deposit,
                    self._database.read_now(
                        partial(self._checker.check, shop=deposit.shop_id, arrived=deposit.arrived)
                    ),
                )
            after = (page[-1].recorded_at, page[-1].deposit_id)

    def _add(
        self,
        shop: ShopId,
        found: BankFile,
        by: str,
        why: str,
        what: str,
        digest: str,
        strangers: int,
    ) -> Imported:
        reason = why.strip()
        if not 0 < len(reason) <= _LONGEST_WHY:
            raise deposit_refusal(DepositCode.WHY, field="why", most=_LONGEST_WHY)
        self._check_shop(shop)

        def work(connection: Connection) -> list[Deposit]:
            at = self._clock(connection)
            added = add_deposits(connection, shop, found.arrived, by, at)
            detail: dict[str, str | int] = {
                "file": digest,
                "lines": len(found.arrived),
                "added": len(added),
                "amount": sum(one.arrived.amount for one in added),
            }
            if added:
                record_act(connection, Act(by, what, shop, reason, at, detail))
            return added

        try:
            added = self._database.write_now(work)
        except IntegrityError:  # another one kept the same lines meanwhile
            added = self._database.write_now(work)
        return Imported(tuple(added), len(found.arrived) - len(added), strangers, found.others)

    def _check_shop(self, shop: ShopId) -> None:
        if self._database.read_now(lambda c: shop_by_id(c, shop)) is None:
            raise deposit_refusal(DepositCode.SHOP_UNKNOWN, field="shop", shop=shop)


def check_arrived(arrived: Arrived) -> None:
    """Raises Refusal AMOUNT, PAYER."""
    if not 0 < arrived.amount <= MOST_YEN:
        raise deposit_refusal(DepositCode.AMOUNT, field="amount", most=MOST_YEN)
    odd = any(unicodedata.category(sign) == "Cc" for sign in arrived.payer)
    if odd or len(arrived.payer) > _LONGEST_PAYER:
        raise deposit_refusal(DepositCode.PAYER, field="payer", most=_LONGEST_PAYER)
