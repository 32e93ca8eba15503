"""Reads the QR from a picture, as a phone's camera would; knows nothing else of the counter."""

from pathlib import Path

import zxingcpp
from PIL import Image


def read_qr(picture: Path | Image.Image) -> str | None:
    """The text of the one QR in a picture; None when there is none, or more than one."""
    image = picture if isinstance(picture, Image.Image) else Image.open(picture)
    found = zxingcpp.read_barcodes(
        image.convert("L"), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    )
    texts = {str(code.text) for code in found}
    return texts.pop() if len(texts) == 1 else None
