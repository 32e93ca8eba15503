"""Midnight is Japan's wherever the machine stands: the same sales and closes in every zone."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import BOTH
from tests.support.postgres import APPLICATION, PostgresServer

ZONES = {"America/Los_Angeles": -7, "UTC": 0, "Pacific/Kiritimati": 14}
"""And their hours from UTC in June."""


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """Of an empty, migrated database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(request.getfixturevalue("postgres_name"), APPLICATION)


def on_a_machine_in(zone: str, url: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.far_machine", url],
        env=os.environ | {"TZ": zone, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("zone", ZONES)
def test_the_microseconds_around_midnight(zone: str, url: str) -> None:
    told = on_a_machine_in(zone, url)
    assert told["hours_from_utc"] == ZONES[zone]
    found = [
        (one["service_id"], one["first_day"], one["last_day"], one["pay_day"], one["net"])
        for one in told["closes"]
    ]
    assert found == [
        ("voucher-2024", "2024-06-03", "2024-06-07", "2024-06-18", [1]),
        ("voucher-2024", "2024-06-08", "2024-06-14", "2024-06-25", [110]),
        ("voucher-2024", "2024-06-15", "2024-06-21", "2024-07-02", []),
        ("voucher-2024", "2024-06-22", "2024-06-28", "2024-07-09", []),
        # both sides of the end of June lie in one week
        ("voucher-2024", "2024-06-29", "2024-07-05", "2024-07-16", [1111]),
        ("voucher-2024", "2024-07-06", "2024-07-12", "2024-07-23", [0]),
        # banks are closed from 3 to 6 May
        ("points-2024", "2024-04-01", "2024-04-30", "2024-05-13", []),
        ("points-2024", "2024-05-01", "2024-05-31", "2024-06-11", []),
        ("points-2024", "2024-06-01", "2024-06-30", "2024-07-09", [112]),
    ]
    assert len(told["schedule"]) == 14
    assert "2024, 9, 17" in told["schedule"][-1]
