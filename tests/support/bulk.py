"""Files of grants for tests."""

import io
from collections.abc import Iterable, Sequence
from functools import partial

from protos.units import Micros
from server.campaigns import ExpiryKind, ExpiryRule, add_expiry_rule
from server.campaigns.bulk import BulkDesk, BulkRunner, Preview, Problem, StagedLine
from server.ledger import process_clock
from tests.support.books import POINTS, VOUCHER, Town

HEADER = "key,uid,serviceId,operationId,amount"


def with_rules(town: Town) -> Town:
    """Points expire at the end of the month two months on, vouchers with their service."""
    for service, rule in (
        (POINTS, ExpiryRule(ExpiryKind.MONTH_END, 2)),
        (VOUCHER, ExpiryRule(ExpiryKind.USABLE_UNTIL)),
    ):
        town.database.write_now(
            partial(add_expiry_rule, service_id=service, rule=rule, valid_from=Micros(0))
        )
    return town


def csv(lines: Iterable[str], header: str = HEADER) -> io.BytesIO:
    """A file as a spreadsheet saves it: BOM and CRLF."""
    return io.BytesIO("".join(f"{line}\r\n" for line in (header, *lines)).encode("utf-8-sig"))


def points(town: Town, name: str, key: str, amount: int | str = 100) -> str:
    return f"{key},{town.users[name].user_id},{POINTS},OP2,{amount}"


def bulk_desk(town: Town) -> BulkDesk:
    return BulkDesk(town.database, process_clock(town.clock))


def runner(town: Town, lines_at_once: int = 3) -> BulkRunner:
    clock = process_clock(town.clock)
    return BulkRunner(town.database, clock, lines_at_once=lines_at_once, sleep=lambda _: None)


def looked_at(desk: BulkDesk, file: io.BytesIO) -> tuple[Preview, list[StagedLine | Problem]]:
    """A preview with every line's fate."""
    shown: list[StagedLine | Problem] = []

    def show(lines: Sequence[StagedLine | Problem]) -> None:
        shown.extend(lines)

    return desk.preview(file, "points.csv", "係", show), shown
