"""Jobs read back by the printer model are the drawing dot for dot, the layout cell for cell."""

import re
from dataclasses import replace

import pytest

from device.receipts import lay_out
from hardware.paper import Bitmap, Slip
from hardware.printer.escpos import escpos, fits_repertoire, image
from hardware.printer.grid import grid_of
from hardware.printer.model import ModelError, read_back
from hardware.printer.profiles import KanjiSize, Profile, Repertoire, load_profile, profile_names
from hardware.printer.raster import image_of, raster
from hardware.printer.renderers import ProfileRenderer
from hardware.printer.typeface import Typeface
from tests.support import slips

TYPEFACE = Typeface()
PROFILES = [load_profile(name) for name in profile_names()]


def dots_on_paper(drawing: Bitmap, profile: Profile) -> tuple[tuple[int, int], bytes]:
    """The drawing at the left of the printer's full width."""
    full = image_of(drawing).crop((0, 0, profile.dots, drawing.height))
    return full.size, full.tobytes()


def pictures(grid: str) -> list[str]:
    """The size of each picture in a grid, whatever its caption."""
    return re.findall(r"\[picture (\d+x\d+)", grid)


def slip_for(profile: Profile, name: str) -> Slip:
    return lay_out(slips.slip_data(name, profile.columns), profile.columns)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("name", slips.NAMES)
def test_every_slip_on_every_printer_prints_its_drawing(name: str, profile: Profile) -> None:
    slip = slip_for(profile, name)
    (sheet,) = read_back(ProfileRenderer(profile, TYPEFACE).render(slip), profile, TYPEFACE)
    drawing = raster(slip, TYPEFACE)
    assert ((sheet.picture.width, sheet.picture.height), sheet.picture.rows) == dots_on_paper(
        drawing, profile
    )


@pytest.mark.parametrize("kanji_size", KanjiSize)
def test_characters_are_read_back_as_the_layout_said_them(kanji_size: KanjiSize) -> None:
    profile = replace(load_profile("generic-58"), kanji_size=kanji_size)
    slip = slip_for(profile, "customer")
    (sheet,) = read_back(escpos(slip, profile, TYPEFACE), profile, TYPEFACE)
    assert sheet.text == grid_of(slip)


def test_pictures_inside_a_slip_are_read_back_as_pictures() -> None:
    profile = load_profile("generic-58")
    slip = slip_for(profile, "test")
    (sheet,) = read_back(escpos(slip, profile, TYPEFACE), profile, TYPEFACE)
    assert pictures(sheet.text) == pictures(grid_of(slip)) == ["384x30", "384x96"]


def test_a_name_that_no_rom_has_makes_the_whole_slip_a_drawing() -> None:
    profile = load_profile("generic-58")
    slip = slip_for(profile, "rare-name")
    assert not fits_repertoire(slip, profile.repertoire)
    job = ProfileRenderer(profile, TYPEFACE).render(slip)
    assert job == image(slip, profile, TYPEFACE)
    (sheet,) = read_back(job, profile, TYPEFACE)
    assert "まつや" not in sheet.text
    assert "[picture 384x" in sheet.text


def test_a_rom_of_level_one_and_two_gets_a_drawing_where_another_gets_characters() -> None:
    slip = slip_for(load_profile("generic-58"), "kana-name")  # 髙﨑
    assert fits_repertoire(slip, Repertoire.CP932)
    assert not fits_repertoire(slip, Repertoire.JIS_X_0208)


def test_text_is_a_fiftieth_of_a_drawing() -> None:
    profile = load_profile("generic-58")
    slip = slip_for(profile, "customer")
    text, drawing = escpos(slip, profile, TYPEFACE), image(slip, profile, TYPEFACE)
    assert len(text) < 1300
    assert 48_000 < len(drawing) < 52_000


@pytest.mark.parametrize(
    ("good", "bad", "reason"),
    [
        (b"\x1dV\x42\x00", b"\x1dV\x41\x00", "GS V with a value"),
        (b"\x1dP\xcb\xcb", b"\x1bZ\xcb\xcb", "no command"),
        (b"\x1bE\x01", b"\x1bE\x02", "ESC E with a value"),
        (b"\x1bR\x08", b"\x1bR\x00", "ESC R with a value"),
        (b"\x1c&", b"", "kanji before FS &"),
        (b"\x1b3\x36", b"\x1b3\x10", "on a pitch of 16"),
        (b"T-000412", b"T-000412 and more than fits", "would wrap"),
        (b"T-000412", b"T-00041~", "overline"),
        (b"T-000412", b"T-00041\xff", "no character"),
        (b"T-000412", b"T-00041\x07", "no command"),
    ],
)
def test_bytes_that_a_printer_would_surprise_with_are_refused_with_their_place(
    good: bytes, bad: bytes, reason: str
) -> None:
    profile = load_profile("generic-80")
    job = escpos(slip_for(profile, "shop"), profile, TYPEFACE)
    assert good in job
    broken = job.replace(good, bad, 1)
    with pytest.raises(ModelError, match=reason) as caught:
        read_back(broken, profile, TYPEFACE)
    assert job.index(good) <= caught.value.offset <= len(broken)


def test_a_job_that_stops_in_the_middle_is_refused() -> None:
    profile = load_profile("generic-80")
    job = escpos(slip_for(profile, "shop"), profile, TYPEFACE)
    with pytest.raises(ModelError, match="uncut"):
        read_back(job[:-4], profile, TYPEFACE)
    with pytest.raises(ModelError, match="inside a command"):
        read_back(job[:-1], profile, TYPEFACE)


def test_another_character_is_another_drawing() -> None:
    profile = load_profile("generic-58")
    slip = slip_for(profile, "customer")
    job = escpos(slip, profile, TYPEFACE)
    (sheet,) = read_back(job.replace(b"\x5c1,200", b"\x5c1,300"), profile, TYPEFACE)
    assert sheet.picture != raster(slip, TYPEFACE)
