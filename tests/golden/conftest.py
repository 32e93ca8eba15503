"""Goldens: results that a person has looked at and that are kept beside the tests."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-goldens",
        action="store_true",
        default=False,
        help="write the golden files anew instead of comparing with them",
    )


@pytest.fixture
def regenerate_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether to write the kept files instead of comparing with them."""
    return bool(request.config.getoption("--regenerate-goldens", default=False))
