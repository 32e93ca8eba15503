"""Every screen in three sizes and two languages: nothing clipped, overlapping or too small."""

from collections.abc import Callable
from itertools import combinations

import pytest

from device.core.intents import CloseDetail
from device.ui.environment import SIZES
from device.ui.samples import LONG_SHOP, Sample, in_english, samples
from device.ui.theme import TOUCH, Box, Geometry
from device.ui.typesetter import Face
from tests.support.touch import TouchedCounter

CASES = [
    pytest.param(geometry, case, id=f"{size}-{case.name}")
    for size, geometry in SIZES.items()
    for sample in samples(geometry.width, geometry.height)
    for case in (sample, in_english(sample))
]


@pytest.fixture
def draw(counter: TouchedCounter) -> Callable[[Geometry, Sample], "list[object]"]:
    """Draw a sample for any geometry; returns the marks of its parts."""

    def drawn(geometry: Geometry, sample: Sample) -> "list[object]":
        from device.ui.screens import screen_for
        from device.ui.widgets.painter import Studio

        studio = Studio(geometry, counter.window._typesetter)
        screen = screen_for(sample.view)(studio, lambda _intent: None, lambda: 0.0)
        screen.show(sample.view)
        return list(screen.marks())

    return drawn


@pytest.mark.parametrize(("geometry", "sample"), CASES)
def test_everything_fits(
    draw: Callable[[Geometry, Sample], list[object]], geometry: Geometry, sample: Sample
) -> None:
    from device.ui.widgets.painter import Marks

    parts = [marks for marks in draw(geometry, sample) if isinstance(marks, Marks)]
    texts = [text for marks in parts for text in marks.texts]
    targets = [target for marks in parts for target in marks.targets]
    problems = [
        *(f"outside: {t.text}" for t in texts if not _inside(t.box, geometry)),
        *(f"cut: {t.text}" for t in texts if t.cut and t.text[:5] not in LONG_SHOP),
        *(
            f"small: {t.text} {t.size:.1f}"
            for t in texts
            if t.size < (16 if t.text.isascii() or t.text.startswith("¥") else 17) - 0.01
        ),
        *(
            f"overlap: {a.text} | {b.text}"
            for a, b in combinations([t for t in texts if len(t.text) > 1], 2)
            if _overlap(a.box, b.box)
        ),
        *(
            f"small target: {t.intent} {t.box.w:.0f}x{t.box.h:.0f}"
            for t in targets
            if min(t.box.w, t.box.h) < TOUCH - 0.5
        ),
        *(
            f"targets overlap: {a.intent} | {b.intent}"
            for a, b in combinations(targets, 2)
            if _overlap(a.box, b.box)
        ),
    ]
    assert not problems, "\n".join(problems)


def _inside(box: Box, geometry: Geometry) -> bool:
    return box.x >= 0 and box.right <= geometry.w and box.y >= 0 and box.bottom <= geometry.h


def _overlap(a: Box, b: Box) -> bool:
    wide = min(a.right, b.right) - max(a.x, b.x)
    high = min(a.bottom, b.bottom) - max(a.y, b.y)
    return wide > 1.5 and high > 1.5


def test_every_sample_offers_a_way_on(
    draw: Callable[[Geometry, Sample], list[object]],
) -> None:
    """Two metres away one reads, at arm's length one acts: no screen is a dead end."""
    from device.ui.widgets.painter import Marks

    for size, geometry in SIZES.items():
        for sample in samples(geometry.width, geometry.height):
            targets = [t for m in draw(geometry, sample) if isinstance(m, Marks) for t in m.targets]
            assert targets, f"{sample.name} at {size}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "word", "least"),
    [("paid", "お支払い完了", 60), ("claimed", "お客様が操作中", 60), ("checking", "確認中", 92)],
)
def test_state_words_are_read_at_two_metres(
    draw: Callable[[Geometry, Sample], list[object]], size: str, name: str, word: str, least: int
) -> None:
    from device.ui.widgets.painter import Marks

    geometry = SIZES[size]
    sample = next(s for s in samples(geometry.width, geometry.height) if s.name == name)
    drawn = [t for m in draw(geometry, sample) if isinstance(m, Marks) for t in m.texts]
    (found,) = [text for text in drawn if text.text == word]
    assert found.size >= (least if geometry.landscape else 48)
    assert found.face is Face.BOLD


def test_portrait_detail_goes_back_to_the_list(
    draw: Callable[[Geometry, Sample], list[object]],
) -> None:
    from device.ui.widgets.painter import Marks

    geometry = SIZES["480x800"]
    sample = next(s for s in samples(480, 800) if s.name == "list")
    targets = [t for m in draw(geometry, sample) if isinstance(m, Marks) for t in m.targets]
    (back,) = [t for t in targets if t.box.holds(50, 26)]
    assert back.intent == CloseDetail()
