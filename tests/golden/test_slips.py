"""Every slip against its kept grid, bytes and picture; and the checks, broken on purpose.

The grids of paper of 32 and 48 columns are the design's; the others were looked at.
"""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from device.receipts import lay_out
from hardware.paper import Slip
from hardware.printer.grid import grid_of
from hardware.printer.picture import paper
from hardware.printer.profiles import load_profile
from hardware.printer.raster import raster
from hardware.printer.renderers import ProfileRenderer
from hardware.printer.typeface import Typeface
from tests.support import kept, slips

KEPT = Path(__file__).parent / "slips"
PAPERS = {"58": "generic-58", "80": "generic-80"}
OTHER_PAPERS = {"tm-m30": "epson-tm-m30", "tm-t88": "epson-tm-t88"}
ON_ALL = [(name, mm) for name in slips.NAMES for mm in PAPERS] + [
    (name, mm) for name in ("customer", "shop", "provisional", "day", "test") for mm in OTHER_PAPERS
]


@pytest.fixture(scope="module")
def typeface() -> Typeface:
    return Typeface()


def profile_name(mm: str) -> str:
    return (PAPERS | OTHER_PAPERS)[mm]


def slip_of(name: str, mm: str) -> Slip:
    columns = load_profile(profile_name(mm)).columns
    return lay_out(slips.slip_data(name, columns), columns)


def picture_of(slip: Slip, mm: str, typeface: Typeface) -> bytes:
    profile = load_profile(profile_name(mm))
    png = BytesIO()
    paper(raster(slip, typeface), profile.paper_mm).save(png, "PNG", optimize=True)
    return png.getvalue()


def bytes_of(slip: Slip, mm: str, typeface: Typeface) -> bytes:
    return ProfileRenderer(load_profile(profile_name(mm)), typeface).render(slip)


@pytest.mark.parametrize(("name", "mm"), ON_ALL)
def test_grid(name: str, mm: str, regenerate_goldens: bool) -> None:
    grid = grid_of(slip_of(name, mm)).encode()
    kept.check(KEPT / "grids" / f"{name}-{mm}.txt", grid, regenerate=regenerate_goldens)


@pytest.mark.parametrize(("name", "mm"), ON_ALL)
def test_bytes(name: str, mm: str, typeface: Typeface, regenerate_goldens: bool) -> None:
    job = bytes_of(slip_of(name, mm), mm, typeface)
    kept.check(KEPT / "bytes" / f"{name}-{mm}.bin", job, regenerate=regenerate_goldens)


@pytest.mark.parametrize(("name", "mm"), ON_ALL)
def test_picture(name: str, mm: str, typeface: Typeface, regenerate_goldens: bool) -> None:
    picture = picture_of(slip_of(name, mm), mm, typeface)
    path = KEPT / "pictures" / f"{name}-{mm}.png"
    kept.check(path, picture, regenerate=regenerate_goldens, same=kept.same_dots)


def test_one_wrong_byte_is_noticed_and_both_versions_are_kept(
    typeface: Typeface, tmp_path: Path
) -> None:
    job = bytearray(bytes_of(slip_of("customer", "58"), "58", typeface))
    job[len(job) // 2] ^= 1
    with pytest.raises(kept.GoldenMismatchError):
        kept.check(
            KEPT / "bytes" / "customer-58.bin", bytes(job), regenerate=False, output=tmp_path
        )
    assert (tmp_path / "customer-58.actual.bin").read_bytes() == job
    assert (tmp_path / "customer-58.expected.bin").exists()


def test_one_wrong_dot_is_noticed(typeface: Typeface, tmp_path: Path) -> None:
    picture = Image.open(BytesIO(picture_of(slip_of("customer", "58"), "58", typeface)))
    dot = (200, 300)
    picture.putpixel(dot, 255 - int(picture.getpixel(dot)))  # type: ignore[arg-type]
    png = BytesIO()
    picture.save(png, "PNG")
    with pytest.raises(kept.GoldenMismatchError):
        kept.check(
            KEPT / "pictures" / "customer-58.png",
            png.getvalue(),
            regenerate=False,
            same=kept.same_dots,
            output=tmp_path,
        )


def test_one_wrong_character_is_noticed(tmp_path: Path) -> None:
    grid = grid_of(slip_of("customer", "58")).replace("¥1,200", "¥1,300")
    with pytest.raises(kept.GoldenMismatchError):
        kept.check(
            KEPT / "grids" / "customer-58.txt", grid.encode(), regenerate=False, output=tmp_path
        )
