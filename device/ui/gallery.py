"""Draw every screen as a picture: ``python -m device.ui.gallery OUT_DIR [--size 800x480]``."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device.ui.environment import SIZES, prepare_kivy
from device.ui.samples import Sample, in_english, samples
from device.ui.theme import Geometry

if TYPE_CHECKING:
    from device.ui.window import CounterWindow


class FixedClock:
    """A clock that stands where it was put, so that moving parts are drawn the same each time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.seconds


def chosen(geometry: Geometry, *, english: bool | None) -> list[Sample]:
    """The samples of this size: Japanese, English, or both (None)."""
    japanese = samples(geometry.width, geometry.height)
    translated = [in_english(sample) for sample in japanese]
    if english is None:
        return japanese + translated
    return translated if english else japanese


def draw(
    window: "CounterWindow", clock: FixedClock, wanted: Iterable[Sample], folder: Path
) -> list[Path]:
    """Show each sample in the real window and write what it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for sample in wanted:
        clock.seconds = sample.at
        window.show(sample.view)
        paths.append(window.screenshot(folder / f"{sample.name}.png"))
    return paths


def open_window(clock: FixedClock, geometry: Geometry) -> "CounterWindow":
    """A window that nobody sees, of this size."""
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    prepare_kivy(geometry)
    from device.ui.window import CounterWindow  # noqa: PLC0415 - Kivy reads its surroundings

    return CounterWindow(lambda _intent: None, clock)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog="python -m device.ui.gallery", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--size", choices=sorted(SIZES), default="800x480")
    parser.add_argument("--language", choices=("ja", "en", "both"), default="ja")
    parser.add_argument("--names", help="only these samples, separated by commas")
    args = parser.parse_args(argv)
    geometry = SIZES[args.size]
    english = {"ja": False, "en": True, "both": None}[args.language]
    wanted = chosen(geometry, english=english)
    if args.names is not None:
        names = set(args.names.split(","))
        unknown = names - {sample.name for sample in wanted}
        if unknown:
            parser.error(f"no sample called {', '.join(sorted(unknown))}")
        wanted = [sample for sample in wanted if sample.name in names]
    clock = FixedClock()
    paths = draw(open_window(clock, geometry), clock, wanted, args.out)
    sys.stdout.write(f"{len(paths)} screens in {args.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
