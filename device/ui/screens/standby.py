"""The QR for everybody; beside it today's total and one panel: dates, printer or late payments."""

from typing import Final

from device.core.intents import (
    AcknowledgeLate,
    OpenAmount,
    OpenMenu,
    OpenToday,
    PaperLater,
    PaperRefilled,
)
from device.ui import languages as words
from device.ui.reading import spaced, yen
from device.ui.screens.base import Screen
from device.ui.screens.qr_part import show_qr
from device.ui.theme import (
    INK,
    INK2,
    KOHAKU,
    KOHAKU_INK,
    LINE,
    MARGIN,
    MATSU,
    MATSU_SOFT,
    RADIUS,
    SURFACE,
    Box,
)
from device.ui.typesetter import Face
from device.ui.views import (
    DatesPanel,
    LatePanel,
    LatePayment,
    PrinterPanel,
    StandbyView,
)
from device.ui.widgets import icons
from device.ui.widgets.bar import draw_bar
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.cards import (
    draw_dates,
    draw_dates_narrow,
    draw_line,
    draw_prompt,
    draw_today,
    legs_long,
)
from device.ui.widgets.painter import Painter

_QR: Final = 396.0
_LATE_ROW: Final = 100.0


class StandbyScreen(Screen):
    """Stand by."""

    def draw(self, view: StandbyView) -> None:
        """Landscape: QR left, column right. Portrait: QR above, rows below."""
        bar = view.bar
        self.part(
            "bar", (bar.shop, bar.terminal, bar.clock[:5], bar.link), lambda p: draw_bar(p, bar)
        )
        if self.geometry.landscape:
            self._landscape(view)
        else:
            self._portrait(view)

    # --- landscape ---------------------------------------------------------------------------

    def _landscape(self, view: StandbyView) -> None:
        show_qr(self, Box(MARGIN, 60, _QR, 408), view.qr)
        x = MARGIN + _QR + MARGIN
        column = Box(x, 60, self.geometry.w - x - MARGIN, 408)
        panel = view.panel
        if not isinstance(panel, LatePanel):
            self.part("prompt", (), lambda p: draw_prompt(p, Box(x, 60, column.w, 48)))
            y = 110 if isinstance(panel, PrinterPanel) else 114
            today = Box(x, y, column.w, 60)
            self.part("today", (view.today, y), lambda p: draw_today(p, today, view.today))
        match panel:
            case DatesPanel():
                self._dates(panel, Box(x, 182, column.w, 80), Box(x, 270, column.w, 48))
            case PrinterPanel():
                self._printer(panel, Box(x, 178, column.w, 142))
            case LatePanel():
                box = Box(x, 60, column.w, 258)
                self.part("late", panel, lambda p: _draw_late(p, box, panel, 2))
        self._main_button(panel, Box(x, 328, column.w, 68))
        left, right = Box(x, 404, column.w, 64).columns(2, 8)
        self._pages(left, right, stacked=True)

    def _dates(self, panel: DatesPanel, dates: Box, line: Box) -> None:
        self.part("dates", panel.dates, lambda p: draw_dates(p, dates, panel.dates))
        said = panel.line
        if said is not None:
            self.part("line", said, lambda p: draw_line(p, line, said), guarded=True)

    # --- portrait ----------------------------------------------------------------------------

    def _portrait(self, view: StandbyView) -> None:
        width = self.geometry.w - 2 * MARGIN
        self.part("prompt", (), lambda p: draw_prompt(p, Box(MARGIN, 56, width, 48)))
        show_qr(self, Box((self.geometry.w - _QR) / 2, 106, _QR, 402), view.qr)
        panel = view.panel
        match panel:
            case DatesPanel():
                today = Box(MARGIN, 514, width, 48)
                self.part("today", view.today, lambda p: draw_today(p, today, view.today))
                dates = Box(MARGIN, 566, width, 54)
                self.part("dates", panel.dates, lambda p: draw_dates_narrow(p, dates, panel.dates))
                said = panel.line
                if said is not None:
                    line = Box(MARGIN, 624, width, 48)
                    self.part("line", said, lambda p: draw_line(p, line, said), guarded=True)
            case PrinterPanel():
                self._printer(panel, Box(MARGIN, 518, width, 148))
            case LatePanel():
                box = Box(MARGIN, 514, width, 156)
                self.part("late", panel, lambda p: _draw_late(p, box, panel, 1))
        self._main_button(panel, Box(MARGIN, 676, width, 58))
        left, right = Box(MARGIN, 740, width, 58).columns(2, 8)
        self._pages(left, right, stacked=False)

    # --- both --------------------------------------------------------------------------------

    def _printer(self, panel: PrinterPanel, box: Box) -> None:
        self.part("printer", panel, lambda p: _draw_printer(p, box, panel), guarded=True)

    def _main_button(self, panel: DatesPanel | PrinterPanel | LatePanel, box: Box) -> None:
        """Its meaning changes when a late payment arrives, so it is guarded."""
        late = isinstance(panel, LatePanel)

        def paint(p: Painter) -> None:
            if late:
                button(p, box, words.NOTED, AcknowledgeLate(), Style.PRIMARY, 30, None, False, 20)
            else:
                button(
                    p,
                    box,
                    words.ENTER_AMOUNT,
                    OpenAmount(),
                    Style.PRIMARY,
                    30,
                    icons.keys,
                    False,
                    18,
                )

        self.part("main", late, paint, guarded=True)

    def _pages(self, left: Box, right: Box, *, stacked: bool) -> None:
        def paint(p: Painter) -> None:
            button(p, left, words.TODAY_LIST, OpenToday(), Style.SECOND, 22, icons.bullets, stacked)
            button(p, right, words.MENU, OpenMenu(), Style.SECOND, 22, icons.menu, stacked)

        self.part("pages", (), paint)


def _draw_printer(p: Painter, box: Box, panel: PrinterPanel) -> None:
    p.rounded(box, KOHAKU, RADIUS, KOHAKU_INK, 2)
    icons.warn(p, box.x + 30, box.y + 30, 17)
    say = words.PRINTER[panel.trouble]
    p.stack(say, box.x + 58, box.y + 20, 21, 24, 16, INK, INK, room=box.w - 68)
    waiting = p.main(words.slips_waiting(panel.waiting))
    p.text(waiting, box.x + 14, box.y + 70, 18, room=box.w - 26)
    y, h = box.bottom - 56, 48.0
    done = Box(box.x + 8, y, box.w * 0.6 - 12, h)
    later = Box(box.x + box.w * 0.6 + 4, y, box.w * 0.4 - 12, h)
    button(
        p, done, words.PRINTER_DONE[panel.trouble], PaperRefilled(), Style.PRIMARY, 20, None, False
    )
    button(p, later, words.LATER, PaperLater(), Style.SECOND, 20, None, False)


def _draw_late(p: Painter, box: Box, panel: LatePanel, rows: int) -> None:
    p.rounded(box, SURFACE, 14, MATSU, 3)
    p.rounded(Box(box.x + 3, box.y + 3, box.w - 6, 50), MATSU_SOFT, 11)
    p.rect(Box(box.x + 3, box.y + 30, box.w - 6, 23), MATSU_SOFT)
    icons.clock(p, box.x + 30, box.y + 29, 15, MATSU)
    hidden = len(panel.payments) - rows
    room = box.w - 70 - (78 if hidden > 0 else 0)
    p.duo(words.EARLIER, box.x + 54, box.y + 38, 26, second=INK2, small=18, room=room)
    if hidden > 0:
        p.text(p.main(words.more(hidden)), box.right - 16, box.y + 29, 20, across="right", room=80)
    for i, payment in enumerate(panel.payments[:rows]):
        y = box.y + 54 + i * _LATE_ROW
        if i:
            p.rect(Box(box.x + 16, y, box.w - 32, 1), LINE)
        _draw_late_row(p, Box(box.x + 16, y, box.w - 32, _LATE_ROW), payment)


def _draw_late_row(p: Painter, box: Box, payment: LatePayment) -> None:
    y = box.y
    p.digits(payment.time, box.x, y + 26, 26, face=Face.MONO, cell=0.5)
    ago = p.main(words.age(payment.ago_s))
    room = box.w - 74 - 14
    least = p.width(ago, 17, Face.REGULAR)
    amount = yen(payment.amount)
    wide = p.text(amount, box.right, y + 27, 38, across="right", room=room - least, least=20)
    p.text(ago, box.x + 74, y + 27, 19, INK2, Face.REGULAR, room=room - wide)
    p.text(legs_long(p, payment.legs), box.x, y + 58, 19, room=box.w)
    code = p.text(p.main(words.CODE), box.x, y + 82, 17, INK2, Face.REGULAR)
    p.digits(spaced(payment.code), box.x + code + 8, y + 82, 20, face=Face.MONO, cell=0.5)
    slip = p.main(words.SLIPS[payment.slip])
    p.text(slip, box.right, y + 82, 17, INK2, Face.REGULAR, across="right", room=130)
