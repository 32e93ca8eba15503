"""Files as streams send them."""

from collections.abc import Iterator
from typing import Final

_SIZE: Final = 1 << 17


def chunks_of(content: bytes) -> Iterator[bytes]:
    """128 KiB each; none of an empty file."""
    return (content[at : at + _SIZE] for at in range(0, len(content), _SIZE))
