"""Today's payments: the list, and the selected one (beside it, in portrait instead of it)."""

from typing import Final

from device.core.intents import (
    CloseDetail,
    PageDown,
    PageUp,
    PrintDayReport,
    Reprint,
    SelectRow,
)
from device.core.language import Bilingual
from device.ui import languages as words
from device.ui.reading import spaced, yen
from device.ui.screens.base import Screen
from device.ui.theme import AI, INK, INK2, LINE, MARGIN, SURFACE, Box, Colour
from device.ui.typesetter import Face
from device.ui.views import Detail, RowState, TodayRow, TodayView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.cards import draw_chip, draw_note, legs_short
from device.ui.widgets.painter import Painter

_DETAIL: Final = 280.0


class TodayScreen(Screen):
    """本日の一覧."""

    def draw(self, view: TodayView) -> None:
        """Portrait shows either the list or the detail."""
        land = self.geometry.landscape
        detail = view.detail
        if not land and detail is not None:
            self._detail_page(view, detail)
            return
        self.curtain(view.bar, words.TODAY_LIST)
        w = self.geometry.w
        wide = w - 3 * MARGIN - _DETAIL if land else w - 2 * MARGIN
        head = Box(MARGIN, 60, wide, 40)
        self.part("head", (view.date, view.today, view.note), lambda p: _draw_head(p, head, view))
        rows = Box(MARGIN, 104 if land else 106, wide, 0)
        height = 58.0 if land else 66.0
        self.part("rows", (view.rows, view.selected), lambda p: _draw_rows(p, rows, view, height))
        foot = Box(MARGIN, 404 if land else 712, wide, 64 if land else 72)
        self.part("foot", (view.page, view.pages), lambda p: _draw_foot(p, foot, view))
        if land:
            card = Box(w - MARGIN - _DETAIL, 60, _DETAIL, 408)
            self.part(
                "detail", detail, lambda p: _draw_detail(p, card, detail, empty=not view.rows)
            )

    def _detail_page(self, view: TodayView, detail: Detail) -> None:
        self.curtain(view.bar, words.DETAIL, CloseDetail())
        card = Box(MARGIN, 64, self.geometry.w - 2 * MARGIN, 488)
        self.part("page", detail, lambda p: _draw_page(p, card, detail))
        if view.note is not None:
            note = view.note
            box = Box(MARGIN, 650, card.w, 56)
            self.part("note", note, lambda p: draw_note(p, box, note))


def _draw_head(p: Painter, box: Box, view: TodayView) -> None:
    if view.note is not None:
        draw_note(p, Box(box.x, box.y - 1, box.w, 42), view.note)
        return
    total = f"{view.today.count}件　{yen(view.today.amount)}"
    if p.language.value == "en":
        total = f"{view.today.count} · {yen(view.today.amount)}"
    used = p.text(total, box.right - 2, box.y + 21, 27, across="right", room=box.w - 130)
    p.text(p.main(view.date), box.x + 2, box.y + 21, 20, room=box.w - used - 16)


def _draw_rows(p: Painter, box: Box, view: TodayView, pitch: float) -> None:
    if not view.rows:
        say = words.NOTHING_TODAY
        p.stack(say, box.cx, box.y + 110, 26, 34, 18, INK2, INK2, "centre", box.w)
    for i, row in enumerate(view.rows):
        cell = Box(box.x, box.y + i * pitch, box.w, pitch - 4)
        _row(p, cell, row, i, selected=i == view.selected)


def _row(p: Painter, box: Box, row: TodayRow, index: int, *, selected: bool) -> None:
    def face(painter: Painter, down: bool) -> None:
        soft = painter.palette.action_down if down else painter.palette.action_soft
        ground = soft if selected or down else SURFACE
        edge = painter.palette.action if selected else LINE
        painter.rounded(box, ground, 10, edge, 3 if selected else 1)
        _draw_row(painter, box, row)

    face(p, False)
    p.target(box, SelectRow(index), paint_down=lambda q: face(q, True))


def _draw_row(p: Painter, box: Box, row: TodayRow) -> None:
    gone = row.state is RowState.CANCELLED
    ink = INK2 if gone else INK
    p.digits(row.time, box.x + 14, box.cy + 1, 24, ink, face=Face.MONO, cell=0.5)
    right = box.x + 206
    if row.amount is None:
        p.text(p.main(words.UNKNOWN_AMOUNT), right, box.cy, 20, INK2, across="right", room=124)
    else:
        amount = yen(row.amount)
        wide = p.text(amount, right, box.cy, 28, ink, across="right", room=128, least=18)
        if gone:
            p.line([right - wide - 3, box.cy + 1, right + 3, box.cy + 1], INK2, 2.5)
    _draw_legs(p, Box(box.x + 214, box.y, box.w - 330, box.h), row, ink)
    draw_chip(p, box.right - 108, box.cy, row.state, 100)


def _draw_legs(p: Painter, box: Box, row: TodayRow, ink: Colour) -> None:
    """One leg by its name, two with their amounts: beside each other, or where narrow below."""
    if len(row.legs) == 1:
        name = p.main(words.LEGS[row.legs[0].kind])
        p.text(name, box.x, box.cy + 1, 17, ink, Face.REGULAR, room=box.w)
        return
    text = legs_short(p, row.legs)
    if p.width(text, 17, Face.REGULAR) <= box.w:
        p.text(text, box.x, box.cy + 1, 17, ink, Face.REGULAR)
        return
    for legs, y in ((row.legs[:1], box.cy - 11), (row.legs[1:], box.cy + 12)):
        p.text(legs_short(p, legs), box.x, y, 17, ink, Face.REGULAR, room=box.w)


def _draw_foot(p: Painter, box: Box, view: TodayView) -> None:
    up, down = Box(box.x, box.y, 72, box.h), Box(box.x + 80, box.y, 72, box.h)
    for cell, icon, intent, open_ in (
        (up, icons.up, PageUp(), view.page > 1),
        (down, icons.down, PageDown(), view.page < view.pages),
    ):
        style = Style.SECOND if open_ else Style.OFF
        button(p, cell, Bilingual(""), intent, style)
        icon(p, cell.cx, cell.cy, 18, AI if open_ else INK2)
    p.text(f"{view.page}/{max(1, view.pages)}", box.x + 184, box.cy, 22, across="centre", room=56)
    report = Box(box.x + 216, box.y, box.w - 216, box.h)
    button(p, report, words.DAY_REPORT, PrintDayReport(), Style.SECOND, 24)


def _draw_detail(p: Painter, box: Box, detail: Detail | None, *, empty: bool) -> None:
    p.rounded(box, SURFACE, 14, LINE, 1)
    if detail is None:
        if not empty:
            says = [p.main(say) for say in words.CHOOSE_ROW]
            p.lines(says, box.cx, box.cy - 18, 21, INK2, across="centre", room=box.w - 32)
        return
    draw_chip(p, box.x + 14, box.y + 28, detail.state, 100)
    p.digits(detail.time, box.right - 16, box.y + 29, 24, INK, "right", Face.MONO, 0.5)
    _draw_amount(p, detail, box.cx, box.y + 84, box.w - 40, 56)
    y = box.y + 132
    for leg in detail.legs[:3]:
        p.text(p.main(words.LEGS[leg.kind]), box.x + 16, y, 19)
        p.text(yen(leg.amount), box.right - 16, y, 21, across="right")
        y += 28
    if detail.code:
        p.text(p.main(words.CODE), box.x + 16, y, 19, room=120)
        p.digits(spaced(detail.code), box.right - 16, y, 24, INK, "right", Face.MONO, 0.5)
        y += 28
    p.rect(Box(box.x + 14, y - 8, box.w - 28, 1), LINE)
    y += 10
    for row in detail.dates[:2]:
        room = box.w - 32
        room -= p.text(p.main(words.LEGS[row.kind]), box.x + 16, y, 17, INK2, Face.REGULAR) + 6
        for label, value in ((words.CANCEL_SHORT, row.cancel_by), (words.PAID_ON, row.paid_on)):
            said = f"{p.main(label)} {p.main(value)}"
            p.text(said, box.right - 16, y, 18, across="right", room=room)
            y, room = y + 25, box.w - 32
    if detail.reprint:
        place = Box(box.x + 12, box.bottom - 72, box.w - 24, 60)
        button(p, place, words.REPRINT, Reprint(), Style.SECOND, 21)


def _draw_amount(
    p: Painter, detail: Detail, cx: float, cy: float, room: float, largest: float
) -> None:
    if detail.amount is None:
        p.text(p.main(words.UNKNOWN_AMOUNT), cx, cy, 30, INK2, across="centre", room=room)
        return
    gone = detail.state is RowState.CANCELLED
    size = p.amount(detail.amount, cx, cy, room, largest, INK2 if gone else INK)
    if gone:
        half = size * 0.38 * len(yen(detail.amount))
        p.line([cx - half, cy + 2, cx + half, cy + 2], INK2, 3)


def _draw_page(p: Painter, box: Box, detail: Detail) -> None:
    p.rounded(box, SURFACE, 14, LINE, 1)
    draw_chip(p, box.x + 16, 100, detail.state, 104)
    p.digits(detail.time, box.right - 18, 101, 30, INK, "right", Face.MONO, 0.5)
    _draw_amount(p, detail, box.cx, 184, box.w - 60, 92)
    p.rect(Box(box.x + 16, 252, box.w - 32, 1), LINE)
    y = 292.0
    for leg in detail.legs[:3]:
        p.duo(words.LEGS[leg.kind], box.x + 18, y, 23, second=INK2)
        p.text(yen(leg.amount), box.right - 18, y, 26, across="right", up="baseline")
        y += 40
    if detail.code:
        p.duo(words.CODE, box.x + 18, y, 23, second=INK2)
        code = spaced(detail.code)
        p.digits(code, box.right - 18, y - 11, 32, INK, "right", Face.MONO, 0.5)
        y += 40
    for row in detail.dates[:2]:
        for label, value in ((words.CANCEL_BY, row.cancel_by), (words.PAID_ON, row.paid_on)):
            name = p.main(words.LEGS[row.kind])
            p.text(f"{name} {p.main(label)}", box.x + 18, y, 20, up="baseline", room=box.w * 0.5)
            p.text(
                p.main(value),
                box.right - 18,
                y,
                23,
                across="right",
                up="baseline",
                room=box.w * 0.42,
            )
            y += 36
    if detail.reprint:
        place = Box(box.x, 568, box.w, 72)
        button(p, place, words.REPRINT, Reprint(), Style.SECOND, 26, None, False, 18)
