"""The QR's own limits: version 4-M for a payment's address, never under four pixels a module."""

import pytest

from device.ui.environment import SIZES
from device.ui.samples import QR_TEXT
from tests.support.touch import TouchedCounter


def test_a_payments_address_fits_version_4(counter: TouchedCounter) -> None:
    from device.ui.widgets.qr import QUIET, matrix

    longest = "HTTPS://" + "A" * 35 + "/Q/" + "A" * 44
    assert len(longest) == 90
    for text in (QR_TEXT, longest):
        rows = matrix(text)
        assert len(rows) == len(rows[0]) == 33 + 2 * QUIET
        assert not any(rows[0])
        assert not any(rows[QUIET - 1])


def test_a_longer_text_takes_smaller_modules_and_never_too_small(counter: TouchedCounter) -> None:
    from kivy.graphics import InstructionGroup

    from device.core.language import Language
    from device.ui.theme import REAL
    from device.ui.widgets.painter import Painter, Studio
    from device.ui.widgets.qr import QrTooLargeError, draw_qr

    studio = Studio(SIZES["800x480"], counter.window._typesetter)
    painter = Painter(studio, InstructionGroup(), Language.JA, REAL)
    assert draw_qr(painter, QR_TEXT, 200, 200, 372) == 9
    assert draw_qr(painter, "日本" * 60, 200, 200, 372) == 4
    with pytest.raises(QrTooLargeError, match="CHOBA_UI_QR_TOO_LARGE: a QR of 900 characters"):
        draw_qr(painter, "a" * 900, 200, 200, 372)
