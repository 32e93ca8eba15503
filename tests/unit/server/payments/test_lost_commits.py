"""Nobody says what came of a COMMIT: the work is done again, and nothing is done twice."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from protos.units import Yen
from server.campaigns import GrantDesk, GrantOrder
from server.db import Database
from server.db.retrying import CommitFailed
from server.directory import known_units
from server.ledger import Operation, PayIn, PayIns, PaySource, Unit, process_clock
from server.payments import CancelBy
from tests.support.books import END_OF_JUNE, POINTS, VOUCHER, Town
from tests.support.bulk import bulk_desk, csv, looked_at, points, runner, with_rules
from tests.support.cancels import (
    CLERK,
    assert_all_holds,
    at,
    cancels_of,
    expire,
    leave,
    pay,
    refund_for,
    request_for,
)


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every other COMMIT succeeds and is not answered, once the list is not empty; it counts."""
    lost: list[int] = []
    once = Database._write_once

    def write_once(self: Database, work: Any) -> Any:
        result = once(self, work)
        if lost:
            lost[0] += 1
            if lost[0] % 2:
                raise CommitFailed(OperationalError("COMMIT", None, Exception("connection lost")))
        return result

    monkeypatch.setattr(Database, "_write_once", write_once)
    return lost


async def test_every_work_of_the_office_bears_a_lost_commit(town: Town, losing: list[int]) -> None:
    with_rules(town)
    clock = process_clock(town.clock)
    first, second = await pay(town, 7, voucher=100), await pay(town, 8, voucher=100)
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, csv([points(town, "花子", "k1", 70)]))
    acts = town.count("operator_acts")
    losing.append(0)
    by: CancelBy = CLERK
    request = request_for(first)
    cancelled = cancels_of(town).cancel(request, by)
    assert (cancelled.payment_id, cancelled.amount) == (first.payment_id, 100)
    assert cancels_of(town).record_refund(refund_for(second, 40), by).amount == 40
    pay_ins = PayIns(town.database, clock, known_units)
    pay_ins.record(PayIn("p1", PaySource.CITY, Unit(VOUCHER), Yen(1000), ""), by="係", why="補助金")
    order = GrantOrder("g1", Operation.GRANT, town.users["太郎"].user_id, POINTS, "30", "清掃")
    grants = GrantDesk(town.database, clock)
    given = grants.give(order, "係")
    assert given.amount == 30
    assert grants.cancel("gc1", given.grant_id, "誤り", "係").amount == 30
    desk.confirm("c1", preview.batch_id, preview.shown_digest, "清掃", "係")
    runner(town).run(preview.batch_id)
    at(town, END_OF_JUNE)
    run = expire(town)
    assert {s.service_id: (s.amount, s.customers) for s in run.services.values()} == {
        POINTS: (200, 1)
    }
    left = leave(town, "太郎")
    assert leave(town, "太郎") == left
    assert losing[0] > 20
    losing.clear()
    assert town.count("operator_acts") - acts == 7
    for table, rows in (
        ("cancellations", 1),
        ("cash_refunds", 1),
        ("pay_ins", 1),
        ("grant_cancels", 1),
        ("bulk_confirmations", 1),
        ("bulk_completions", 1),
        ("expiries", 1),
        ("user_departures", 1),
    ):
        assert town.count(table) == rows, table
    assert_all_holds(town)
