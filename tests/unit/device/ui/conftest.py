"""One real window for all tests of the screens: Kivy has one per process."""

import os

import pytest

from device.ui.environment import SIZES, prepare_kivy
from tests.support.touch import TouchedCounter


@pytest.fixture(scope="session")
def the_counter() -> TouchedCounter:
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    prepare_kivy(SIZES["800x480"])
    return TouchedCounter()


@pytest.fixture
def counter(the_counter: TouchedCounter) -> TouchedCounter:
    """The window, with nothing emitted yet."""
    the_counter.intents.clear()
    return the_counter
