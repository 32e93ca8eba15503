"""The menu: what staff need now and then, six large cards with a line that says what each does."""

from device.core.intents import (
    Intent,
    OpenCodeCheck,
    OpenNetwork,
    OpenNotice,
    OpenToday,
    PrintDayReport,
    ToggleLanguage,
)
from device.core.language import Bilingual
from device.ui import languages as words
from device.ui.reading import yen
from device.ui.screens.base import Screen
from device.ui.theme import INK2, LINE, MARGIN, RADIUS, SURFACE, WHITE, Box
from device.ui.typesetter import Face
from device.ui.views import MenuView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Icon
from device.ui.widgets.cards import draw_note
from device.ui.widgets.painter import Painter

_ITEMS: tuple[tuple[str, Icon, Bilingual, Bilingual, Intent], ...] = (
    ("today", icons.bullets, words.TODAY_LIST, words.MENU_TODAY, OpenToday()),
    ("report", icons.printer, words.DAY_REPORT, words.MENU_REPORT, PrintDayReport()),
    ("check", icons.tick_box, words.OFFLINE_CHECK, words.MENU_CHECK, OpenCodeCheck()),
    ("network", icons.network, words.DEVICES, words.MENU_DEVICES, OpenNetwork()),
    ("notices", icons.info, words.NOTICES, words.MENU_NOTICES, OpenNotice()),
    ("language", icons.letters, words.LANGUAGE, words.MENU_LANGUAGE, ToggleLanguage()),
)


class MenuScreen(Screen):
    """メニュー."""

    def draw(self, view: MenuView) -> None:
        """Two columns of three (portrait: one of six); today's total or a note below."""
        self.curtain(view.bar, words.MENU)
        w, land = self.geometry.w, self.geometry.landscape
        inner = w - 2 * MARGIN
        columns = 2 if land else 1
        width = (inner - 12 * (columns - 1)) / columns
        pitch, height = (116.0, 104.0) if land else (106.0, 96.0)
        for i, item in enumerate(_ITEMS):
            x = MARGIN + (i % columns) * (width + 12)
            box = Box(x, 64 + (i // columns) * pitch, width, height)
            count = view.notices if item[0] == "notices" else 0
            self._item(item, box, count)
        foot = Box(MARGIN, 414 if land else 706, inner, 54 if land else 72)
        self.part("foot", (view.today, view.note), lambda p: _draw_foot(p, foot, view))

    def _item(
        self, item: tuple[str, Icon, Bilingual, Bilingual, Intent], box: Box, count: int
    ) -> None:
        self.part(item[0], count, lambda p: _card(p, box, item, count))


def _card(
    p: Painter, box: Box, item: tuple[str, Icon, Bilingual, Bilingual, Intent], count: int
) -> None:
    _, icon, title, say, intent = item

    def face(painter: Painter, down: bool) -> None:
        action = painter.palette.action
        ground = painter.palette.action_down if down else SURFACE
        painter.rounded(box, ground, RADIUS, LINE, 1)
        tile = Box(box.x + 16, box.cy - 30, 60, 60)
        painter.rounded(tile, painter.palette.action_soft, RADIUS)
        icon(painter, tile.cx, tile.cy, 18, action)
        x = tile.right + 16
        room = box.right - 40 - x
        painter.duo(title, x, box.cy + 2, 26, action, INK2, 17, room=room)
        painter.text(painter.main(say), x, box.cy + 24, 18, INK2, Face.REGULAR, room=room)
        icons.onward(painter, box.right - 22, box.cy, 11, action)
        if count:
            painter.circle(tile.right - 4, tile.y + 4, 13, action)
            painter.text(str(count), tile.right - 4, tile.y + 4, 17, WHITE, across="centre")

    face(p, False)
    p.target(box, intent, paint_down=lambda q: face(q, True))


def _draw_foot(p: Painter, box: Box, view: MenuView) -> None:
    if view.note is not None:
        draw_note(p, box, view.note)
        return
    x = box.x + 6
    x += p.duo(words.TODAY_TOTAL, x, box.cy + 9, 20, second=INK2) + 20
    unit = "件" if p.language.value == "ja" else ""
    p.text(f"{view.today.count}{unit}", x, box.cy + 9, 28, up="baseline")
    p.text(yen(view.today.amount), box.right - 6, box.cy + 10, 34, across="right", up="baseline")
