"""Cards that several screens share: totals, pay dates, chips, the dashed box, the note."""

import itertools

from device.core.intents import Intent, OpenNotice, OpenToday
from device.core.language import Bilingual, Language
from device.ui import languages as words
from device.ui.reading import yen
from device.ui.theme import (
    AI,
    AI_SOFT,
    INK,
    INK2,
    KOHAKU,
    LEAST_EN,
    LEAST_JA,
    LINE,
    MATSU,
    MATSU_SOFT,
    RADIUS,
    SUNK,
    SURFACE,
    TRAINING,
    Box,
    Colour,
)
from device.ui.typesetter import Face
from device.ui.views import DayTotals, Leg, Line, LineKind, PayDates, RowState
from device.ui.widgets import icons
from device.ui.widgets.painter import Painter


def draw_prompt(p: Painter, box: Box) -> None:
    """Scan with your phone."""
    p.stack(words.SCAN, box.cx, box.y + 14, 23, 26, across="centre", room=box.w)


def draw_today(p: Painter, box: Box, today: DayTotals) -> None:
    """本日 23件 ¥48,600; a tap opens the list."""

    def face(painter: Painter, down: bool) -> None:
        ground = painter.palette.action_down if down else SURFACE
        painter.rounded(box, ground, RADIUS, LINE, 1)
        high = box.h >= 56
        training = painter.palette is TRAINING
        label = words.TRAINING_TOTAL if training else words.TODAY_TOTAL
        large, little = painter.order(label)
        label_wide = painter.width(large, 20)
        if high:
            painter.stack(label, box.x + 14, box.cy - 9, 20, 23)
            label_wide = max(label_wide, painter.width(little, painter.small(16)))
        else:
            painter.text(large, box.x + 14, box.cy + 1, 20)
        _draw_totals(painter, today, box.right - 14, box.cy + 12, box.w - 40 - label_wide)

    face(p, False)
    p.target(box, OpenToday(), paint_down=lambda q: face(q, True))


def _draw_totals(p: Painter, today: DayTotals, right: float, baseline: float, room: float) -> None:
    """23件 ¥48,600, as large as there is room, up to 34."""
    total, count = yen(today.amount), str(today.count)
    unit = "件" if p.language is Language.JA else ""
    fixed = 20 + (23 if unit else 0)
    whole = p.width(total, 34) + p.width(count, 34)
    size = min(34.0, 34 * (room - fixed) / whole)
    right -= p.text(total, right, baseline, size, across="right", up="baseline") + 20
    if unit:
        right -= p.text(unit, right, baseline, 20, across="right", up="baseline") + 3
    p.text(count, right, baseline, size, across="right", up="baseline")


def draw_dates(p: Painter, box: Box, dates: tuple[PayDates, ...]) -> None:
    """Landscape: a small table of cancel-by and pay days."""
    p.rounded(box, SURFACE, RADIUS, LINE, 1)
    rows = [
        (p.main(words.LEGS[row.kind]), p.main(row.cancel_by), p.main(row.paid_on))
        for row in dates[:2]
    ]
    size, (left, middle, right) = _columns(p, rows, box.x + 14, box.w - 28, box.w * 0.34)
    baseline = box.y + 22
    name = p.main(words.TODAYS_SALES)
    used = p.text(name, left, baseline, 17, INK2, Face.REGULAR, up="baseline")
    start = left + used + 8
    fits = p.width(p.main(words.CANCEL_BY), 17, Face.REGULAR) <= middle - start
    cancel = words.CANCEL_BY if fits else words.CANCEL_SHORT
    for label, x, begin in ((cancel, middle, start), (words.PAID_ON, right, middle + 8)):
        p.duo(
            label,
            *(x, baseline, 17, INK2, INK2, 16, 5, "right", Face.REGULAR, x - begin),
        )
    for i, row in enumerate(rows):
        _date_row(p, row, (left, middle, right), box.y + 41 + i * 25, size)


def draw_dates_narrow(p: Painter, box: Box, dates: tuple[PayDates, ...]) -> None:
    """Portrait: each row says its own words."""
    p.rounded(box, SURFACE, RADIUS, LINE, 1)
    cancel, paid = p.main(words.CANCEL_SHORT), p.main(words.PAID_ON)
    rows = [
        (
            p.main(words.LEGS[row.kind]),
            f"{cancel} {p.main(row.cancel_by)}",
            f"{paid} {p.main(row.paid_on)}",
        )
        for row in dates[:2]
    ]
    size, columns = _columns(p, rows, box.x + 14, box.w - 28, box.w * 0.37)
    for i, row in enumerate(rows):
        _date_row(p, row, columns, box.y + 15 + i * 25, size)


_Row = tuple[str, str, str]


def _columns(
    p: Painter, rows: list[_Row], x: float, room: float, usual: float
) -> tuple[float, tuple[float, float, float]]:
    """The largest size down from 19 at which every row fits, and where the columns stand.

    The middle column ends ``usual`` before the right one begins to need more (a pay day of next
    year is longer).
    """
    size = 19.0
    least = LEAST_JA if p.language is Language.JA else LEAST_EN
    while size > least and _wide(p, rows, size) > room:
        size -= 0.5
    last = max((p.width(row[2], size) for row in rows), default=0.0)
    right = x + room
    return size, (x, right - max(usual - 14, last + 10), right)


def _wide(p: Painter, rows: list[_Row], size: float) -> float:
    return sum(max((p.width(row[i], size) for row in rows), default=0.0) + 10 for i in range(3))


def _date_row(
    p: Painter, row: _Row, columns: tuple[float, float, float], y: float, size: float
) -> None:
    left, middle, right = columns
    used = p.text(row[0], left, y, size)
    p.text(row[1], middle, y, size, across="right", room=middle - left - used - 6)
    p.text(row[2], right, y, size, across="right", room=right - middle - 8)


def draw_line(p: Painter, box: Box, line: Line) -> None:
    """The one line of standby; a notice and unresolved sales open their page."""
    taps: dict[LineKind, Intent | None] = {
        LineKind.NOTICE: OpenNotice(),
        LineKind.UNRESOLVED: OpenToday(),
        LineKind.OUTCOME: None,
    }
    intent = taps[line.kind]

    def face(painter: Painter, down: bool) -> None:
        quiet = line.kind is not LineKind.UNRESOLVED
        ink = painter.palette.action if quiet else INK
        ground = painter.palette.action_soft if quiet else KOHAKU
        painter.rounded(box, painter.palette.action_down if down else ground, RADIUS)
        if quiet:
            icons.info(painter, box.x + 24, box.cy, 12, ink)
        else:
            icons.warn(painter, box.x + 24, box.cy, 12)
        text = painter.main(line.text)
        painter.text(text, box.x + 44, box.cy, 19, ink, room=box.w - 72)
        if intent is not None:
            icons.onward(painter, box.right - 16, box.cy, 9, ink)

    face(p, False)
    if intent is not None:
        p.target(box, intent, paint_down=lambda q: face(q, True))


def draw_note(p: Painter, box: Box, note: Bilingual) -> None:
    """What just happened, as a calm line."""
    p.rounded(box, AI_SOFT, RADIUS)
    icons.info(p, box.x + 24, box.cy, 12)
    p.text(p.main(note), box.x + 46, box.cy, 20, AI, room=box.w - 60)


def legs_long(p: Painter, legs: tuple[Leg, ...]) -> str:
    """商品券 1,000・ポイント 200."""
    between = "・" if p.language is Language.JA else ", "
    return between.join(f"{p.main(words.LEGS[leg.kind])} {leg.amount:,}" for leg in legs)


def legs_short(p: Painter, legs: tuple[Leg, ...]) -> str:
    """商1,000 ポ200."""
    if not legs:
        return "—"
    return " ".join(f"{p.main(words.LEGS_SHORT[leg.kind])}{leg.amount:,}" for leg in legs)


def draw_chip(p: Painter, x: float, cy: float, state: RowState, width: float) -> None:
    """The state of a payment: shape, word and colour."""
    ground, ink = _CHIPS[state]
    p.rounded(Box(x, cy - 15, width, 30), ground, 15)
    match state:
        case RowState.PAID | RowState.CODE_GENUINE:
            icons.check(p, x + 17, cy, 11, ink)
        case RowState.LATE:
            icons.clock(p, x + 17, cy, 10, ink)
        case RowState.CANCELLED:
            icons.cross(p, x + 17, cy, 12, ink)
        case RowState.CHECKING:
            icons.warn(p, x + 17, cy, 10)
    say = p.main(words.CHIPS[state])
    p.text(say, x + 28 + (width - 34) / 2, cy + 1, 18, ink, across="centre", room=width - 34)


_CHIPS: dict[RowState, tuple[Colour, Colour]] = {
    RowState.PAID: (MATSU_SOFT, MATSU),
    RowState.LATE: (MATSU_SOFT, MATSU),
    RowState.CANCELLED: (SUNK, INK2),
    RowState.CHECKING: (KOHAKU, INK),
    RowState.CODE_GENUINE: (AI_SOFT, AI),
}


def draw_dashed(p: Painter, box: Box, colour: Colour) -> None:
    """A white box with a dashed edge: an amount that isn't money yet."""
    p.rounded(box, SURFACE, 4)
    dash, gap = 18.0, 12.0
    corners = (
        (box.x, box.y),
        (box.right, box.y),
        (box.right, box.bottom),
        (box.x, box.bottom),
        (box.x, box.y),
    )
    for (ax, ay), (bx, by) in itertools.pairwise(corners):
        length = abs(bx - ax) + abs(by - ay)
        count = max(1, round((length + gap) / (dash + gap)))
        stroke = (length - gap * (count - 1)) / count
        for i in range(count):
            a, b = i * (stroke + gap) / length, (i * (stroke + gap) + stroke) / length
            start = [ax + (bx - ax) * a, ay + (by - ay) * a]
            p.line([*start, ax + (bx - ax) * b, ay + (by - ay) * b], colour, 4)
