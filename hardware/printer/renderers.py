"""The one place that picks a renderer: the profile says how its printer gets characters."""

from typing import assert_never

from hardware.paper import Slip
from hardware.ports import PrinterError
from hardware.printer.escpos import escpos, fits_repertoire, image
from hardware.printer.profiles import Method, Profile
from hardware.printer.typeface import Typeface


class ProfileRenderer:
    """``SlipRenderer`` for the printers of one profile. For one thread at a time."""

    def __init__(self, profile: Profile, typeface: Typeface) -> None:
        self._profile = profile
        self._typeface = typeface

    @property
    def columns(self) -> int:
        """Columns of the profile's paper."""
        return self._profile.columns

    def render(self, slip: Slip) -> bytes:
        """As ``SlipRenderer.render``: characters where the printer has them all, else dots."""
        if slip.columns != self._profile.columns:
            raise PrinterError(
                "CHOBA_PRINTER_WRONG_WIDTH",
                f"a slip of {slip.columns} columns for paper of {self._profile.columns}",
            )
        match self._profile.method:
            case Method.KANJI_ROM if fits_repertoire(slip, self._profile.repertoire):
                return escpos(slip, self._profile, self._typeface)
            case Method.KANJI_ROM | Method.IMAGE:
                return image(slip, self._profile, self._typeface)
            case _:
                assert_never(self._profile.method)
