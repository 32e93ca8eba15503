"""A whole server, real TLS and a real broker, for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.gate import Customer, Gate, prepare, serving


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    gate = prepare(tmp_path)
    async with serving(gate):
        yield gate


@pytest.fixture
async def customer(gate: Gate) -> AsyncIterator[Customer]:
    async with gate.public_channel() as channel:
        customer = Customer(gate, channel)
        await customer.sign_in()
        yield customer
