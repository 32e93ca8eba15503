"""通信と機器: each link and part with its light, in a shopkeeper's words."""

from device.core.intents import CheckParts
from device.ui import languages as words
from device.ui.screens.base import Screen
from device.ui.theme import (
    INK,
    INK2,
    KOHAKU_INK,
    KOHAKU_SOFT,
    LINE,
    MARGIN,
    RADIUS,
    SHU,
    SURFACE,
    Box,
)
from device.ui.typesetter import Face
from device.ui.views import NetworkView, PartLight, PartRow
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.motion import Dots
from device.ui.widgets.painter import Painter

_EDGES = {
    PartLight.OK: (SURFACE, LINE, 1.0),
    PartLight.WARN: (KOHAKU_SOFT, KOHAKU_INK, 2.0),
    PartLight.OFF: (SURFACE, SHU, 2.0),
    PartLight.UNKNOWN: (SURFACE, LINE, 1.0),
}


class NetworkScreen(Screen):
    """Links and parts."""

    def draw(self, view: NetworkView) -> None:
        """Two columns of four; in portrait one of eight."""
        self.curtain(view.bar, words.DEVICES)
        w, land = self.geometry.w, self.geometry.landscape
        inner = w - 2 * MARGIN
        columns = 2 if land else 1
        width = (inner - 12 * (columns - 1)) / columns
        pitch, height = (86.0, 78.0) if land else (72.0, 66.0)
        for i, row in enumerate(view.parts[:8]):
            x = MARGIN + (i % columns) * (width + 12)
            box = Box(x, 60 + (i // columns) * pitch, width, height)
            self._card(f"card {i}", box, row)
        button_box = Box(MARGIN, 404 if land else 650, inner, 64 if land else 70)
        if view.probing:
            self.part("again", "probing", lambda p: _draw_probing(p, button_box))
            cx = button_box.x + button_box.w / 2 - 120
            action = button_box.cy
            self.part("dots", (), lambda p: Dots(p, cx, action, 16, INK2, LINE, 3))
        else:
            say = words.CHECK_AGAIN
            self.part(
                "again",
                "ready",
                lambda p: button(
                    p, button_box, say, CheckParts(), Style.PRIMARY, 26, None, False, 18
                ),
            )

    def _card(self, name: str, box: Box, row: PartRow) -> None:
        self.part(name, row, lambda p: _draw_card(p, box, row))


def _draw_probing(p: Painter, box: Box) -> None:
    p.rounded(box, SURFACE, RADIUS, LINE, 1)
    p.duo(words.PROBING, box.cx - 84, box.cy + 9, 26, INK, INK2, 18)


def _draw_card(p: Painter, box: Box, row: PartRow) -> None:
    ground, edge, width = _EDGES[row.light]
    p.rounded(box, ground, RADIUS, edge, width)
    icons.part(p, box.x + 34, box.cy, row.light, INK2)
    right = box.right - 14
    if row.bars is not None:
        for i in range(4):
            height = 7.0 + i * 6
            bar = Box(box.right - 58 + i * 11, box.cy - 2 - height, 8, height)
            p.rounded(bar, INK if i < row.bars else LINE, 2)
        right -= 52
    elif row.value is not None:
        right -= p.text(p.main(row.value), right, box.cy - 13, 20, across="right", room=120)
    title = words.PARTS[row.part]
    x = box.x + 66
    p.duo(title, x, box.cy - 6, 22, second=INK2, small=16, room=right - x - 8)
    p.text(p.main(row.sentence), x, box.cy + 17, 18, INK, Face.REGULAR, room=box.w - 80)
