"""The QR with a fixed amount: what the customer will pay, and how long the sale is open."""

from device.core.intents import CancelSale, EditAmount
from device.ui import languages as words
from device.ui.reading import in_words
from device.ui.screens.base import Screen
from device.ui.screens.qr_part import show_qr
from device.ui.theme import INK, INK2, MARGIN, SURFACE, Box
from device.ui.views import QrFixedView
from device.ui.widgets import icons
from device.ui.widgets.bar import draw_bar
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.motion import seconds_left
from device.ui.widgets.painter import Painter


class QrFixedScreen(Screen):
    """QR with an amount."""

    def draw(self, view: QrFixedView) -> None:
        """Landscape: QR left; portrait: amount above the QR."""
        bar = view.bar
        self.part(
            "bar", (bar.shop, bar.terminal, bar.clock[:5], bar.link), lambda p: draw_bar(p, bar)
        )
        land = self.geometry.landscape
        seconds = seconds_left(view.closes)
        width = self.geometry.w
        if land:
            show_qr(self, Box(MARGIN, 60, 396, 408), view.qr)
            x = 396 + 2 * MARGIN
            column = Box(x, 60, width - x - MARGIN, 408)
            amount, actions = Box(x, 60, column.w, 184), Box(x, 404, column.w, 64)
            self.part("waiting", (), lambda p: _draw_waiting(p, Box(x, 262, column.w, 50)))
            closes = Box(x, 330, column.w, 50)
        else:
            column = Box(MARGIN, 60, width - 2 * MARGIN, 740)
            show_qr(self, Box((width - 396) / 2, 208, 396, 402), view.qr)
            amount, actions = Box(MARGIN, 60, column.w, 140), Box(MARGIN, 724, column.w, 66)
            self.part("waiting", (), lambda p: _draw_waiting(p, Box(MARGIN, 618, column.w, 48)))
            closes = Box(MARGIN, 670, column.w, 48)
        self.part("amount", view.amount, lambda p: _draw_amount(p, amount, view))
        self.part("closes", seconds, lambda p: _draw_closes(p, closes, seconds))
        left, right = actions.columns(2, 8)

        def buttons(p: Painter) -> None:
            button(p, left, words.EDIT, EditAmount(), Style.SECOND, 24)
            button(p, right, words.CANCEL, CancelSale(), Style.DANGER, 24)

        self.part("actions", (), buttons)


def _draw_amount(p: Painter, box: Box, view: QrFixedView) -> None:
    tall = box.h > 150
    p.rounded(box, SURFACE, 14, p.palette.action, 3)
    baseline = box.y + (36 if tall else 34)
    p.duo(words.AMOUNT, box.cx, baseline, 24, second=INK2, across="centre", room=box.w - 24)
    p.amount(view.amount, box.cx, box.y + (92 if tall else 88), box.w - 28, 90)
    if tall:
        said = p.whole(in_words(view.amount), 26, box.w - 24)
        p.text(said, box.cx, box.y + 156, 26, INK, across="centre", room=box.w - 24)


def _draw_waiting(p: Painter, box: Box) -> None:
    icons.phone(p, box.x + 20, box.y + 22, 19, p.palette.action)
    p.stack(words.WAITING_SCAN, box.x + 46, box.y + 12, 22, 25, room=box.w - 50)


def _draw_closes(p: Painter, box: Box, seconds: int) -> None:
    icons.clock(p, box.x + 20, box.y + 22, 16, p.palette.action)
    p.stack(words.closes_in(seconds), box.x + 46, box.y + 12, 20, 24, room=box.w - 50)
