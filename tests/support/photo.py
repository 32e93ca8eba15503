"""A photograph of a counter device's screen, as a phone's camera sees it: for a fake camera."""

import io
from pathlib import Path

import numpy as np
import qrcode
from PIL import Image, ImageDraw, ImageFilter

SCREEN = (800, 480)
FRAME = (1280, 720)
QR_PIXELS = 400


def screen_with_qr(text: str) -> Image.Image:
    """The device's standby screen in outline: 800 x 480 with a QR in whole pixels per module."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=1, border=4)
    code.add_data(text)
    code.make(fit=True)
    small = code.make_image().get_image().convert("L")
    scale = QR_PIXELS // small.width
    large = small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)
    screen = Image.new("RGB", SCREEN, "#FBF8F1")
    ImageDraw.Draw(screen).rectangle((0, 0, SCREEN[0], 56), fill="#1C3A66")
    screen.paste(large, (20, 66))
    return screen


def photograph(screen: Image.Image, seed: int = 1) -> Image.Image:
    """The screen held slantwise on a dark counter: perspective, blur, glare, noise."""
    width, height = SCREEN
    corners = [(150.0, 60.0), (1150.0, 110.0), (1120.0, 690.0), (180.0, 640.0)]
    source = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    photo = screen.transform(
        FRAME,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, source),
        Image.Resampling.BICUBIC,
        fillcolor="#3A332A",
    ).filter(ImageFilter.GaussianBlur(1.6))
    pixels = np.asarray(photo, dtype=np.float32)
    ramp = np.linspace(0.72, 1.05, FRAME[0], dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 7, pixels.shape)
    return Image.fromarray(np.clip(pixels * ramp + noise, 0, 255).astype(np.uint8))


def write_mjpeg(path: Path, photo: Image.Image, frames: int = 4) -> None:
    """A film of the photograph, as Chromium's fake camera plays it."""
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=80)
    path.write_bytes(buffer.getvalue() * frames)


def _perspective(
    target: list[tuple[float, float]], source: list[tuple[float, float]]
) -> list[float]:
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [
            [x, y, 1, 0, 0, 0, -u * x, -u * y],
            [0, 0, 0, x, y, 1, -v * x, -v * y],
        ]
        values += [u, v]
    return list(np.linalg.solve(np.array(rows), np.array(values)))
