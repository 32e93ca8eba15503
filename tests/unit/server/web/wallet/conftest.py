from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.wallet import Phone, Street, TownPlan, a_street


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> TownPlan:
    return TownPlan(tmp_path_factory.mktemp("town"))


@pytest.fixture
async def street(plan: TownPlan, tmp_path: Path) -> AsyncIterator[Street]:
    async with a_street(plan.copy(tmp_path), tmp_path) as made:
        yield made


@pytest.fixture
async def hanako(street: Street) -> AsyncIterator[Phone]:
    """花子, signed in: ¥5,000 of vouchers, 300 + 200 points."""
    async with street.phone() as phone:
        await phone.sign_in()
        yield phone
