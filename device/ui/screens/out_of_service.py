"""休止中: no QR, and for the shop the reason, a code and whom to call."""

from device.core.intents import OpenNetwork, RetryService, ToggleLanguage
from device.core.language import Language
from device.ui import languages as words
from device.ui.reading import yen
from device.ui.screens.base import Screen
from device.ui.theme import BAR, INK, INK2, MARGIN, NEZU, SUNK, SURFACE, Box
from device.ui.typesetter import Face
from device.ui.views import Bar, OutOfServiceView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.painter import Painter


class OutOfServiceScreen(Screen):
    """休止中."""

    SUDDEN = True
    GROUND = NEZU

    def draw(self, view: OutOfServiceView) -> None:
        """The sign for customers, the card for staff."""
        bar = view.bar
        w, land = self.geometry.w, self.geometry.landscape
        self.part("top", (bar.shop, bar.clock[:5]), lambda p: _draw_top(p, w, bar))
        self.part("sign", (), lambda p: _draw_sign(p, w) if land else _draw_sign_narrow(p, w))
        key = (view.reason, view.code, view.contact, view.today)
        inner = w - 2 * MARGIN
        if land:
            card = Box(MARGIN, 310, inner, 154)
            room = inner - 236
            retry = Box(card.right - 200, 322, 184, 60)
            devices = Box(card.right - 200, 392, 184, 60)
            tops = (364.0, 401.0, 438.0)
        else:
            card = Box(MARGIN, 540, inner, 168)
            room = inner - 40
            retry, devices = Box(MARGIN, 722, inner, 64).columns(2, 8)
            tops = (604.0, 644.0, 682.0)
        self.part("card", key, lambda p: _draw_card(p, card, view, room, tops))

        def buttons(p: Painter) -> None:
            button(p, retry, words.RETRY, RetryService(), Style.PRIMARY, 26, None, False)
            button(p, devices, words.DEVICES, OpenNetwork(), Style.SECOND, 24)

        self.part("buttons", (), buttons)


def _draw_top(p: Painter, w: float, bar: Bar) -> None:
    to = words.TO_ENGLISH if bar.language is Language.JA else words.TO_JAPANESE
    wide = 50 if bar.language is Language.JA else 68
    box = Box(w - 8 - wide, 9, wide, 34)

    def face(painter: Painter, down: bool) -> None:
        painter.rounded(box, SUNK if down else NEZU, 8, INK, 2)
        painter.text(to, box.cx, 27, 18, INK, across="centre")

    face(p, False)
    target = Box(box.x - 3, 0, wide + 11, BAR)
    p.target(target, ToggleLanguage(), paint_down=lambda q: face(q, True))
    used = p.digits(bar.clock[:5], box.x - 12, 27, 28, INK, "right", Face.MONO, 0.5)
    p.text(bar.shop, MARGIN + 8, 27, 24, INK, room=box.x - 12 - used - 44)


def _draw_sign(p: Painter, w: float) -> None:
    icons.pause(p, 92, 134, 58, INK, NEZU)
    large, little = p.order(words.OUT_OF_SERVICE)
    p.text(large, 176, 120, 100, room=w - 200, least=60)
    p.text(little, 180, 186, 26, INK, Face.REGULAR)
    between = "" if p.language is Language.JA else " "
    text = between.join(p.main(say) for say in words.NOT_AVAILABLE)
    p.text(text, MARGIN + 8, 242, 32, room=w - 48)
    between = "" if p.language is Language.EN else " "
    little = between.join(p.order(say)[1] for say in words.NOT_AVAILABLE)
    stop = ". " if p.language is Language.JA else "。"
    asks = p.order(words.ASK_STAFF)[1]
    p.text(f"{little}{stop}{asks}", MARGIN + 8, 282, 20, INK, Face.REGULAR, room=w - 48)


def _draw_sign_narrow(p: Painter, w: float) -> None:
    icons.pause(p, w / 2, 150, 66, INK, NEZU)
    large, little = p.order(words.OUT_OF_SERVICE)
    p.text(large, w / 2, 286, 110, across="centre", room=w - 32, least=48)
    p.text(little, w / 2, 356, 26, INK, Face.REGULAR, "centre")
    says = [p.main(say) for say in words.NOT_AVAILABLE]
    p.lines(says, w / 2, 416, 34, across="centre", room=w - 32)
    little = p.order(words.ASK_STAFF)[1]
    p.text(little, w / 2, 506, 20, INK, Face.REGULAR, "centre", room=w - 32)


def _draw_card(
    p: Painter, box: Box, view: OutOfServiceView, room: float, tops: tuple[float, float, float]
) -> None:
    p.rounded(box, SURFACE, 14)
    x = box.x + 20
    p.duo(words.FOR_STAFF, x, box.y + 31, 18, INK2, INK2, 16)
    code = f"（{view.code}）" if p.language is Language.JA else f" ({view.code})"
    reason = f"{p.main(view.reason)}{code}"
    below = [(p.main(view.contact), INK)]
    if view.today is not None:
        said = words.safe(view.today.count, yen(view.today.amount))
        below.append((p.main(said), INK2))
    if p.width(reason, 22) <= room:
        p.text(reason, x, tops[0], 26, room=room)
        for (text, ink), y, size in zip(below, tops[1:], (22, 20), strict=False):
            p.text(text, x, y, size, ink, room=room)
        return
    # A long reason takes two lines; what is below moves together.
    y = p.lines(p.broken(reason, 20, room)[:2], x, tops[0] - 5, 20, leading=1.3, room=room) + 4
    for text, ink in below:
        p.text(text, x, y, 18, ink, room=room)
        y += 26
