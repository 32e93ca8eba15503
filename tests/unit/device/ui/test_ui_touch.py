"""A finger on the real window: what it emits, what it shows, and what it must not do."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from PIL import Image, ImageChops

from device.core import intents
from device.core.intents import CheckField, Digit, Intent
from device.core.language import Bilingual
from device.ui.samples import samples
from device.ui.views import (
    AmountState,
    LatePanel,
    LatePayment,
    Line,
    LineKind,
    Mode,
    SlipState,
    StandbyView,
)
from protos.units import Yen
from tests.support.touch import TouchedCounter

VIEWS: dict[str, Any] = {sample.name: sample.view for sample in samples(800, 480)}

# (sample, x, y) in design units -> what a tap there means: the middle of each thing that is drawn
TAPS: list[tuple[str, float, float, Intent]] = [
    ("standby", 606, 362, intents.OpenAmount()),
    ("standby", 515, 436, intents.OpenToday()),
    ("standby", 696, 436, intents.OpenMenu()),
    ("standby", 606, 144, intents.OpenToday()),
    ("standby", 606, 294, intents.OpenNotice()),
    ("standby", 766, 26, intents.ToggleLanguage()),
    ("standby", 520, 26, intents.OpenNetwork()),
    ("standby-unresolved", 606, 294, intents.OpenToday()),
    ("printer-trouble", 530, 288, intents.PaperRefilled()),
    ("printer-trouble", 712, 288, intents.PaperLater()),
    ("printer-trouble", 606, 362, intents.OpenAmount()),
    ("late", 606, 362, intents.AcknowledgeLate()),
    ("amount", 475, 108, Digit("7")),
    ("amount", 475, 420, Digit("0")),
    ("amount", 600, 420, Digit("00")),
    ("amount", 725, 420, intents.Backspace()),
    ("amount", 208, 328, intents.ClearEntry()),
    ("amount", 208, 424, intents.ShowQr()),
    ("amount", 50, 26, intents.Back()),
    ("qr-fixed", 515, 436, intents.EditAmount()),
    ("qr-fixed", 696, 436, intents.CancelSale()),
    ("claimed", 114, 426, intents.CancelSale()),
    ("claimed-staff", 77, 426, intents.CancelSale()),
    ("claimed-staff", 207, 426, intents.StartOver()),
    ("paid", 693, 413, intents.NextCustomer()),
    ("checking", 205, 428, intents.OpenCodeCheck()),
    ("checking", 595, 428, intents.CheckLater()),
    ("offline-entry", 725, 420, intents.Backspace()),
    ("offline-entry", 538, 420, Digit("0")),
    ("offline-entry-amount", 208, 129, intents.ChooseField(CheckField.AMOUNT)),
    ("offline-entry-amount", 208, 248, intents.ChooseField(CheckField.CODE)),
    ("offline-entry-amount", 600, 420, Digit("00")),
    ("offline-entry-ready", 208, 402, intents.SubmitCheck()),
    ("offline-true", 160, 422, intents.PrintProvisional()),
    ("offline-true", 526, 422, intents.NextCustomer()),
    ("offline-false", 166, 423, intents.StopCheck()),
    ("offline-false", 518, 423, intents.TryAgain()),
    ("offline-locked", 400, 426, intents.StopCheck()),
    ("offline-locked", 50, 26, intents.StopCheck()),
    ("list", 250, 131, intents.SelectRow(0)),
    ("list", 250, 305, intents.SelectRow(3)),
    ("list", 132, 436, intents.PageDown()),
    ("list-cancelled", 52, 436, intents.PageUp()),
    ("list", 360, 436, intents.PrintDayReport()),
    ("list", 644, 426, intents.Reprint()),
    ("network", 400, 436, intents.CheckParts()),
    ("menu", 205, 116, intents.OpenToday()),
    ("menu", 595, 116, intents.PrintDayReport()),
    ("menu", 205, 232, intents.OpenCodeCheck()),
    ("menu", 595, 232, intents.OpenNetwork()),
    ("menu", 205, 348, intents.OpenNotice()),
    ("menu", 595, 348, intents.ToggleLanguage()),
    ("notice", 132, 432, intents.PageDown()),
    ("notice", 664, 432, intents.Back()),
    ("out-of-service", 692, 352, intents.RetryService()),
    ("out-of-service", 692, 422, intents.OpenNetwork()),
    ("out-of-service", 766, 26, intents.ToggleLanguage()),
]


@pytest.mark.parametrize(("name", "x", "y", "meant"), TAPS)
def test_a_tap_emits_what_is_written_there(
    counter: TouchedCounter, name: str, x: float, y: float, meant: Intent
) -> None:
    counter.show(VIEWS[name])
    assert counter.tap(x, y) == [meant]


def test_every_intent_can_be_reached_by_a_finger() -> None:
    """CloseDetail alone is portrait's (tested there)."""
    reached = {type(meant) for *_, meant in TAPS}
    everything = set(get_args(intents.Intent))
    assert everything - reached == {intents.CloseDetail}


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("amount-empty", 208, 424),  # QRを出す with nothing entered
        ("offline-entry", 208, 402),  # 確かめる with four digits
        ("offline-entry", 208, 129),  # the amount that staff keyed in
        ("list", 52, 436),  # ▲ on the first page
        ("list-cancelled", 132, 436),  # ▼ on the last page
        ("network-probing", 400, 436),
        ("offline-true-printed", 160, 422),
        ("standby-outcome", 606, 294),
        ("paid", 400, 224),  # the amount itself
        ("standby", 200, 260),  # the QR
    ],
)
def test_what_cannot_be_tapped_emits_nothing(
    counter: TouchedCounter, name: str, x: float, y: float
) -> None:
    counter.show(VIEWS[name])
    assert counter.tap(x, y) == []


def test_keys_emit_when_the_finger_lands_and_two_may_be_down(counter: TouchedCounter) -> None:
    counter.show(VIEWS["amount"])
    counter.press(475, 108)
    assert counter.intents == [Digit("7")]
    counter.lift(475, 108)
    assert counter.intents == [Digit("7")]


def test_a_key_shows_its_down_state_in_the_next_frame(counter: TouchedCounter) -> None:
    """One frame at 30 a second is 33 ms: within the 50 ms that a finger feels as at once."""
    counter.show(VIEWS["amount"])
    before = counter.window.picture()
    counter.press(725, 108)  # 9
    key = (667, 60, 784, 156)
    assert _differing(before, counter.window.picture(), key) > 5000
    counter.lift(725, 108)


def test_a_finger_that_slides_off_takes_its_tap_back(counter: TouchedCounter) -> None:
    counter.show(VIEWS["claimed"])
    counter.press(114, 426)
    counter.slide(400, 300)
    counter.lift(400, 300)
    assert counter.intents == []


def test_a_finger_that_comes_back_means_it(counter: TouchedCounter) -> None:
    counter.show(VIEWS["claimed"])
    counter.press(114, 426)
    counter.slide(400, 300)
    counter.slide(114, 426)
    counter.lift(114, 426)
    assert counter.intents == [intents.CancelSale()]


def test_a_screen_that_appears_by_itself_ignores_a_finger_on_its_way(
    counter: TouchedCounter,
) -> None:
    counter.show(VIEWS["claimed"])
    counter.show(VIEWS["paid"], settled=False)
    assert counter.tap(693, 413) == []
    counter.seconds += 0.31
    assert counter.tap(693, 413) == [intents.NextCustomer()]


def test_a_button_that_changes_its_meaning_ignores_the_finger_on_its_way(
    counter: TouchedCounter,
) -> None:
    counter.show(VIEWS["standby"])
    counter.show(VIEWS["late"], settled=False)
    assert counter.tap(606, 362) == []
    counter.seconds += 0.31
    assert counter.tap(606, 362) == [intents.AcknowledgeLate()]


def test_a_finger_down_while_screens_change_emits_nothing(
    counter: TouchedCounter,
) -> None:
    counter.show(VIEWS["qr-fixed"])
    counter.press(696, 436)  # 中止
    counter.show(VIEWS["paid"])  # the payment won
    counter.lift(696, 436)
    assert counter.intents == []


def test_a_late_payment_that_ages_does_not_lock_its_button(counter: TouchedCounter) -> None:
    """The card is drawn anew each minute; 見ました under it must stay tappable."""
    late = VIEWS["late"]
    assert isinstance(late, StandbyView)
    assert isinstance(late.panel, LatePanel)
    counter.show(late)
    older = LatePanel(tuple(replace(p, ago_s=p.ago_s + 60) for p in late.panel.payments))
    counter.show(replace(late, panel=older), settled=False)
    assert counter.tap(606, 362) == [intents.AcknowledgeLate()]


def test_the_qr_is_swapped_in_one_frame(counter: TouchedCounter) -> None:
    standby, fixed = VIEWS["standby"], VIEWS["qr-fixed"]
    assert isinstance(standby, StandbyView)
    counter.show(standby)
    before = counter.window.picture()
    other = replace(standby, qr=fixed.qr)
    counter.window.show(other)
    assert _differing(before, counter.window.picture(), (64, 109, 363, 408)) > 10_000


def test_nothing_is_repainted_when_nothing_changed(counter: TouchedCounter) -> None:
    """Standing by must not cost power: the same view twice paints no part anew."""
    counter.show(VIEWS["standby"])
    groups = _painted(counter)
    counter.show(VIEWS["standby"])
    assert _painted(counter) == groups


def _painted(counter: TouchedCounter) -> dict[str, Any]:
    return {name: id(part.marks) for name, part in counter.screen._parts.items()}


def test_waves_drift_by_24_units_a_second(counter: TouchedCounter) -> None:
    """A tile is 52 wide: after 52/24 s the strip looks the same again, in between it doesn't."""
    counter.show(VIEWS["paid"])
    strip = (330, 0, 480, 12)
    start = counter.seconds

    def at(seconds: float) -> Image.Image:
        counter.screen.move(start + seconds)
        return counter.window.picture()

    first = at(0)
    assert _differing(first, at(1.0), strip) > 100
    assert _differing(first, at(52 / 24), strip) < 40
    one_second = at(1.0).crop(strip)
    moved = first.crop((strip[0] + 24, 0, strip[2] + 24, 12))
    assert _count(one_second, moved) < 60


def test_the_ring_drains_with_the_windows_clock(counter: TouchedCounter) -> None:
    counter.show(VIEWS["standby"], settled=False)
    before = counter.window.picture()
    counter.screen.move(counter.seconds + 10)
    assert _differing(before, counter.window.picture(), (16, 60, 412, 468)) > 500


def test_a_shop_may_have_any_name(counter: TouchedCounter) -> None:
    """Rare kanji, a variation selector, a control character, an emoji, nothing at all."""
    standby = VIEWS["standby"]
    for name in ("𠮷野家", "葛\U000e0100城商店", "a\x00b\nc", "🍎果実店", "", "鬱" * 200):
        counter.show(replace(standby, bar=replace(standby.bar, shop=name)))
        for marks in counter.screen.marks():
            for text in marks.texts:
                assert text.box.right <= 800


def test_amounts_in_every_length_have_room(counter: TouchedCounter) -> None:
    amount = VIEWS["amount"]
    for digits in range(1, 8):
        yen = Yen(int("8" * digits))
        counter.show(replace(amount, amount=yen, state=AmountState.READY))
        assert not any(text.cut for marks in counter.screen.marks() for text in marks.texts)


def test_a_line_without_a_page_has_no_arrow_and_no_tap(counter: TouchedCounter) -> None:
    standby = VIEWS["standby"]
    assert isinstance(standby, StandbyView)
    panel: Any = standby.panel
    line = Line(LineKind.OUTCOME, Bilingual("受付を終えました", "Closed"))
    counter.show(replace(standby, panel=replace(panel, line=line)))
    assert counter.tap(606, 294) == []


def test_one_late_payment_stands_alone(counter: TouchedCounter) -> None:
    standby = VIEWS["standby"]
    assert isinstance(standby, StandbyView)
    payment = LatePayment("14:05", 90, Yen(1), (), "000001", SlipState.NONE)
    counter.show(replace(standby, panel=LatePanel((payment,))))
    texts = [text.text for marks in counter.screen.marks() for text in marks.texts]
    assert "1分前" in texts
    assert not any(text.startswith("ほか") for text in texts)


def test_one_finger_told_by_two_readers_is_one_tap(counter: TouchedCounter) -> None:
    """On the Pi, SDL and Kivy's own reader of /dev/input may both see the panel."""
    counter.show(VIEWS["amount"])
    for reader, uid in (("sdl", 1), ("hidinput", 2)):
        touch = SimpleNamespace(device=reader, uid=uid, x=475.0, y=480.0 - 108)
        counter.screen.on_touch_down(touch)
        counter.seconds += 0.01
    assert counter.intents == [Digit("7")]
    counter.screen.on_touch_down(SimpleNamespace(device="sdl", uid=3, x=475.0, y=372.0))
    assert counter.intents == [Digit("7"), Digit("7")], "the same reader: a second tap"


def test_training_has_stripes_on_every_screen(counter: TouchedCounter) -> None:
    wisteria, white = (0x5A, 0x2A, 0x82), (255, 255, 255)
    for view in {type(view): view for view in VIEWS.values()}.values():
        counter.show(replace(view, bar=replace(view.bar, mode=Mode.TRAINING)))
        picture = counter.window.picture()
        for edge in ((0, 4, 800, 5), (0, 475, 800, 476), (4, 0, 5, 480), (795, 0, 796, 480)):
            colours = {colour for _, colour in picture.crop(edge).getcolors(64) or []}
            assert colours == {wisteria, white}, type(view).__name__
    counter.show(VIEWS["standby"])
    assert counter.window.picture().getpixel((4, 300)) == (0xFB, 0xF8, 0xF1)


def _differing(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> int:
    return _count(one.crop(box), other.crop(box))


def _count(one: Image.Image, other: Image.Image) -> int:
    """Pixels that differ visibly."""
    difference = ImageChops.difference(one, other).convert("L")
    return sum(difference.histogram()[24:])
