"""Five wrong codes: the check waits, the sales don't."""

from device.core.intents import StopCheck
from device.ui import languages as words
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, MARGIN, Box
from device.ui.typesetter import Face
from device.ui.views import LockedView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.motion import Drain, seconds_left
from device.ui.widgets.painter import Painter


class LockedScreen(Screen):
    """あと47秒お待ちください."""

    def draw(self, view: LockedView) -> None:
        """A clock, the time left, why, and a way back."""
        self.curtain(view.bar, words.OFFLINE_CHECK, StopCheck())
        w, land = self.geometry.w, self.geometry.landscape
        seconds = seconds_left(view.unlocks)
        if land:
            self.part("wait", seconds, lambda p: _draw_wait(p, w, seconds))
            self.part("say", (), lambda p: _draw_say(p, w))
            bar, back = Box(40, 362, w - 80, 6), Box(40, 390, w - 80, 72)
        else:
            self.part("wait", seconds, lambda p: _draw_wait_narrow(p, w, seconds))
            self.part("say", (), lambda p: _draw_say_narrow(p, w))
            bar, back = Box(MARGIN, 400, w - 2 * MARGIN, 6), Box(MARGIN, 700, w - 2 * MARGIN, 80)
        self.part("drain", (), lambda p: Drain(p, bar, INK)).run(view.unlocks, self.now())
        self.part(
            "back",
            (),
            lambda p: button(
                p, back, words.BACK_TO_QR, StopCheck(), Style.SECOND, 30, None, False, 18
            ),
        )


def _draw_wait(p: Painter, w: float, seconds: int) -> None:
    icons.clock(p, 86, 140, 52, INK)
    large, little = p.order(words.wait(seconds))
    p.text(large, 160, 126, 50, room=w - 200)
    p.text(little, 160, 176, 20, INK2, Face.REGULAR, room=w - 200)


def _draw_say(p: Painter, w: float) -> None:
    room = w - 80
    p.text(p.main(words.FIVE_WRONG), 40, 244, 28, room=room)
    between = "" if p.language.value == "ja" else " "
    p.text(between.join(p.main(say) for say in words.LOOK_AT_PHONE), 40, 286, 28, room=room)
    p.text(p.main(words.AUTOMATIC), 40, 330, 24, INK2, room=room)


def _draw_wait_narrow(p: Painter, w: float, seconds: int) -> None:
    icons.clock(p, w / 2, 150, 62, INK)
    room = w - 2 * MARGIN
    p.text(p.main(words.wait_short(seconds)), w / 2, 264, 64, across="centre", room=room)
    p.text(p.main(words.PLEASE_WAIT), w / 2, 326, 36, across="centre", room=room)
    little = p.order(words.wait(seconds))[1]
    p.text(little, w / 2, 368, 17, INK2, Face.REGULAR, "centre", room=room)


def _draw_say_narrow(p: Painter, w: float) -> None:
    room = w - 2 * MARGIN - 8
    says = (words.FIVE_WRONG, *words.LOOK_AT_PHONE, words.AUTOMATIC)
    lines = [line for say in says for line in p.broken(p.main(say), 25, room)]
    p.lines(lines, MARGIN + 4, 446, 25, room=room)
