"""A sheet of paper as a picture for people: the printed width on white paper, black on white."""

from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

from hardware.paper import Bitmap
from hardware.printer.raster import image_of

_DOTS_A_MM: Final = 8
_ABOVE: Final = 96
_BELOW: Final = 100


def paper(printed: Bitmap, paper_mm: int) -> Image.Image:
    """The dots on paper of that width, with the white above and below that the cutter leaves."""
    width = max(paper_mm * _DOTS_A_MM, printed.width + 2 * _DOTS_A_MM)
    sheet = Image.new("1", (width, printed.height + _ABOVE + _BELOW), 255)
    left = (width - printed.width) // 2
    sheet.paste(ImageChops.invert(image_of(printed)), (left, _ABOVE))
    return sheet


def save_paper(path: Path, printed: Bitmap, paper_mm: int) -> None:
    """Write the sheet as a 1-bit PNG."""
    paper(printed, paper_mm).save(path, optimize=True)
