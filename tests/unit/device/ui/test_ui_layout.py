"""Every screen in three sizes and two languages: nothing clipped, overlapping or too small."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from device.core.intents import CloseDetail
from device.ui import wording
from device.ui.environment import SIZES
from device.ui.samples import LONG_SHOP, Sample, in_english, samples
from device.ui.theme import TOUCH, Box, Geometry
from device.ui.typesetter import Face
from device.ui.views import LegKind, Line, LineKind, PayDates
from protos.units import Micros
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
    problems = look(draw(geometry, sample), geometry)
    assert not problems, "\n".join(problems)


SHOWN = {sample.name: sample.view for sample in samples(800, 480)}


def _said() -> Iterator[Sample]:
    """The sentences that the presenter makes, on their screens."""
    stopped: Any = SHOWN["out-of-service"]
    for reason, sentence in wording.OUT_OF_SERVICE.items():
        contact = wording.contact("0120-000-000")
        yield Sample(reason.name, replace(stopped, reason=sentence, contact=contact))
    standby: Any = SHOWN["standby"]
    lines = [*wording.ENDINGS.values(), wording.unresolved(12)]
    for i, sentence in enumerate(lines):
        line = Line(LineKind.OUTCOME, sentence)
        yield Sample(f"line {i}", replace(standby, panel=replace(standby.panel, line=line)))
    today, new_year = dt.date(2024, 12, 27), dt.date(2025, 1, 7)
    midnight = Micros(1_735_311_600_000_000)  # 2024-12-28 00:00 in Japan
    dates = tuple(
        PayDates(kind, wording.until(midnight, today), wording.short_day(new_year, today))
        for kind in (LegKind.VOUCHER, LegKind.POINTS)
    )
    yield Sample("new year", replace(standby, panel=replace(standby.panel, dates=dates)))
    listed: Any = SHOWN["list"]
    yield Sample("listed", replace(listed, detail=replace(listed.detail, dates=dates)))
    for remark, sentence in wording.REMARKS.items():
        yield Sample(remark.name, replace(listed, note=sentence))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sample", [pytest.param(s, id=s.name) for s in _said()])
def test_what_the_presenter_says_fits(
    draw: Callable[[Geometry, Sample], list[object]], size: str, sample: Sample
) -> None:
    geometry = SIZES[size]
    problems = [
        problem
        for case in (sample, in_english(sample))
        for problem in look(draw(geometry, case), geometry)
    ]
    assert not problems, "\n".join(problems)


def look(drawn: list[object], geometry: Geometry) -> list[str]:
    """What is wrong with a screen."""
    from device.ui.widgets.painter import Marks

    parts = [marks for marks in drawn if isinstance(marks, Marks)]
    texts = [text for marks in parts for text in marks.texts]
    targets = [target for marks in parts for target in marks.targets]
    return [
        *(["no way on: nothing can be tapped"] if not targets else []),
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


def _inside(box: Box, geometry: Geometry) -> bool:
    return box.x >= 0 and box.right <= geometry.w and box.y >= 0 and box.bottom <= geometry.h


def _overlap(a: Box, b: Box) -> bool:
    wide = min(a.right, b.right) - max(a.x, b.x)
    high = min(a.bottom, b.bottom) - max(a.y, b.y)
    return wide > 1.5 and high > 1.5


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
