"""A real process that carries out a batch is ended with SIGKILL in the middle, again and again."""

import signal
import subprocess
import sys
import time

import pytest

from server.campaigns import verify_grants
from server.campaigns.bulk import BatchState
from tests.support.books import Town
from tests.support.bulk import bulk_desk, csv, looked_at, points, runner, with_rules

LINES = 3000
KILLS = (300, 1000, 1800)
"""Lines that stand in the books when the next kill comes."""


def start(town: Town, batch_id: str) -> subprocess.Popen[bytes]:
    url = town.database._writing.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "server.cli", "points", "resume", batch_id]
    return subprocess.Popen([*command, "--database", url], stderr=subprocess.DEVNULL)


def killed_at(town: Town, batch_id: str, lines: int) -> None:
    child = start(town, batch_id)
    deadline = time.monotonic() + 60
    while town.count("grant_transactions WHERE batch_id IS NOT NULL") < lines:
        assert child.poll() is None, "the batch was complete before the kill"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait(20) == -signal.SIGKILL


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_batch_survives_sigkill_whole_and_once(town: Town, at_once: int) -> None:
    """``at_once`` processes carry out the same batch in the end."""
    desk, held = bulk_desk(with_rules(town)), sum(town.holdings().values())
    names = ("花子", "太郎", *(f"市民{i}" for i in range(40)))
    for name in names[2:]:
        town.add_user(name)
    file = csv(points(town, names[i % len(names)], f"k{i}", 1 + i % 7) for i in range(LINES))
    preview, _ = looked_at(desk, file)
    assert preview.new_lines == LINES
    desk.confirm("c1", preview.batch_id, preview.shown_digest, "x", "係")
    for lines in KILLS:
        killed_at(town, preview.batch_id, lines)
        status = desk.status(preview.batch_id)
        assert status.state is BatchState.RUNNING
        assert lines <= status.granted_lines < LINES
        town.assert_books_hold()
        assert town.database.read_now(verify_grants) == []
        assert sum(town.holdings().values()) == held + status.granted
    children = [start(town, preview.batch_id) for _ in range(at_once)]
    assert [child.wait(120) for child in children] == [0] * at_once
    status = desk.status(preview.batch_id)
    assert status.state is BatchState.COMPLETE
    assert (status.granted_lines, status.granted) == (LINES, preview.amount)
    assert sum(town.holdings().values()) == held + preview.amount
    town.assert_books_hold()
    assert town.database.read_now(verify_grants) == []
    runner(town).run(preview.batch_id)
    assert town.count("grants WHERE idempotency_key LIKE 'csv/%'") == LINES
