"""確認中: neither paid nor failed. It must never read as paid, so its word outranks the amount."""

from device.core.intents import CheckLater, OpenCodeCheck
from device.core.language import Language
from device.ui import languages as words
from device.ui.screens.base import Screen
from device.ui.theme import (
    INK,
    INK2,
    KOHAKU_DOT,
    KOHAKU_INK,
    KOHAKU_SOFT,
    MARGIN,
    SURFACE,
    Box,
)
from device.ui.typesetter import Face
from device.ui.views import CheckingView
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.motion import Dots
from device.ui.widgets.painter import Painter


class CheckingScreen(Screen):
    """In doubt."""

    SUDDEN = True
    GROUND = KOHAKU_SOFT

    def draw(self, view: CheckingView) -> None:
        """Dots, the word, the sale; what it means; what staff can do."""
        self.curtain(view.bar)
        if self.geometry.landscape:
            self._landscape(view)
        else:
            self._portrait(view)

    def _landscape(self, view: CheckingView) -> None:
        w = self.geometry.w
        self.part("dots", (), lambda p: Dots(p, 84, 142, 54, KOHAKU_INK, KOHAKU_DOT, 8))
        sale = Box(w - MARGIN - 300, 72, 300, 136)

        def word(p: Painter) -> None:
            room = sale.x - 162 - 16
            p.text(p.main(words.CHECKING), 162, 126, 92, room=room)
            little = p.order(words.CHECKING_LONG)[1]
            p.text(little, 166, 188, 22, INK2, Face.REGULAR, room=room)

        self.part("word", (), word)
        self.part("sale", (view.sale_time, view.amount), lambda p: _draw_sale(p, sale, view, 72))

        def say(p: Painter) -> None:
            room = w - 2 * MARGIN - 16
            first, second = words.CHECKING_SAY[view.doubt], words.DONT_ASK
            p.text(p.main(first), MARGIN + 8, 248, 28, room=room)
            p.text(p.main(second), MARGIN + 8, 290, 28, room=room)
            little = " ".join(filter(None, (p.order(first)[1], p.order(second)[1])))
            if p.fit(little, 18, room, Face.REGULAR)[0] != little:
                little = p.order(second)[1]
            p.text(little, MARGIN + 8, 326, 18, INK2, Face.REGULAR, room=room)

        self.part("say", view.doubt, say)
        self._asking(view, MARGIN + 8, 366, w - 48)
        left, right = Box(MARGIN, 388, w - 2 * MARGIN, 80).columns(2, 12)
        self._buttons(left, right, 30, stacked=True)

    def _portrait(self, view: CheckingView) -> None:
        w = self.geometry.w
        inner = w - 2 * MARGIN
        self.part("dots", (), lambda p: Dots(p, w / 2, 134, 56, KOHAKU_INK, KOHAKU_DOT, 8))

        def word(p: Painter) -> None:
            p.text(p.main(words.CHECKING), w / 2, 248, 96, across="centre", room=inner)
            little = p.order(words.CHECKING_LONG)[1]
            p.text(little, w / 2, 310, 20, INK2, Face.REGULAR, "centre", room=inner)

        self.part("word", (), word)
        sale = Box(MARGIN, 334, inner, 112)
        self.part("sale", (view.sale_time, view.amount), lambda p: _draw_sale(p, sale, view, 68))

        def say(p: Painter) -> None:
            first, second = words.CHECKING_SAY[view.doubt], words.DONT_ASK
            lines = p.broken(p.main(first), 23, inner - 4) + p.broken(p.main(second), 23, inner - 4)
            y = p.lines(lines, MARGIN + 4, 468, 23, leading=1.34, room=inner)
            little = p.order(second)[1]
            p.text(little, MARGIN + 4, y - 2, 17, INK2, Face.REGULAR, room=inner)

        self.part("say", view.doubt, say)
        self._asking(view, MARGIN + 4, 628, inner)
        upper, lower = Box(MARGIN, 640, inner, 70), Box(MARGIN, 718, inner, 68)
        self._buttons(upper, lower, 28, stacked=False)

    def _asking(self, view: CheckingView, x: float, baseline: float, room: float) -> None:
        said = words.asking(view.attempt, view.next_try_s)
        self.part(
            "asking",
            said,
            lambda p: p.duo(said, x, baseline, 19, INK, INK2, gap=12, room=room),
        )

    def _buttons(self, one: Box, other: Box, size: float, *, stacked: bool) -> None:
        def paint(p: Painter) -> None:
            say, later = words.CHECK_BY_CODE, words.CHECK_LATER
            button(p, one, say, OpenCodeCheck(), Style.PRIMARY, size, None, stacked, 18)
            button(p, other, later, CheckLater(), Style.SECOND, size, None, stacked, 18)

        self.part("buttons", (), paint)


def _draw_sale(p: Painter, box: Box, view: CheckingView, largest: float) -> None:
    p.rounded(box, SURFACE, 14, KOHAKU_INK, 2)
    said = words.sale_at(view.sale_time)
    p.duo(said, box.cx, box.y + 33, 20, second=INK2, across="centre", room=box.w - 24)
    if view.amount is None:
        say = p.main(words.CUSTOMERS_AMOUNT)
        p.text(say, box.cx, box.cy + 16, 26, INK2, across="centre", room=box.w - 28)
    else:
        # The word outranks the amount, in English too, where it is longer and so smaller.
        if p.language is Language.EN:
            largest = min(largest, 52)
        p.amount(view.amount, box.cx, box.cy + 17, box.w - 36, largest)
