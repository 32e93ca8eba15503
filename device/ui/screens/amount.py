"""The keypad: staff key in what the customer owes."""

from device.core.intents import ClearEntry, ShowQr
from device.ui import languages as words
from device.ui.reading import in_words, yen
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, KOHAKU, MARGIN, SURFACE, Box
from device.ui.typesetter import Face
from device.ui.views import AmountState, AmountView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.keypad import draw_keypad
from device.ui.widgets.painter import Painter


class AmountScreen(Screen):
    """Enter the amount."""

    def draw(self, view: AmountView) -> None:
        """Form left and keys right; in portrait, form above keys."""
        self.curtain(view.bar, words.ENTER_AMOUNT)
        width, land = self.geometry.w, self.geometry.landscape
        form = Box(MARGIN, 60, 384 if land else width - 2 * MARGIN, 408)
        self.part(
            "form", (view.amount, view.limit, view.state), lambda p: _draw_form(p, form, view)
        )
        if land:
            keys = Box(form.right + MARGIN, 60, width - form.w - 3 * MARGIN, 408)
            clear, show = Box(form.x, 292, form.w, 72), Box(form.x, 380, form.w, 88)
        else:
            keys = Box(form.x, 276, form.w, 420)
            clear, show = Box(form.x, 708, 140, 80), Box(form.x + 148, 708, form.w - 148, 80)
        self.part("keys", (), lambda p: draw_keypad(p, keys, double_zero=True))

        def buttons(p: Painter) -> None:
            button(p, clear, words.CLEAR, ClearEntry(), Style.SECOND, 26, None, not land, 18)
            ready = view.state is AmountState.READY
            style = Style.PRIMARY if ready else Style.OFF
            button(p, show, words.SHOW_QR, ShowQr(), style, 36 if land else 32, None, not land, 20)

        self.part("buttons", view.state, buttons)


def _draw_form(p: Painter, form: Box, view: AmountView) -> None:
    over = view.state is AmountState.OVER_LIMIT
    limit = yen(view.limit)
    said = p.main(words.limit(limit))
    used = p.text(said, form.right - 2, 88, 18, INK2, Face.REGULAR, "right", "baseline", 180)
    p.duo(words.AMOUNT_TO_PAY, form.x + 2, 88, 24, second=INK2, room=form.w - used - 16)
    box = Box(form.x, 100, form.w, 124)
    p.rounded(box, SURFACE, 14, p.palette.action, 3)
    p.amount(
        view.amount,
        *(box.right - 18, 163, box.w - 36, 96),
        colour=INK if view.amount else INK2,
        across="right",
    )
    if over:
        warning = Box(form.x, 232, form.w, 40)
        p.rounded(warning, KOHAKU, 10)
        icons.warn(p, warning.x + 24, warning.cy, 12)
        say = p.main(words.over_limit(limit))
        p.text(say, warning.x + 46, warning.cy + 1, 21, room=warning.w - 60)
        return
    said = p.whole(in_words(view.amount), 28, form.w - 12)
    p.text(said, form.right - 6, 250, 28, across="right", room=form.w - 12)
