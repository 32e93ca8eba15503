"""The few functions of SDL2 and SDL2_mixer that the speaker needs, called directly.

Kivy brings both libraries, so nothing is added to the device; the copy that Kivy loads is the copy
used here, because two in one process would fight over the audio device. Kivy's own SoundLoader is
not used: it gives a silent object of length 0 for a missing file as for a missing device, says
nothing when an audio device goes away, and plays files only, where a joined announcement is memory.
"""

import ctypes
import ctypes.util
from ctypes import POINTER, c_char_p, c_int, c_uint8, c_uint16, c_uint32, c_void_p
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SDL_INIT_AUDIO: Final = 0x10
SDL_AUDIO_PLAYING: Final = 1
AUDIO_S16SYS: Final = 0x8010  # little endian, as every machine that Kivy has wheels for
FIRST_DEVICE: Final = 2
LAST_DEVICE: Final = 16
"""SDL numbers opened devices 2 to 16 (1 is its old interface)."""


class SdlMissingError(Exception):
    """SDL2 or SDL2_mixer is not installed. ``code`` is ``CHOBA_SOUND_NO_SDL``."""

    code = "CHOBA_SOUND_NO_SDL"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{self.code}: {reason}; install Kivy from its wheel, or libsdl2-mixer-2.0-0"
        )


class SdlLibrary:
    """SDL2 and SDL2_mixer with the types of the functions used. Raises SdlMissingError."""

    def __init__(self) -> None:
        self.sdl = _load("SDL2")
        self.mixer = _load("SDL2_mixer")
        for library, name, result, arguments in (
            (self.sdl, "SDL_SetHint", c_int, [c_char_p, c_char_p]),
            (self.sdl, "SDL_InitSubSystem", c_int, [c_uint32]),
            (self.sdl, "SDL_QuitSubSystem", None, [c_uint32]),
            (self.sdl, "SDL_GetCurrentAudioDriver", c_char_p, []),
            (self.sdl, "SDL_GetAudioDeviceStatus", c_int, [c_uint32]),
            (self.sdl, "SDL_GetError", c_char_p, []),
            (self.sdl, "SDL_ClearError", None, []),
            (
                self.mixer,
                "Mix_OpenAudioDevice",
                c_int,
                [c_int, c_uint16, c_int, c_int, c_char_p, c_int],
            ),
            (self.mixer, "Mix_CloseAudio", None, []),
            (self.mixer, "Mix_AllocateChannels", c_int, [c_int]),
            (self.mixer, "Mix_QuickLoad_RAW", c_void_p, [POINTER(c_uint8), c_uint32]),
            (self.mixer, "Mix_FreeChunk", None, [c_void_p]),
            (self.mixer, "Mix_PlayChannelTimed", c_int, [c_int, c_void_p, c_int, c_int]),
            (self.mixer, "Mix_Playing", c_int, [c_int]),
            (self.mixer, "Mix_HaltChannel", c_int, [c_int]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments

    def error(self) -> str:
        """SDL's own words for the last failure."""
        words: bytes = self.sdl.SDL_GetError()
        return words.decode(errors="replace")

    def playing_devices(self) -> frozenset[int]:
        """The numbers of the audio devices that are open, running and still plugged in."""
        status = self.sdl.SDL_GetAudioDeviceStatus
        numbers = range(FIRST_DEVICE, LAST_DEVICE + 1)
        return frozenset(number for number in numbers if status(number) == SDL_AUDIO_PLAYING)


def find_library(name: str) -> str:
    """Path or name of SDL2 or one of its parts, Kivy's own copy first: never two in one process."""
    return _kivys_copy(name) or ctypes.util.find_library(f"{name}-2.0") or f"lib{name}-2.0.so.0"


def _load(name: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(find_library(name))
    except OSError as error:
        raise SdlMissingError(str(error)) from error


def _kivys_copy(name: str) -> str | None:
    """The library inside Kivy's wheel (``Kivy.libs/libSDL2-2-….so…`` beside the package)."""
    kivy = find_spec("kivy")
    if kivy is None or kivy.origin is None:
        return None
    folder = Path(kivy.origin).parent.parent / "Kivy.libs"
    return next((str(path) for path in sorted(folder.glob(f"lib{name}-2*.so*"))), None)
