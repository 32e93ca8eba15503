"""Two choba-servers on one PostgreSQL and one broker: each pays, each announces, once."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from protos import topics
from server.cli.books import audit_verify
from server.db import migrate, open_database
from server.settings import BrokerSettings, DatabaseSettings
from server.state import StateFolder
from tests.support.devices import EnrolledDevice
from tests.support.directory import fund, furnish
from tests.support.gate import (
    LOOPBACK,
    Customer,
    Gate,
    ServerProcess,
    announced,
    loopback_settings,
)
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer

pytestmark = [
    pytest.mark.journey,
    pytest.mark.postgres,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
_EACH = 3
"""A phone may claim six sales a minute."""


def gates(postgres: PostgresServer, folder: Path) -> tuple[Gate, Gate]:
    """Two servers' settings; the first one's broker is for both."""
    postgres.create("two_servers")
    migrate(postgres.url("two_servers", MIGRATOR), application_role=APPLICATION)
    url = postgres.url("two_servers", APPLICATION)
    database = open_database(url)
    database.write_now(furnish)
    fund(database)
    database.close_now()
    made = []
    for name in ("one", "two"):
        settings = replace(loopback_settings(), database=DatabaseSettings(url=url))
        state = StateFolder(folder / name / "state")
        state.root.mkdir(parents=True)
        made.append(Gate(settings, state, folder / name))
    one, two = made
    broker = BrokerSettings(
        url=f"mqtts://{LOOPBACK}:{one.settings.broker.port}", ca_file=str(one.state.keys / "ca.pem")
    )
    return one, replace(two, settings=replace(two.settings, broker=broker), sale=5000)


async def test_both_pay_and_every_payment_is_announced(
    postgres: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = gates(postgres, tmp_path)
    first, second = ServerProcess(one), ServerProcess(two)
    try:
        await first.start()
        shutil.copytree(one.state.keys, two.state.keys)  # keys are of the house, not of a process
        await second.start()
        device = await one.new_device()
        listening = one.mqtt(device)
        await listening.start(topics.payments(device.terminal_id))
        async with one.public_channel() as a, two.public_channel() as b:
            customers = [Customer(one, a), Customer(two, b)]
            for customer in customers:
                await customer.sign_in()
            each = await asyncio.gather(*(pay(customer, device) for customer in customers))
            await listening.wait_for_different(2 * _EACH)
        heard = [announced(device, message) for message in listening.received]
        await listening.stop()
        paid = {payment for part in each for payment in part}
        assert len(paid) == 2 * _EACH
        assert {payment.payment_id for payment in heard} == paid
        assert {payment.sequence for payment in heard} == set(range(1, 2 * _EACH + 1))
    finally:
        for server in (second, first):
            if server.process is not None:
                assert await server.end() == 0
    assert "main-2" in second.log
    database = open_database(one.settings.database.url)
    try:
        assert database.read_now(audit_verify) == 0, capsys.readouterr().out
    finally:
        database.close_now()


async def pay(customer: Customer, device: EnrolledDevice) -> list[str]:
    gate = customer.gate
    return [(await customer.pay(gate.qr(device)[1], 10, 10)).payment_id for _ in range(_EACH)]
