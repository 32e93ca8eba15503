"""A notice of the operator, in full."""

from device.core.intents import Back, PageDown, PageUp
from device.core.language import Bilingual
from device.ui import languages as words
from device.ui.screens.base import Screen
from device.ui.theme import AI, INK, INK2, LINE, MARGIN, SURFACE, Box
from device.ui.typesetter import Face
from device.ui.views import NoticeView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.painter import Painter


class NoticeScreen(Screen):
    """お知らせ."""

    def draw(self, view: NoticeView) -> None:
        """Title, date, text; older and newer below."""
        self.curtain(view.bar, words.NOTICES)
        w, h = self.geometry.w, self.geometry.h
        card = Box(MARGIN, 64, w - 2 * MARGIN, h - 64 - 96)
        key = (view.title, view.body, view.published)
        self.part("card", key, lambda p: _draw_card(p, card, view))
        foot = Box(MARGIN, h - 80, w - 2 * MARGIN, 64)
        self.part("foot", (view.page, view.pages), lambda p: _draw_foot(p, foot, view))


def _draw_card(p: Painter, box: Box, view: NoticeView) -> None:
    p.rounded(box, SURFACE, 14, LINE, 1)
    room = box.w - 40
    x, y = box.x + 20, box.y + 34
    icons.info(p, x + 14, y, 14, p.palette.action)
    title = p.main(view.title)
    if p.width(title, 24) <= room - 40:
        p.text(title, x + 40, y + 1, 28, room=room - 40)
    else:
        y = p.lines(p.broken(title, 22, room - 40)[:2], x + 40, y - 2, 22, leading=1.3) - 27
    p.text(p.main(view.published), box.right - 20, y + 40, 18, INK2, Face.REGULAR, "right")
    p.rect(Box(x, y + 62, room, 1), LINE)
    y += 92
    fits = box.bottom - 20 - y
    body, size = p.main(view.body), 26.0
    lines = p.broken(body, size, room)
    while size > 18 and (len(lines) - 0.5) * size * 1.45 > fits:
        size -= 1
        lines = p.broken(body, size, room)
    whole = int(fits / (size * 1.45) + 0.5)
    if len(lines) > whole:
        lines = [*lines[: whole - 1], lines[whole - 1][:-1] + "…"]
    p.lines(lines, x, y, size, INK, leading=1.45, room=room + 4)


def _draw_foot(p: Painter, box: Box, view: NoticeView) -> None:
    wide = 240.0 if box.w > 500 else 200.0
    back = Box(box.right - wide, box.y, wide, box.h)
    button(p, back, words.BACK, Back(), Style.PRIMARY, 26, None, False, 18)
    if view.pages <= 1:
        return
    for cell, icon, intent, open_ in (
        (Box(box.x, box.y, 72, box.h), icons.up, PageUp(), view.page > 1),
        (Box(box.x + 80, box.y, 72, box.h), icons.down, PageDown(), view.page < view.pages),
    ):
        button(p, cell, Bilingual(""), intent, Style.SECOND if open_ else Style.OFF)
        icon(p, cell.cx, cell.cy, 18, AI if open_ else INK2)
    p.text(f"{view.page}/{view.pages}", box.x + 184, box.cy, 22, across="centre", room=56)
