"""The offline check: amount and six digits, computed on the device itself."""

from device.core.intents import CheckField, ChooseField, SubmitCheck
from device.ui import languages as words
from device.ui.reading import yen
from device.ui.screens.base import Screen
from device.ui.theme import EDGE, INK, INK2, MARGIN, RADIUS, SUNK, SURFACE, Box
from device.ui.typesetter import Face
from device.ui.views import OfflineEntryView
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.keypad import draw_code_boxes, draw_keypad
from device.ui.widgets.painter import Painter


class OfflineEntryScreen(Screen):
    """オフライン確認."""

    def draw(self, view: OfflineEntryView) -> None:
        """Two fields and the button left, keys right; in portrait, keys below the fields."""
        self.curtain(view.bar, words.OFFLINE_CHECK)
        width, land = self.geometry.w, self.geometry.landscape
        x, w = MARGIN, (384 if land else width - 2 * MARGIN)
        amount, code = Box(x, 98, w, 62), Box(x, 208, w, 80)
        fields = (view.amount, view.amount_fixed, view.sale_time, view.focus, view.code)
        self.part("fields", fields, lambda p: _draw_fields(p, amount, code, view))
        self.part("tries", view.tries_left, lambda p: _draw_tries(p, x, w, view, land=land))
        if land:
            keys = Box(x + w + MARGIN, 60, width - w - 3 * MARGIN, 408)
            check = Box(x, 364, w, 76)
        else:
            keys, check = Box(x, 330, w, 372), Box(x, 714, w, 74)
        pad = view.focus is CheckField.AMOUNT
        self.part("keys", pad, lambda p: draw_keypad(p, keys, double_zero=pad))
        style = Style.PRIMARY if view.ready else Style.OFF
        self.part(
            "check",
            view.ready,
            lambda p: button(p, check, words.CHECK, SubmitCheck(), style, 36, None, False, 20),
        )


def _draw_fields(p: Painter, amount: Box, code: Box, view: OfflineEntryView) -> None:
    on_amount = view.focus is CheckField.AMOUNT
    p.duo(words.STEP_AMOUNT, amount.x, amount.y - 12, 22, second=INK2, room=amount.w)
    edge, width = (p.palette.action, 4.0) if on_amount else (EDGE, 1.5)
    p.rounded(amount, SUNK if view.amount_fixed else SURFACE, RADIUS, edge, width)
    said = p.main(words.qr_at(view.sale_time)) if view.sale_time else ""
    used = p.text(said, amount.x + 16, amount.cy + 1, 20, room=130)
    ink = INK if view.amount else INK2
    p.text(
        yen(view.amount),
        amount.right - 18,
        amount.cy + 1,
        46,
        ink,
        across="right",
        room=amount.w - used - 50,
        least=28,
    )
    if not view.amount_fixed:
        p.target(amount, ChooseField(CheckField.AMOUNT), on_down=True)
    p.duo(words.STEP_CODE, code.x, code.y - 12, 22, second=INK2, room=code.w)
    draw_code_boxes(p, code, view.code, focused=not on_amount)
    p.target(code, ChooseField(CheckField.CODE), on_down=True)


def _draw_tries(p: Painter, x: float, w: float, view: OfflineEntryView, *, land: bool) -> None:
    said = words.tries(view.tries_left)
    if not land:
        p.duo(said, x, 316, 19, INK, INK2, room=w)
        return
    large, little = p.order(words.CHECKED_HERE)
    p.text(large, x, 314, 19, room=w)
    p.text(little, x, 338, p.small(16), INK2, Face.REGULAR, room=w)
    p.duo(said, x + w / 2, 464, 18, INK, INK2, across="centre", room=w)
