"""Paid: the only dark screen. The ledger has the money, this much, just now."""

from device.core.intents import NextCustomer
from device.core.language import Bilingual
from device.ui import languages as words
from device.ui.reading import spaced, yen
from device.ui.screens.base import Screen
from device.ui.theme import INK, INK2, MARGIN, SURFACE, WHITE, Box
from device.ui.typesetter import Face
from device.ui.views import Leg, Mode, PaidView
from device.ui.widgets import icons
from device.ui.widgets.buttons import Style, button
from device.ui.widgets.motion import Drain, Waves
from device.ui.widgets.painter import Painter

_STRIP = 60.0


class PaidScreen(Screen):
    """お支払い完了."""

    SUDDEN = True

    def draw(self, view: PaidView) -> None:
        """Waves with shop, dates and clock; the word; the amount; the legs; code and seal."""
        w = self.geometry.w
        whole = Box(0, 0, w, self.geometry.h)
        self.part("pine", (), lambda p: p.rect(whole, p.palette.paid))
        strip = Box(0, 0, w, _STRIP)
        self.part("waves", (), lambda p: Waves(p, strip, p.palette.paid_wave, p.palette.paid_deep))
        self.part("clock", view.bar.clock, lambda p: _draw_clock(p, w, view.bar.clock))
        land = self.geometry.landscape
        shop = view.bar.shop
        dates = view.dates
        self.part("strip", (shop, dates), lambda p: _draw_strip(p, w, shop, dates, land=land))
        if land:
            self._landscape(view)
        else:
            self._portrait(view)

    def _landscape(self, view: PaidView) -> None:
        w = self.geometry.w
        training = view.bar.mode is Mode.TRAINING
        self.part("word", (), lambda p: _draw_word(p, w, training=training))
        pill = Box(w - MARGIN - 168, 82, 168, 60)
        self.part("age", view.age_s, lambda p: _draw_age(p, pill, view.age_s))
        self.part(
            "amount", view.amount, lambda p: p.amount(view.amount, w / 2, 224, w - 60, 142, WHITE)
        )
        legs = Box(MARGIN, 304, w - 2 * MARGIN, 46)
        self.part("legs", view.legs, lambda p: _draw_legs_beside(p, legs, view.legs))
        card = Box(MARGIN, 362, w - 2 * MARGIN, 102)
        self.part("card", (view.code, view.seal), lambda p: _draw_card(p, card, view))
        go_on = words.go_on(view.waiting)
        next_box = Box(card.right - 172, card.y + 9, 162, 84)
        self.part(
            "next",
            view.waiting,
            lambda p: button(p, next_box, go_on, NextCustomer(), Style.PRIMARY, 28),
        )
        drain = Box(next_box.x + 14, next_box.bottom - 11, next_box.w - 28, 6)
        self.part("drain", (), lambda p: Drain(p, drain, WHITE)).run(view.closes, self.now())

    def _portrait(self, view: PaidView) -> None:
        w = self.geometry.w
        inner = w - 2 * MARGIN
        training = view.bar.mode is Mode.TRAINING
        self.part("word", (), lambda p: _draw_word_narrow(p, w, training=training))
        self.part(
            "amount", view.amount, lambda p: p.amount(view.amount, w / 2, 256, w - 40, 150, WHITE)
        )
        pill = Box(w / 2 - 112, 330, 224, 50)
        self.part("age", view.age_s, lambda p: _draw_age_narrow(p, pill, view.age_s))
        legs = Box(MARGIN, 394, inner, 120)
        self.part("legs", view.legs, lambda p: _draw_legs_below(p, legs, view.legs))
        card = Box(MARGIN, 526, inner, 150)
        key = (view.code, view.seal, view.dates)
        self.part("card", key, lambda p: _draw_card_narrow(p, card, view))
        go_on = words.go_on(view.waiting)
        next_box = Box(MARGIN, 690, inner, 92)
        self.part(
            "next",
            view.waiting,
            lambda p: button(
                p, next_box, go_on, NextCustomer(), Style.ON_DARK, 34, None, False, 20
            ),
        )
        drain = Box(next_box.x + 20, next_box.bottom - 14, inner - 40, 6)
        self.part("drain", (), lambda p: Drain(p, drain, p.palette.paid)).run(
            view.closes, self.now()
        )


def _draw_clock(p: Painter, w: float, clock: str) -> None:
    p.rounded(Box(w - MARGIN - 150, 12, 150, 40), p.palette.paid_deep, 20)
    p.digits(clock, w - MARGIN - 14, 33, 30, WHITE, "right", Face.MONO, cell=0.5)


def _draw_strip(p: Painter, w: float, shop: str, dates: Bilingual, *, land: bool) -> None:
    clock_left = w - MARGIN - 150
    said = p.main(dates) if land else ""
    dates_wide = p.width(said, 18) + 28 if said else 0
    room = clock_left - MARGIN - 12 - (dates_wide + 12 if said else 0)
    name, size = p.fit(shop, 24, max(120, room - 32), Face.BOLD)
    if name:
        box = Box(MARGIN, 12, p.width(name, size) + 32, 40)
        p.rounded(box, p.palette.paid_deep, 20)
        p.text(name, box.x + 16, 33, size, WHITE)
    else:
        box = Box(MARGIN, 12, 0, 40)
    if said:
        left, right = box.right + 12, clock_left - 12
        said, size = p.fit(said, 18, right - left - 28, Face.BOLD)
        wide = p.width(said, size) + 28
        cx = min(max(w / 2 - 4, left + wide / 2), right - wide / 2)
        p.rounded(Box(cx - wide / 2, 14, wide, 36), p.palette.paid_deep, 18)
        p.text(said, cx, 32, size, WHITE, across="centre")


def _draw_word(p: Painter, w: float, *, training: bool) -> None:
    icons.ok_disc(p, 64, 112, 40, WHITE, p.palette.paid)
    large, little = p.order(words.PAID_TRAINING if training else words.PAID)
    room = w - 120 - MARGIN - 168 - 12
    if training:
        p.text(large, 120, 98, 46, WHITE, room=room)
        p.text(little, 122, 136, 20, WHITE, room=room)
        return
    wide = p.text(large, 120, 112, 60, WHITE)
    p.text(little, 120 + wide + 14, 112 + 60 * 0.38, 30, WHITE, up="baseline")


def _draw_word_narrow(p: Painter, w: float, *, training: bool) -> None:
    icons.ok_disc(p, 62, 126, 42, WHITE, p.palette.paid)
    large, little = p.order(words.PAID_TRAINING if training else words.PAID)
    p.text(large, 118, 112, 54, WHITE, room=w - 130, least=30)
    p.text(little, 120, 156, 22, WHITE, room=w - 130)


def _draw_age(p: Painter, box: Box, seconds: int) -> None:
    p.rounded(box, WHITE, 30)
    large, little = p.order(words.age(seconds))
    p.text(large, box.cx, box.y + 20, 28, p.palette.paid, across="centre", room=box.w - 24)
    p.text(little, box.cx, box.y + 45, p.small(16), p.palette.paid, Face.REGULAR, across="centre")


def _draw_age_narrow(p: Painter, box: Box, seconds: int) -> None:
    p.rounded(box, WHITE, 25)
    ink = p.palette.paid
    p.duo(words.age(seconds), box.cx, box.y + 34, 28, ink, ink, 18, across="centre")


def _draw_legs_beside(p: Painter, box: Box, legs: tuple[Leg, ...]) -> None:
    for cell, leg in zip(box.columns(max(1, len(legs)), 12), legs, strict=False):
        _draw_leg(p, cell, leg, 26, 36)


def _draw_legs_below(p: Painter, box: Box, legs: tuple[Leg, ...]) -> None:
    height = min(54.0, (box.h - 8 * (len(legs) - 1)) / max(1, len(legs)))
    for i, leg in enumerate(legs):
        _draw_leg(p, Box(box.x, box.y + i * (height + 8), box.w, height), leg, 30, 40)


def _draw_leg(p: Painter, box: Box, leg: Leg, size: float, money: float) -> None:
    p.rounded(box, p.palette.paid_deep, 10)
    amount = yen(leg.amount)
    name = words.LEGS[leg.kind]
    least = p.width(p.main(name), 18) + 44
    wide = p.text(
        amount,
        box.right - 18,
        box.cy + 1,
        min(money, box.h * 0.8),
        WHITE,
        across="right",
        room=box.w - least,
    )
    room = box.w - wide - 44
    p.duo(name, box.x + 18, box.cy + size * 0.38, size, WHITE, small=16, room=room)


def _draw_card(p: Painter, box: Box, view: PaidView) -> None:
    p.rounded(box, SURFACE, 14)
    x = box.x + 18
    p.duo(words.CODE, x, box.y + 31, 20, INK, INK2, 16)
    p.digits(spaced(view.code), x - 2, box.y + 68, 62, INK, face=Face.MONO, cell=0.5)
    text_x = x + 236
    if view.seal:
        icons.seal(p, x + 286, box.y + 51, 82, view.seal, p.palette.seal)
        text_x = x + 342
    room = box.right - 172 - 10 - text_x
    says = words.SAME_ON_PHONE if view.seal else words.SAME_ON_PHONE_NO_SEAL
    first, second = (p.order(line) for line in says)
    p.text(first[0], text_x, box.y + 22, 21, room=room)
    p.text(second[0], text_x, box.y + 50, 21, room=room)
    little = p.order(words.SAME_SMALL)[1]
    p.text(little, text_x, box.y + 80, p.small(16), INK2, Face.REGULAR, room=room)


def _draw_card_narrow(p: Painter, box: Box, view: PaidView) -> None:
    p.rounded(box, SURFACE, 14)
    p.duo(words.CODE_LONG, box.x + 20, box.y + 34, 20, INK, INK2, 16, room=300)
    p.digits(spaced(view.code), box.x + 18, box.y + 78, 66, INK, face=Face.MONO, cell=0.5)
    if view.seal:
        icons.seal(p, box.right - 62, box.y + 75, 92, view.seal, p.palette.seal)
    dates = p.main(view.dates)
    p.text(dates, box.x + 20, box.y + 133, 19, room=box.w - 40)
