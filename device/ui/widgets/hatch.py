"""Diagonal stripes: not true (vermilion), training (wisteria)."""

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture

from device.ui.theme import FUJI, WHITE, Box, Colour, rgb
from device.ui.widgets.painter import Painter


def draw_hatch(p: Painter, box: Box, one: Colour, other: Colour, step: float) -> None:
    """Stripes of ``step`` design units, one repeating tile on whole pixels."""
    side = max(2, round(step * 2 * p.geometry.scale))
    first, second = (bytes(int(v * 255) for v in rgb(colour)) for colour in (one, other))
    pixels = b"".join(
        first if (i + j) % side < side // 2 else second for j in range(side) for i in range(side)
    )
    texture = Texture.create(size=(side, side), colorfmt="rgb")
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    texture.wrap, texture.mag_filter, texture.min_filter = "repeat", "nearest", "nearest"
    position, size = p.pixels(box)
    x, y = position[0] / side, position[1] / side
    u, v = x + size[0] / side, y + size[1] / side
    p.group.add(Color(1, 1, 1, 1))
    coordinates = (x, y, u, y, u, v, x, v)
    p.group.add(Rectangle(texture=texture, pos=position, size=size, tex_coords=coordinates))


def draw_frame(p: Painter, whole: Box) -> None:
    """Training, on every screen: wisteria stripes of 10 px at the four edges."""
    wide = 10.0
    for box in (
        Box(whole.x, whole.y, whole.w, wide),
        Box(whole.x, whole.bottom - wide, whole.w, wide),
        Box(whole.x, whole.y, wide, whole.h),
        Box(whole.right - wide, whole.y, wide, whole.h),
    ):
        draw_hatch(p, box, FUJI, WHITE, 11)
