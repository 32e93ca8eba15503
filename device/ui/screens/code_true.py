"""The code is genuine: a green frame, white inside, because the ledger hasn't answered yet."""

from device.core.intents import NextCustomer, PrintProvisional
from device.ui import languages as words
from device.ui.reading import spaced
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, LINE, MATSU, SURFACE, Box
from device.ui.typesetter import Face
from device.ui.views import CodeTrueView, SlipState
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.painter import Painter


class CodeTrueScreen(Screen):
    """正しい番号です."""

    GROUND = MATSU

    def draw(self, view: CodeTrueView) -> None:
        """The word, the amount, the code, what comes next."""
        w, h = self.geometry.w, self.geometry.h
        inside = Box(16, 16, w - 32, h - 32)
        self.part("inside", (), lambda p: p.rounded(inside, SURFACE, 12))
        self.part("clock", view.bar.clock, lambda p: _draw_clock(p, w, view.bar.clock))
        key = (view.amount, view.code, view.sale_time)
        if self.geometry.landscape:
            self.part("say", key, lambda p: _draw_beside(p, w, view))
            slip = Box(40, 392, 240, 60)
            next_box = Box(292, 392, w - 332, 60)
        else:
            self.part("say", key, lambda p: _draw_below(p, w, view))
            slip = Box(36, 628, w - 72, 60)
            next_box = Box(36, 700, w - 72, 68)
        self.part("slip", view.slip, lambda p: _draw_slip(p, slip, view.slip))
        self.part(
            "next",
            (),
            lambda p: button(
                p, next_box, words.NEXT, NextCustomer(), Style.PRIMARY, 30, None, False, 20
            ),
        )


def _draw_clock(p: Painter, w: float, clock: str) -> None:
    p.digits(clock, w - 40, 46, 26, INK2, "right", Face.MONO, cell=0.5)


def _draw_slip(p: Painter, box: Box, slip: SlipState) -> None:
    if slip is SlipState.NONE:
        button(p, box, words.PRINT_SLIP, PrintProvisional(), Style.SECOND, 24, None, False)
    else:
        button(p, box, words.SLIPS[slip], PrintProvisional(), Style.OFF, 22, None, False)


def _draw_beside(p: Painter, w: float, view: CodeTrueView) -> None:
    icons.ok_disc(p, 86, 82, 42)
    p.text(p.main(words.CODE_TRUE), 148, 72, 60, MATSU, room=w - 148 - 170)
    little = p.order(words.CODE_TRUE_SAY)[1]
    p.text(little, 150, 118, 20, INK2, Face.REGULAR, room=w - 200)
    p.amount(view.amount, w / 2, 206, w - 90, 128, INK)
    p.rect(Box(40, 282, w - 80, 1), LINE)
    used = p.text(p.main(words.CODE), 40, 310, 20)
    used += p.digits(spaced(view.code), 52 + used, 310, 32, face=Face.MONO, cell=0.5)
    p.text(p.main(words.qr_at(view.sale_time)), 40 + used + 44, 310, 20)
    p.text(p.main(words.NOT_RECONCILED), w - 40, 310, 20, across="right")
    between = "" if p.language.value == "ja" else " "
    p.text(between.join(p.main(say) for say in words.RECONCILE_SAY), 40, 346, 20, room=w - 80)
    between = "" if p.language.value == "en" else " "
    little = between.join(p.order(say)[1] for say in words.RECONCILE_SAY)
    p.text(little, 40, 372, p.small(16), INK2, Face.REGULAR, room=w - 80)


def _draw_below(p: Painter, w: float, view: CodeTrueView) -> None:
    icons.ok_disc(p, w / 2, 118, 56)
    p.text(p.main(words.CODE_TRUE), w / 2, 224, 56, MATSU, across="centre", room=w - 64)
    little = p.order(words.CODE_TRUE_SAY)[1]
    p.text(little, w / 2, 270, 18, INK2, Face.REGULAR, "centre", room=w - 64)
    p.amount(view.amount, w / 2, 362, w - 70, 110)
    p.rect(Box(36, 440, w - 72, 1), LINE)
    p.text(p.main(words.CODE), 36, 474, 20)
    p.digits(spaced(view.code), w - 36, 474, 36, across="right", face=Face.MONO, cell=0.5)
    used = p.text(p.main(words.qr_at(view.sale_time)), 36, 516, 20, room=170)
    say = p.main(words.NOT_RECONCILED)
    p.text(say, w - 36, 516, 20, across="right", room=w - 84 - used)
    p.lines([p.main(say) for say in words.RECONCILE_SAY], 36, 560, 20, room=w - 72)
