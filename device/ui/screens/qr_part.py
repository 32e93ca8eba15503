"""The QR card of standby and of the fixed amount: symbol, ring and seconds as separate parts."""

from device.ui.screens.base import Screen
from device.ui.theme import Box
from device.ui.views import Qr
from device.ui.widgets.motion import Ring, seconds_left
from device.ui.widgets.painter import Painter
from device.ui.widgets.qr import draw_panel, draw_seconds


def show_qr(screen: Screen, box: Box, qr: Qr) -> None:
    """Swap the symbol in this frame if its text changed; ring and seconds run by themselves."""

    def ring(p: Painter) -> Ring:
        palette = p.palette
        return Ring(p, box.inset(5), 14, palette.action, palette.action_soft, 6)

    screen.part("qr", qr.text, lambda p: draw_panel(p, box, qr.text))
    screen.part("ring", (), ring).run(qr.rotation, screen.now())
    seconds = seconds_left(qr.rotation)
    screen.part("seconds", seconds, lambda p: draw_seconds(p, box, seconds))
