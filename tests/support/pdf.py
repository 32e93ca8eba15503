"""What stands in a PDF file, read by poppler's programs."""

import subprocess
from pathlib import Path


def text_of(pdf: bytes) -> str:
    """Text as it lies on the pages, a form feed after each."""
    return _run("pdftotext", "-layout", "-enc", "UTF-8", "-", "-", content=pdf).decode()


def pages_of(pdf: bytes) -> list[str]:
    return text_of(pdf).split("\f")[:-1]


def fonts_of(pdf: bytes, folder: Path) -> set[str]:
    """Names of the fonts in it, without the mark of the subset. All are embedded, or this fails."""
    path = folder / "fonts.pdf"
    path.write_bytes(pdf)
    lines = _run("pdffonts", str(path)).decode().splitlines()[2:]
    assert lines
    # name, type, encoding, embedded, subset, unicode, object, generation
    assert all(line.split()[-5] == "yes" for line in lines), lines
    return {line.split()[0].partition("+")[2] for line in lines}


def _run(*command: str, content: bytes = b"") -> bytes:
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout
