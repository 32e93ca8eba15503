"""The composition root of the counter: the one place that picks real or simulated parts."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.checkpoints import Checkpoint, no_checkpoint
from device.core.counter import initial_state
from device.core.events import Booted, BrokerLinkChanged, Event, Tapped
from device.core.intents import Intent, ToggleLanguage
from device.core.japan_time import tokyo
from device.core.language import Language
from device.core.state import Identity as CoreIdentity
from device.core.state import LinkState, Now, State
from device.driver import Driver
from device.journal.journal import Journal, JournalError
from device.links.broker import BrokerLink
from device.links.clock import DeviceClock
from device.links.identity import Identity, IdentityStore
from device.links.parts import PartsLink
from device.links.printing import NoPrinter, PrintLink
from device.links.renewal import Renewal
from device.links.runners import Runners
from device.links.server import ServerLink, Standing
from device.links.sounds import SoundLink
from device.receipts import lay_out
from device.settings import Settings
from device.ui.presenter import present
from device.ui.views import View, rows_per_page
from device.voice.announcements import Chime
from device.voice.files import sound_file
from hardware.clock import SystemClock
from hardware.network.interfaces import LinuxNetworks
from hardware.ports import Speaker
from hardware.printer.driver import open_printer
from hardware.printer.profiles import load_profile
from hardware.printer.renderers import ProfileRenderer
from hardware.printer.typeface import Typeface
from hardware.sound.sdl_speaker import SdlSpeaker
from hardware.sound.silence import SilentSpeaker
from protos.operation.logs import say
from protos.operation.service_manager import ServiceManager
from protos.units import TerminalNumber
from protos.version import __version__

if TYPE_CHECKING:
    from device.ui.window import CounterWindow

log = logging.getLogger(__name__)

TICK_S = 0.25
PICTURE = "screen.png"
_HOUR_S = 3_600.0
_QUIET_HOUR = 3
"""In Japan: no shop is open."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a counter is built from."""

    settings: Settings
    state_dir: Path
    manager: ServiceManager
    checkpoint: Checkpoint = no_checkpoint


class Counter:
    """One run of the counter, from the journal's opening to the window's end."""

    def __init__(self, base: Surroundings, window: "CounterWindow") -> None:
        """On the loop that will run it. Raises JournalError, IdentityError, PrinterError."""
        self._base = base
        self._window = window
        self._boot_id = secrets.token_hex(8)
        self._store = IdentityStore(base.state_dir)
        self._store.recover()
        self._identity = self._store.load()
        self._clock = DeviceClock(SystemClock())
        number = self._identity.terminal_number if self._identity else TerminalNumber(0)
        self._journal = Journal(
            base.state_dir / "journal.sqlite", number, self._clock.wall(), base.checkpoint
        )
        geometry = window.geometry
        self._driver = Driver(
            initial_state(rows_per_page(geometry.width, geometry.height)),
            self._journal,
            self._clock.tick,
            self._run_effect,
            self._show,
            base.checkpoint,
        )
        self._shown: type[View] | None = None
        self._speaker: Speaker = SdlSpeaker() if base.settings.sound.enabled else SilentSpeaker()
        self._sound = SoundLink(self._speaker, self._post)
        self._printer = self._make_printer()
        self._parts = PartsLink(
            networks=LinuxNetworks(), speaker=self._speaker, clock=self._clock, post=self._post
        )
        self._server = self._make_server() if self._identity else None
        self._broker_restart = asyncio.Event()
        self._broker: BrokerLink | None = None
        self._runners = Runners(
            server=self._server, sound=self._sound, printer=self._printer, parts=self._parts
        )

    # --- parts --------------------------------------------------------------------------------

    def _make_printer(self) -> PrintLink | NoPrinter:
        settings = self._base.settings.printer
        if settings.profile == "none" or self._identity is None:
            return NoPrinter(self._post)
        profile = load_profile(settings.profile)
        return PrintLink(
            printer=open_printer(profile, settings.device),
            renderer=ProfileRenderer(profile, Typeface()),
            layout=lay_out,
            terminal=self._identity.terminal_id,
            clock=self._clock,
            post=self._post,
        )

    def _make_server(self) -> ServerLink:
        assert self._identity is not None
        server = self._base.settings.server
        return ServerLink(
            host=server.host,
            port=server.terminals_port,
            identity=self._identity,
            clock=self._clock,
            standing=self._standing,
            post=self._post,
            on_connected=self._connected_as,
        )

    def _standing(self) -> Standing:
        state = self._driver.state
        configured = state.configuration.version if state.configuration else ""
        return Standing(
            boot_id=self._boot_id,
            highest_sale=state.last_sale,
            last_sequence=state.received.contiguous,
            configuration_version=configured,
            software_version=__version__,
        )

    def _connected_as(self, number: int) -> None:
        if self._broker is not None:
            self._broker.connected_as(number)

    async def _run_broker(self) -> None:
        """The MQTT link, begun anew with each new certificate."""
        identity = self._identity
        settings = self._base.settings
        while identity is not None:
            self._broker_restart.clear()
            self._broker = BrokerLink(
                host=settings.broker_host,
                port=settings.server.broker_port,
                identity=identity,
                files=self._store.files(),
                boot_id=self._boot_id,
                now=self._clock.wall,
                post=self._post,
            )
            link = asyncio.create_task(self._broker.run(), name="broker")
            try:
                await self._broker_restart.wait()
            finally:
                link.cancel()
                await asyncio.gather(link, return_exceptions=True)
            identity = self._identity

    async def _renewed(self, identity: Identity) -> None:
        self._identity = identity
        if self._server is not None:
            await self._server.renewed(identity)
        self._broker_restart.set()

    # --- the loop -----------------------------------------------------------------------------

    async def _post(self, event: Event) -> None:
        self._driver.send(event)
        if event == BrokerLinkChanged(LinkState.UP) and self._server is not None:
            # the broker stands beside the server: don't sit out the rest of a pause
            self._server.reconnect()

    def tapped(self, intent: Intent) -> None:
        """Staff tapped."""
        self._driver.send(Tapped(intent))

    def _run_effect(self, effect: Any) -> None:
        self._runners(effect)

    def _show(self, state: State) -> None:
        view = present(state, _now(self._clock))
        self._window.show(view)
        if type(view) is not self._shown:
            self._shown = type(view)
            name = type(view).__name__.removesuffix("View")
            say(log, logging.INFO, "screen", screen=name, drawn_at=self._clock.wall())

    async def _tick(self) -> None:
        seconds = -1
        while True:
            self._driver.tick()
            now = self._clock.wall() // 1_000_000
            if now != seconds:  # clocks and ages on the screen count by the second
                seconds = now
                self._show(self._driver.state)
            await asyncio.sleep(TICK_S)

    def boot(self) -> None:
        """The first events of a run: the time, then what the journal knows."""
        identity = self._identity
        core = None
        if identity is not None:
            core = CoreIdentity(
                identity.terminal_id, identity.terminal_number, identity.ledger_id, identity.keys
            )
        self._driver.send(Booted(self._journal.load(), core, self._boot_id))
        if self._base.settings.screen.language == Language.EN.value:
            self._driver.send(Tapped(ToggleLanguage()))
        self._show(self._driver.state)

    def picture(self) -> None:
        """Write what the window shows into the state directory, for support and tests."""
        path = self._window.screenshot(self._base.state_dir / PICTURE)
        say(log, logging.INFO, "picture", path=str(path))

    async def run(self) -> None:
        """Until the window ends or this is cancelled."""
        await self._speaker.open(preload=[sound_file(chime.value) for chime in Chime])
        self.boot()
        works: list[Coroutine[Any, Any, None]] = [
            self._tick(),
            self._sound.run(),
            self._printer.run(),
            self._parts.run(),
            self._keep_house(),
            self._base.manager.watchdog(self._alive),
        ]
        if self._server is not None and self._identity is not None:
            server = self._base.settings.server
            renewal = Renewal(
                host=server.host,
                port=server.terminals_port,
                store=self._store,
                identity=self._identity,
                clock=self._clock,
                renewed=self._renewed,
            )
            works += [self._server.run(), self._run_broker(), renewal.run()]
        self._base.manager.ready("the counter is open")
        say(log, logging.INFO, "counter open", boot=self._boot_id, driver=self._window.driver)
        await _all(works)

    async def _keep_house(self) -> None:
        """Once a day, at night: what is final and older than 400 days leaves the journal."""
        while True:
            await asyncio.sleep(_HOUR_S)
            if tokyo(self._clock.wall()).hour != _QUIET_HOUR:
                continue
            try:
                self._journal.prune(self._clock.wall())
            except JournalError as error:
                say(log, logging.ERROR, "journal not pruned", code=error.code, error=error)

    async def _alive(self) -> bool:
        return True  # asked on the loop that draws, ticks and journals: it turns

    async def close(self) -> None:
        """Give everything back."""
        with contextlib.suppress(Exception):
            await self._speaker.close()
        self._journal.close()


async def _all(works: list[Coroutine[Any, Any, None]]) -> None:
    """Run all; the first failure ends all of them and is raised: systemd starts us again."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


def _now(clock: DeviceClock) -> Now:
    tick = clock.tick()
    return Now(tick.wall, tick.mono, tick.clock)
