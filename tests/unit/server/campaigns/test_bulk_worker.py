"""One process at a time carries out files; another takes over when it has ended."""

import asyncio
from contextlib import suppress
from functools import partial

import pytest

from server.campaigns.bulk import BatchState, BulkWorker
from server.db.leases import LeaseHolder
from server.ledger import process_clock
from tests.support.books import POINTS, Town
from tests.support.bulk import bulk_desk, csv, looked_at, points, with_rules


def confirmed(town: Town) -> str:
    with_rules(town)
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, csv([points(town, "太郎", "k1", 70)]))
    desk.confirm("c1", preview.batch_id, preview.shown_digest, "清掃", "係")
    return preview.batch_id


async def complete(town: Town, batch_id: str, worker: BulkWorker) -> None:
    task = asyncio.create_task(worker.run())
    try:
        for _ in range(1000):
            if bulk_desk(town).status(batch_id).state is BatchState.COMPLETE:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the batch was never carried out")
    finally:
        await worker.stop()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_confirmed_is_carried_out(town: Town) -> None:
    before = town.holdings()
    batch_id = confirmed(town)
    await complete(town, batch_id, BulkWorker(town.database, process_clock(town.clock)))
    assert town.holdings()["太郎", POINTS] == before.get(("太郎", POINTS), 0) + 70


@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
@pytest.mark.postgres
async def test_what_another_process_does_is_left_to_it_until_it_lets_go(town: Town) -> None:
    batch_id = confirmed(town)
    other = LeaseHolder()
    take = partial(other.take, name="bulk", seconds=600.0)
    assert town.database.write_now(take)
    worker = BulkWorker(town.database, process_clock(town.clock), again_seconds=0.01)
    assert worker._run_unfinished() is None
    assert bulk_desk(town).status(batch_id).state is BatchState.RUNNING
    town.database.write_now(partial(other.release, name="bulk"))
    await complete(town, batch_id, worker)
    assert town.database.write_now(take), "let go when it is done"
