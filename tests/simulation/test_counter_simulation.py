"""The counter in a hostile world: whatever is lost, doubled, late or cut, the promises hold.

``CHOBA_SIMULATION_SEEDS=0-499`` runs those seeds; a failing seed replays by itself.
"""

import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from device.core.printing_data import SlipCopy
from device.core.sale_data import SalePhase
from device.core.telling_data import Telling
from tests.support.counter_world import World

STEPS = 350


def seeds() -> range:
    first, _, last = os.environ.get("CHOBA_SIMULATION_SEEDS", "0-15").partition("-")
    return range(int(first), int(last) + 1)


def rows(world: World, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(world.folder / "journal.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def check_promises(world: World) -> None:
    ledger = world.ledger
    paid_ids = {str(paid.payment_id) for paid in ledger.payments}
    # spoken at most once, one unmarked sheet per copy at most
    assert not [each for each, times in world.spoken.items() if times > 1]
    assert not [each for each, times in world.unmarked.items() if times > 1]
    assert set(world.spoken) <= paid_ids
    # every payment is in the journal, once
    kept = Counter(str(row[0]) for row in rows(world, "SELECT payment_id FROM payments"))
    assert kept == Counter(paid_ids)
    assert not set(ledger.paid) & ledger.void
    # the journal's endings are the ledger's
    for number, phase in rows(world, "SELECT number, phase FROM sales"):
        if phase == SalePhase.PAID:
            assert number in ledger.paid
        if phase in (SalePhase.EXPIRED, SalePhase.CANCELLED):
            assert number in ledger.void
    for number in ledger.paid:
        ((phase,),) = rows(world, f"SELECT phase FROM sales WHERE number = {number}")
        assert phase == SalePhase.PAID


def check_quiescence(world: World) -> None:
    state = world.state
    assert state.received.contiguous == len(world.ledger.payments)
    assert state.received.above == frozenset()
    assert state.outbox.pending == ()
    assert state.printing.jobs == ()
    assert state.announcing.on_stage is None
    assert state.announcing.waiting == ()
    assert state.alarms == ()
    open_phases = {sale.phase for sale in state.sales if sale.number != state.current}
    assert open_phases <= {SalePhase.LAPSED}
    assert len(state.payments) == len(world.ledger.payments)
    unfinished = {Telling.WAITING, Telling.STARTED}
    assert not [known for known in state.payments if known.telling in unfinished]
    # each payment has paper: its original, or a marked sheet where nobody knows
    for paid in world.ledger.payments:
        for copy in SlipCopy:
            key = f"{paid.payment_id}/{copy}"
            assert world.sheets[key] >= 1, key


@pytest.mark.parametrize("seed", seeds())
def test_the_promises_hold(seed: int, tmp_path: Path) -> None:
    world = World(seed, tmp_path, chaos=(0.0, 0.1, 0.3, 0.5)[seed % 4])
    for _ in range(STEPS):
        world.step()
    world.settle()
    check_promises(world)
    check_quiescence(world)
