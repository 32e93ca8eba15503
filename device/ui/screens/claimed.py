"""A phone has taken the sale: the amount it shows, and that nothing is paid yet."""

from device.core.intents import CancelSale, StartOver
from device.ui import languages as words
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, KOHAKU, LINE, MARGIN, Box
from device.ui.typesetter import Face
from device.ui.views import AmountSource, ClaimedView
from device.ui.widgets import icons
from device.ui.widgets.bar import draw_bar
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.cards import draw_dashed
from device.ui.widgets.motion import Dots
from device.ui.widgets.painter import Painter


class ClaimedScreen(Screen):
    """The customer is at it."""

    SUDDEN = True

    def draw(self, view: ClaimedView) -> None:
        """A sign, the dashed amount, the amber "not paid yet"."""
        bar = view.bar
        self.part(
            "bar", (bar.shop, bar.terminal, bar.clock[:5], bar.link), lambda p: draw_bar(p, bar)
        )
        if self.geometry.landscape:
            self._landscape(view)
        else:
            self._portrait(view)

    def _landscape(self, view: ClaimedView) -> None:
        w = self.geometry.w
        source = view.source

        def sign(p: Painter) -> None:
            icons.phone(p, 58, 118, 46, p.palette.action, p.palette.action_soft)
            p.text(p.main(words.CLAIMED), 108, 102, 64, room=w - 240)
            _small(p, source, 110, 150, 19, w - 240)

        self.part("sign", source, sign)
        self.part("dots", (), lambda p: Dots(p, w - 70, 116, 38, p.palette.action, LINE, 5))
        box = Box(MARGIN + 2, 184, w - 2 * MARGIN - 4, 186)
        self.part("amount", (view.amount, source), lambda p: _draw_amount(p, box, view, 290, 124))
        if source is AmountSource.STAFF:
            boxes = Box(MARGIN, 386, 252, 80).columns(2, 8)
        else:
            boxes = (Box(MARGIN, 386, 196, 80),)
        self.part("actions", source, lambda p: _draw_actions(p, boxes, 26))
        x = boxes[-1].right + 16
        amber = Box(x, 386, w - x - MARGIN, 80)
        self.part("amber", amber, lambda p: _draw_amber(p, amber))
        self.part("elapsed", view.elapsed_s, lambda p: _draw_elapsed(p, w - 36, 427, view))

    def _portrait(self, view: ClaimedView) -> None:
        w = self.geometry.w
        inner = w - 2 * MARGIN
        source = view.source

        def sign(p: Painter) -> None:
            icons.phone(p, w / 2, 132, 58, p.palette.action, p.palette.action_soft)
            p.text(p.main(words.CLAIMED), w / 2, 236, 60, across="centre", room=inner)
            _small(p, source, w / 2, 282, 18, inner, centred=True)

        self.part("sign", source, sign)
        box = Box(MARGIN + 2, 316, inner - 4, 180)
        self.part("amount", (view.amount, source), lambda p: _draw_amount(p, box, view, 428, 110))
        amber = Box(MARGIN, 512, inner, 96)
        self.part("amber", amber, lambda p: _draw_amber(p, amber))
        self.part("elapsed", view.elapsed_s, lambda p: _draw_elapsed(p, w - MARGIN - 18, 584, view))
        self.part("dots", (), lambda p: Dots(p, w / 2, 656, 26, p.palette.action, LINE, 4))
        row = Box(MARGIN, 706, inner, 78)
        boxes = row.columns(2, 8) if source is AmountSource.STAFF else (row,)
        self.part("actions", source, lambda p: _draw_actions(p, boxes, 28))


def _small(
    p: Painter,
    source: AmountSource,
    x: float,
    y: float,
    size: float,
    room: float,
    *,
    centred: bool = False,
) -> None:
    say = words.CLAIMED_SAY_NARROW if centred else words.CLAIMED_SAY
    little = p.order(say[source])[1]
    p.text(little, x, y, size, INK2, Face.REGULAR, "centre" if centred else "left", room=room)


def _draw_amount(p: Painter, box: Box, view: ClaimedView, cy: float, largest: float) -> None:
    draw_dashed(p, box, p.palette.action)
    title = words.CLAIMED_AMOUNT[view.source]
    p.duo(title, box.x + 22, box.y + 34, 22, second=INK2, room=box.w - 44)
    if view.amount is None:
        say = words.NOTHING_ENTERED
        p.stack(say, box.cx, cy - 12, 40, 40, 20, INK2, across="centre", room=box.w - 40)
    else:
        p.amount(view.amount, box.cx, cy, box.w - 40, largest)


def _draw_actions(p: Painter, boxes: tuple[Box, ...], size: float) -> None:
    if len(boxes) == 1:
        button(p, boxes[0], words.STOP_SALE, CancelSale(), Style.DANGER, size)
        return
    button(p, boxes[0], words.CANCEL, CancelSale(), Style.DANGER, size)
    button(p, boxes[1], words.START_OVER, StartOver(), Style.SECOND, size)


def _draw_amber(p: Painter, box: Box) -> None:
    p.rounded(box, KOHAKU, 14)
    icons.warn(p, box.x + 46, box.cy + 1, 28)
    large, little = p.order(words.NOT_PAID_YET)
    room = box.w - 90 - (110 if box.h < 90 else 20)
    size = 36 if p.width(large, 36) <= room else 32
    p.text(large, box.x + 92, box.cy - 14, size, INK, room=room)
    p.text(little, box.x + 93, box.cy + 23, 19, INK, Face.REGULAR)


def _draw_elapsed(p: Painter, right: float, cy: float, view: ClaimedView) -> None:
    text = f"{view.elapsed_s // 60}:{view.elapsed_s % 60:02d}"
    p.digits(text, right, cy, 34, INK, "right", Face.MONO, cell=0.5)
