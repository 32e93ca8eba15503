"""The code was refused: red stripes and an octagon, and what to do now."""

from device.core.intents import StopCheck, TryAgain
from device.ui import languages as words
from device.ui.reading import spaced, yen
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, SHU, SHU_SOFT, SURFACE, WHITE, Box
from device.ui.typesetter import Face
from device.ui.views import CodeFalseView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.hatch import draw_hatch
from device.ui.widgets.painter import Painter


class CodeFalseScreen(Screen):
    """番号が合いません."""

    def draw(self, view: CodeFalseView) -> None:
        """Stripes 18 wide around it."""
        w, h = self.geometry.w, self.geometry.h
        whole = Box(0, 0, w, h)

        def frame(p: Painter) -> None:
            draw_hatch(p, whole, SHU, WHITE, 12)
            p.rounded(whole.inset(18), SURFACE, 12)

        self.part("frame", (), frame)
        key = (view.mismatch, view.amount, view.code, view.tries_left)
        if self.geometry.landscape:
            self.part("say", key, lambda p: _draw_beside(p, w, view))
            row = Box(48, 390, w - 96, 66)
            third = (row.w - 12) * 0.34
            stop = Box(row.x, row.y, third, row.h)
            again = Box(row.x + third + 12, row.y, row.w - third - 12, row.h)
        else:
            self.part("say", key, lambda p: _draw_below(p, w, view))
            again, stop = Box(40, 626, w - 80, 70), Box(40, 706, w - 80, 60)

        def buttons(p: Painter) -> None:
            button(p, stop, words.STOP_CHECK, StopCheck(), Style.SECOND, 26, None, False, 18)
            button(p, again, words.TRY_AGAIN, TryAgain(), Style.PRIMARY, 30, None, False, 18)

        self.part("buttons", (), buttons)


def _draw_beside(p: Painter, w: float, view: CodeFalseView) -> None:
    room = w - 96
    icons.octagon(p, 92, 92, 48)
    large, little = p.order(words.CODE_FALSE[view.mismatch])
    p.text(large, 160, 78, 60, SHU, room=w - 160 - 48)
    p.text(little, 162, 126, 22, INK2, Face.REGULAR, room=w - 210)
    first = words.CODE_FALSE_SAY[view.mismatch]
    p.text(p.main(first), 48, 186, 30, room=room)
    p.text(p.main(words.LOOK_AGAIN[0]), 48, 230, 26, room=room)
    p.text(p.main(words.LOOK_AGAIN[1]), 48, 266, 26, room=room)
    says = (first, *words.LOOK_AGAIN) if p.language.value == "ja" else (first,)
    p.text(" ".join(p.order(say)[1] for say in says), 48, 302, 18, INK2, Face.REGULAR, room=room)
    box = Box(48, 324, room, 52)
    p.rounded(box, SHU_SOFT, 10)
    said = f"{p.main(words.ENTERED)}  {yen(view.amount)}・{spaced(view.code)}"
    p.text(said, 66, 351, 22, room=room - 230)
    p.duo(words.tries(view.tries_left), w - 66, 359, 24, INK, INK2, 16, across="right", room=220)


def _draw_below(p: Painter, w: float, view: CodeFalseView) -> None:
    room = w - 80
    icons.octagon(p, w / 2, 112, 58)
    large, little = p.order(words.CODE_FALSE[view.mismatch])
    p.text(large, w / 2, 218, 50, SHU, across="centre", room=room, least=26)
    p.text(little, w / 2, 260, 20, INK2, Face.REGULAR, "centre", room=room)
    lines = p.broken(p.main(words.CODE_FALSE_SAY[view.mismatch]), 26, room)
    lines += [p.main(say) for say in words.LOOK_AGAIN_NARROW]
    y = p.lines(lines, 40, 312, 26, leading=1.38, room=room)
    little = p.order(words.CODE_FALSE_SAY[view.mismatch])[1]
    p.text(little, 40, y - 4, 17, INK2, Face.REGULAR, room=room)
    box = Box(40, 516, room, 96)
    p.rounded(box, SHU_SOFT, 10)
    p.text(f"{yen(view.amount)}・{spaced(view.code)}", 56, 546, 26, room=room - 32)
    p.duo(words.tries(view.tries_left), 56, 594, 22, INK, INK2, room=room - 32)
