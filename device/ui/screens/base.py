"""What all screens share: parts that are repainted only when their data change, and touches."""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from kivy.clock import Clock
from kivy.graphics import InstructionGroup
from kivy.uix.widget import Widget

from device.core.intents import Intent
from device.core.language import Bilingual
from device.ui.theme import PAPER, REAL, TRAINING, Box, Colour, Palette
from device.ui.views import Bar, Mode
from device.ui.widgets.bar import draw_bar
from device.ui.widgets.hatch import draw_frame
from device.ui.widgets.motion import Moving
from device.ui.widgets.painter import Marks, Painter, Studio, Target

GUARD_S: Final = 0.3
"""A screen or button that appears by itself takes no touch for so long: the finger on its way
was meant for what stood there before."""
DOWN_S: Final = 0.1
"""A down state stays at least so long, or a quick tap would be over before a frame shows it."""
ECHO_S: Final = 0.1
ECHO_REACH: Final = 40.0
"""A panel may be read twice, by SDL and by Kivy's own reader of /dev/input: a second touch from
another reader within this time and distance (pixels) is the same finger."""
SLIP: Final = 12.0
"""Design units a finger may leave a button and still mean it."""


class HasBar(Protocol):
    """Every view says what stands in the bar, and with it language and mode."""

    @property
    def bar(self) -> Bar:
        """The bar."""


@dataclass(slots=True)
class _Part:
    group: InstructionGroup
    key: Hashable = None
    marks: Marks = field(default_factory=Marks)
    made: Any = None
    guarded_from: float = -1e9


@dataclass(slots=True)
class _Press:
    target: Target
    group: InstructionGroup
    inside: bool = True


class Screen(Widget):
    """One screen. ``show`` draws a view; taps go to ``emit``."""

    SUDDEN: ClassVar = False
    """It may appear under a finger: no touch for ``GUARD_S``."""
    GROUND: ClassVar[Colour] = PAPER

    def __init__(
        self, studio: Studio, emit: Callable[[Intent], None], now: Callable[[], float]
    ) -> None:
        geometry = studio.geometry
        super().__init__(size_hint=(None, None), size=(geometry.width, geometry.height))
        self.geometry = geometry
        self.now = now
        self._studio = studio
        self._emit = emit
        self._body = InstructionGroup()
        self._overlay = InstructionGroup()
        self.canvas.add(self._body)
        self.canvas.add(self._overlay)
        self._parts: dict[str, _Part] = {}
        self._used: set[str] = set()
        self._presses: dict[Any, _Press] = {}
        self._last_down: tuple[str, float, float, float] = ("", -1e9, 0, 0)
        self._entered = -1e9
        self._fresh = True
        self._bar: Bar | None = None

    # --- drawing -----------------------------------------------------------------------------

    @abstractmethod
    def draw(self, view: Any) -> None:
        """Declare the screen's parts for this view."""

    def enter(self) -> None:
        """It is about to become the screen that is shown."""
        self._entered = self.now()
        self._fresh = True
        self._drop_presses()

    def show(self, view: HasBar) -> None:
        """Draw a view; what hasn't changed is left alone."""
        self._bar = view.bar
        self._used = set()
        whole = Box(0, 0, self.geometry.w, self.geometry.h)
        self.part("ground", (), lambda p: p.rect(whole, self.GROUND))
        self.draw(view)
        if view.bar.mode is Mode.TRAINING:
            self.part("stripes", (), lambda p: draw_frame(p, whole))
        for name, part in self._parts.items():
            if name not in self._used and part.key is not None:
                part.group.clear()
                part.key, part.marks, part.made = None, Marks(), None
        self._fresh = False
        self.move(self.now())

    def part(
        self,
        name: str,
        key: Hashable,
        paint: Callable[[Painter], Any],
        *,
        guarded: bool = False,
    ) -> Any:
        """Paint a part if its key (or language or mode) changed. Returns what ``paint`` made.

        ``guarded``: it may appear under a finger while the screen stays.
        """
        assert self._bar is not None
        self._used.add(name)
        part = self._parts.get(name)
        if part is None:
            part = self._parts[name] = _Part(InstructionGroup())
            self._body.add(part.group)
        full_key = (key, self._bar.language, self._bar.mode)
        if part.key != full_key:
            part.group.clear()
            part.marks = Marks()
            part.key = full_key
            part.made = paint(self._painter(part.group, part.marks))
            part.guarded_from = self.now() if guarded and not self._fresh else -1e9
        return part.made

    def curtain(self, bar: Bar, title: Bilingual | None = None, back: Intent | None = None) -> None:
        """The bar at the top: the shop's, or with a title a sub-page's."""
        key = (bar.shop, bar.terminal, bar.clock[:5], bar.link, title, back)
        self.part("bar", key, lambda p: draw_bar(p, bar, title, back))

    def _painter(self, group: InstructionGroup, marks: Marks | None = None) -> Painter:
        assert self._bar is not None
        return Painter(self._studio, group, self._bar.language, palette_of(self._bar), marks)

    def marks(self) -> Iterator[Marks]:
        """What is drawn now, part by part (for tests and the gallery)."""
        for part in self._parts.values():
            yield part.marks

    # --- moving ------------------------------------------------------------------------------

    def _moving(self) -> Iterator[Moving]:
        for part in self._parts.values():
            if hasattr(part.made, "move"):
                yield part.made

    @property
    def rate(self) -> float:
        """How often a second something moves; 0 for a still screen."""
        return max((moving.rate for moving in self._moving()), default=0.0)

    def move(self, now: float) -> None:
        """Put every moving part where it is at ``now``."""
        for moving in self._moving():
            moving.move(now)

    # --- touching ----------------------------------------------------------------------------

    def on_touch_down(self, touch: Any) -> bool:
        """Show the down state; keys emit here."""
        found = self._find(*self._design(touch))
        if found is None:
            return False
        part, target = found
        now = self.now()
        if self._is_echo(touch, now):
            return True
        if (self.SUDDEN and now - self._entered < GUARD_S) or now - part.guarded_from < GUARD_S:
            return True
        press = _Press(target, InstructionGroup())
        self._presses[touch.uid] = press
        self._overlay.add(press.group)
        if target.paint_down is not None:
            target.paint_down(self._painter(press.group))
        if target.on_down:
            self._emit(target.intent)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """A finger that slides off takes its tap back."""
        press = self._presses.get(touch.uid)
        if press is None:
            return False
        inside = press.target.box.inset(-SLIP).holds(*self._design(touch))
        if inside != press.inside:
            press.inside = inside
            press.group.clear()
            if inside and press.target.paint_down is not None:
                press.target.paint_down(self._painter(press.group))
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Buttons emit here, if the finger is still on them."""
        press = self._presses.pop(touch.uid, None)
        if press is None:
            return False
        Clock.schedule_once(lambda _dt: self._overlay.remove(press.group), DOWN_S)
        if press.inside and not press.target.on_down:
            self._emit(press.target.intent)
        return True

    def _is_echo(self, touch: Any, now: float) -> bool:
        """Whether another reader has just told of this finger."""
        device, at, x, y = self._last_down
        near = abs(touch.x - x) < ECHO_REACH and abs(touch.y - y) < ECHO_REACH
        if touch.device != device and now - at < ECHO_S and near:
            return True
        self._last_down = (touch.device, now, touch.x, touch.y)
        return False

    def _find(self, x: float, y: float) -> tuple[_Part, Target] | None:
        for part in reversed(self._parts.values()):
            for target in reversed(part.marks.targets):
                if target.box.holds(x, y):
                    return part, target
        return None

    def _design(self, touch: Any) -> tuple[float, float]:
        scale = self.geometry.scale
        return touch.x / scale, (self.geometry.height - touch.y) / scale

    def _drop_presses(self) -> None:
        self._presses.clear()
        self._overlay.clear()


def palette_of(bar: Bar) -> Palette:
    """Wisteria in training, else the house's colours."""
    return TRAINING if bar.mode is Mode.TRAINING else REAL
