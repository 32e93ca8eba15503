"""Which screen SDL really opened.

SDL falls back in silence to a driver that draws where nobody looks, when the one that was asked
for is not there; a counter would then seem to run, with a black screen.
"""

import ctypes

from hardware.sound.sdl_library import find_library

INVISIBLE = frozenset({"offscreen", "dummy", ""})


def video_driver() -> str:
    """The name of SDL's video driver in use, e.g. ``kmsdrm``; empty when there is none."""
    try:
        sdl = ctypes.CDLL(find_library("SDL2"))
    except OSError:
        return ""
    current = sdl.SDL_GetCurrentVideoDriver
    current.restype = ctypes.c_char_p
    name: bytes | None = current()
    return (name or b"").decode("ascii", "replace")
