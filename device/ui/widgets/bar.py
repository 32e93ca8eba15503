"""The curtain at the top: shop or title, the light with its words, clock, language."""

from device.core.intents import Back, Intent, OpenNetwork, ToggleLanguage
from device.core.language import Bilingual, Language
from device.ui import languages as words
from device.ui.theme import BAR, INK, INK2, KOHAKU, MARGIN, RADIUS, WHITE, Box
from device.ui.typesetter import Face
from device.ui.views import Bar, Link, Mode
from device.ui.widgets import icons
from device.ui.widgets.painter import Painter

NARROW = 600.0
"""Below this width the light says less, or nothing."""
_CLOCK_EM = 4 * 0.5 + 0.36


def draw_bar(
    p: Painter,
    bar: Bar,
    title: Bilingual | None = None,
    back: Intent | None = None,
) -> None:
    """The whole bar; with a title it is a sub-page's, and ``back`` is what 戻る emits."""
    width = p.geometry.w
    p.rect(Box(0, 0, width, BAR), p.palette.action)
    right = _language(p, bar, width - (8 if bar.mode is Mode.REAL else 14))
    p.digits(bar.clock[:5], right, 27, 28, WHITE, "right", Face.MONO, cell=0.5)
    right -= _CLOCK_EM * 28 + 14
    narrow = width < NARROW
    shape_only = narrow and (title is not None or bar.mode is Mode.TRAINING)
    left = _light(p, bar.link, right, narrow=narrow, shape_only=shape_only) - 12
    if title is not None:
        _title(p, title, back or Back(), left)
    else:
        _shop(p, bar, left)


def _language(p: Painter, bar: Bar, right: float) -> float:
    to = words.TO_ENGLISH if bar.language is Language.JA else words.TO_JAPANESE
    wide = 50 if bar.language is Language.JA else 68
    box = Box(right - wide, 9, wide, 34)

    def face(painter: Painter, down: bool) -> None:
        ground = painter.palette.action_deep if down else painter.palette.action
        painter.rounded(box, ground, 8, WHITE, 2)
        painter.text(to, box.cx, 27, 18, WHITE, across="centre")

    face(p, False)
    p.target(
        Box(box.x - 3, 0, wide + 11, BAR), ToggleLanguage(), paint_down=lambda q: face(q, True)
    )
    return box.x - 12


def _light(p: Painter, link: Link, right: float, *, narrow: bool, shape_only: bool) -> float:
    """Draws it left of ``right``; returns its left edge."""
    say = (words.LINKS_SHORT if narrow else words.LINKS)[link]
    large, little = p.order(say)
    if narrow:
        little = ""
    small = p.small(16)
    text_width = p.width(large, 18)
    second = 7 + p.width(little, small, Face.REGULAR) if little else 0
    wide = 48 if shape_only else 36 + text_width + second + 14
    box = Box(right - wide, 8, wide, 36)

    def face(painter: Painter, down: bool) -> None:
        ground = painter.palette.action_down if down else WHITE
        if link is Link.WEAK and not down:
            ground = KOHAKU
        painter.rounded(box, ground, 18)
        icons.link(painter, box.x + (24 if shape_only else 20), 26, link)
        if shape_only:
            return
        painter.text(large, box.x + 37, 33, 18, INK, up="baseline")
        if little:
            x = box.x + 37 + text_width + 7
            painter.text(little, x, 33, small, INK2, Face.REGULAR, up="baseline")

    face(p, False)
    p.target(Box(box.x - 2, 0, wide + 4, BAR), OpenNetwork(), paint_down=lambda q: face(q, True))
    return box.x


def _title(p: Painter, title: Bilingual, back: Intent, left_of: float) -> None:
    say = p.main(words.BACK)

    def face(painter: Painter, down: bool) -> None:
        if down:
            painter.rounded(Box(4, 4, 94, BAR - 8), painter.palette.action_deep, RADIUS)
        icons.back(painter, 26, 26, 13, WHITE)
        painter.text(say, 44, 35, 22, WHITE, up="baseline", room=52)

    face(p, False)
    p.target(Box(0, 0, 104, BAR), back, paint_down=lambda q: face(q, True))
    p.rect(Box(102, 12, 2, 28), WHITE, 0.4)
    size = 26 if p.geometry.w > NARROW else 24
    room = left_of - 118
    if p.geometry.w > 800:
        p.duo(title, 118, 35, size, WHITE, small=16, room=room)
    else:
        p.text(p.main(title), 118, 35, size, WHITE, up="baseline", room=room)


def _shop(p: Painter, bar: Bar, left_of: float) -> None:
    x = MARGIN
    if bar.mode is Mode.TRAINING:
        chip = Box(x + 4, 10, 66, 34)
        p.rounded(chip, WHITE, 8)
        p.text(p.main(words.TRAINING), chip.cx, 28, 22, p.palette.action, across="centre", room=60)
        x = chip.right + 10
    room = left_of - x
    terminal = 12 + p.width(bar.terminal, 18, Face.REGULAR) if bar.terminal else 0
    whole = p.width(bar.shop, 26)
    if p.geometry.w < NARROW or room - terminal < whole * 0.75:
        terminal = 0  # a long name needs the room more
    used = p.text(bar.shop, x, 35, 26, WHITE, up="baseline", room=room - terminal)
    if terminal:
        p.text(bar.terminal, x + used + 12, 35, 18, WHITE, Face.REGULAR, up="baseline")
