"""Files that appear under their name when they are whole; what is killed leaves no half one."""

import os
from pathlib import Path
from urllib.parse import quote


def write_whole(path: Path, content: bytes) -> None:
    """Written beside it under another name, brought to the disk, then renamed. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def file_name(number: str, ending: str) -> str:
    """Of a document, from its number: ids of shops may hold signs that no file name can."""
    return f"{quote(number, safe='')}.{ending}"
