"""Comparing with a kept file; a mismatch leaves both versions under ``test-output/goldens/``."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image

OUTPUT = Path("test-output/goldens")


class GoldenMismatchError(AssertionError):
    """A result differs from the kept one; the words say where to look at both."""


def check(
    kept: Path,
    actual: bytes,
    *,
    regenerate: bool,
    same: Callable[[bytes, bytes], bool] = bytes.__eq__,
    output: Path = OUTPUT,
) -> None:
    """Compare with the kept file, or write it. Raises GoldenMismatchError."""
    if regenerate:
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists() or not same(kept.read_bytes(), actual):
            kept.write_bytes(actual)
        return
    expected = kept.read_bytes() if kept.exists() else None
    if expected is not None and same(expected, actual):
        return
    output.mkdir(parents=True, exist_ok=True)
    mine = output / f"{kept.stem}.actual{kept.suffix}"
    mine.write_bytes(actual)
    if expected is None:
        raise GoldenMismatchError(f"{kept} is not kept yet; look at {mine}")
    theirs = output / f"{kept.stem}.expected{kept.suffix}"
    theirs.write_bytes(expected)
    raise GoldenMismatchError(f"{mine} differs from {theirs}")


def same_dots(expected: bytes, actual: bytes) -> bool:
    """Whether two pictures have the same size and every dot alike, however they are packed."""
    first, second = (Image.open(BytesIO(data)).convert("RGB") for data in (expected, actual))
    return first.size == second.size and first.tobytes() == second.tobytes()
