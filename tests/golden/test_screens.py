"""The screens as pictures that a person has looked at, and the QR as a phone's camera sees it.

Drawn by the real window (SDL offscreen, Mesa's software OpenGL). Tolerance: no channel of any
pixel may differ by more than ``TOLERANCE`` of 255, because another processor may round a blended
edge by a step or two; one pixel that is really wrong fails. Mesa of another major version may move
edges by more: look at the pictures, then ``pytest tests/golden --regenerate-goldens``.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from device.ui.environment import SIZES
from device.ui.samples import QR_TEXT, QR_TEXT_FIXED, in_english, samples

TOLERANCE = 6
KEPT = Path(__file__).parent / "screens"
ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "test-output" / "screens"

MAIN = (
    *("standby", "printer-trouble", "late-many", "amount", "qr-fixed", "claimed", "paid"),
    *("checking", "offline-entry", "offline-true", "offline-false", "offline-locked"),
    *("list", "network", "menu", "notice", "out-of-service"),
)
VARIANTS = (
    *("standby-offline", "standby-unresolved", "standby-long", "amount-over", "claimed-staff"),
    *("paid-8s-later", "paid-large", "paid-largest", "offline-used", "list-cancelled"),
    *("network-probing", "out-of-service-clock"),
)
ENGLISH = ("standby-en", "paid-en", "checking-en", "list-en")
KEPT_NAMES = {
    "800x480": (*MAIN, *VARIANTS, *ENGLISH),
    "1024x600": ("standby", "paid", "checking", "list"),
    "480x800": (
        *("standby", "late-many", "amount", "qr-fixed", "claimed", "paid", "checking"),
        *("offline-false", "list", "list-none-selected", "out-of-service", "standby-en"),
    ),
}
CASES = [(size, name) for size, names in KEPT_NAMES.items() for name in names]


@pytest.fixture(scope="session")
def drawn() -> Path:
    """Every kept screen, drawn now: one process for each size."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    for size, names in KEPT_NAMES.items():
        subprocess.run(
            [
                *(sys.executable, "-m", "device.ui.gallery", str(OUTPUT / size)),
                *("--size", size, "--language", "both", "--names", ",".join(names)),
            ],
            check=True,
            cwd=ROOT,
            timeout=60,
            capture_output=True,
        )
    return OUTPUT


def differing(one: Image.Image, other: Image.Image) -> int:
    """How many pixels differ by more than the tolerance; all of them if the sizes differ."""
    if one.size != other.size:
        return one.width * one.height
    bands = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return sum(worst.histogram()[TOLERANCE + 1 :])


def compare(golden: Path, picture: Path) -> None:
    """Fails with the number of pixels; both pictures stay under test-output/screens."""
    with Image.open(golden) as kept, Image.open(picture) as now:
        wrong = differing(kept, now)
    if wrong:
        beside = picture.with_suffix(".golden.png")
        shutil.copyfile(golden, beside)
        pytest.fail(f"{wrong} pixels of {picture.name} differ: compare {picture} with {beside}")


@pytest.mark.parametrize(("size", "name"), CASES)
def test_a_screen_looks_as_it_was_approved(
    drawn: Path, regenerate_goldens: bool, size: str, name: str
) -> None:
    golden, picture = KEPT / size / f"{name}.png", drawn / size / f"{name}.png"
    if regenerate_goldens:
        golden.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(picture) as now:
            now.save(golden, optimize=True)
    compare(golden, picture)


def test_no_golden_is_left_over() -> None:
    """A picture without a screen would be approved for ever by nobody."""
    kept = {(path.parent.name, path.stem) for path in KEPT.glob("*/*.png")}
    assert kept == set(CASES)


def test_english_samples_have_the_names_that_are_kept() -> None:
    names = {in_english(sample).name for sample in samples(800, 480)}
    assert {name for _, name in CASES if name.endswith("-en")} <= names


def test_one_broken_pixel_fails(drawn: Path, tmp_path: Path) -> None:
    """The check itself: the smallest wrong thing there is."""
    broken = tmp_path / "standby.png"
    with Image.open(drawn / "800x480" / "standby.png") as picture:
        copy = picture.convert("RGB")
    patch = copy.crop((401, 17, 402, 18)).point([(value + 20) % 256 for value in range(256)] * 3)
    copy.paste(patch, (401, 17))
    copy.save(broken)
    with pytest.raises(pytest.fail.Exception, match=r"^1 pixels of standby"):
        compare(KEPT / "800x480" / "standby.png", broken)
    assert broken.with_suffix(".golden.png").exists()


def test_another_size_fails(drawn: Path) -> None:
    with Image.open(drawn / "800x480" / "standby.png") as picture:
        assert differing(picture, picture.resize((400, 240))) == 800 * 480


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("angle", [0, 10, 17])
@pytest.mark.parametrize("blur", [0.0, 2.0])
def test_an_independent_decoder_reads_the_qr(
    drawn: Path, size: str, angle: int, blur: float
) -> None:
    """As a phone sees it: turned, and not quite in focus."""
    with Image.open(drawn / size / "standby.png") as picture:
        seen = picture.convert("RGB").rotate(angle, Image.Resampling.BICUBIC, expand=True)
    if blur:
        seen = seen.filter(ImageFilter.GaussianBlur(blur))
    assert [result.text for result in zxingcpp.read_barcodes(seen)] == [QR_TEXT]


@pytest.mark.parametrize("size", ["800x480", "480x800"])
def test_the_qr_with_an_amount_is_another_one(drawn: Path, size: str) -> None:
    with Image.open(drawn / size / "qr-fixed.png") as picture:
        assert [result.text for result in zxingcpp.read_barcodes(picture)] == [QR_TEXT_FIXED]


@pytest.mark.parametrize("name", ["claimed", "paid", "checking", "out-of-service", "list"])
def test_no_other_screen_shows_a_qr(drawn: Path, name: str) -> None:
    with Image.open(drawn / "800x480" / f"{name}.png") as picture:
        assert zxingcpp.read_barcodes(picture) == []


@pytest.mark.parametrize(("size", "module"), [("800x480", 9), ("1024x600", 11), ("480x800", 9)])
def test_the_qr_has_whole_pixels_and_its_quiet_zone(drawn: Path, size: str, module: int) -> None:
    """Version 4: 33 modules, each ``module`` pixels; four white ones around; black and white."""
    with Image.open(drawn / size / "standby.png") as picture:
        grey = picture.convert("L")
    corner = zxingcpp.read_barcodes(grey)[0].position.top_left
    side, quiet = 33 * module, 4 * module
    left = next(
        x for x in range(corner.x - module, corner.x + 2) if not grey.getpixel((x, corner.y + 5))
    )
    top = next(
        y for y in range(corner.y - module, corner.y + 2) if not grey.getpixel((left + 5, y))
    )
    around = grey.crop((left - quiet, top - quiet, left + side + quiet, top + side + quiet))
    colours = [value for value, count in enumerate(around.histogram()) if count]
    assert colours == [0, 255], "no smoothing"
    small = around.resize((41, 41), Image.Resampling.NEAREST)
    assert differing(small.resize(around.size, Image.Resampling.NEAREST), around) == 0
    assert small.getbbox() == (0, 0, 41, 41)
    assert ImageChops.invert(small).getbbox() == (4, 4, 37, 37)
