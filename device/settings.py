"""The terminal's own settings: what the operator cannot push because it is of this machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from protos.operation.settings_table import (
    LogSettings,
    SettingsError,
    between,
    load,
    one_of,
    setting,
    tcp_port,
)

DEFAULT_FOLDER = Path("/etc/choba")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server is."""

    host: str = setting("localhost", "Name or address of the server.")
    terminals_port: int = setting(8470, "Its gRPC port for terminals.", tcp_port)
    public_port: int = setting(8471, "Its gRPC port for enrolment.", tcp_port)
    broker_host: str = setting("", "Name or address of the MQTT broker. Empty: the server's.")
    broker_port: int = setting(8883, "Port of the MQTT broker.", tcp_port)


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """The touch screen."""

    width: int = setting(800, "Width in pixels.", between(320, 4096))
    height: int = setting(480, "Height in pixels.", between(320, 4096))
    fullscreen: bool = setting(False, "Fill the screen; on the counter this is true.")
    language: str = setting("ja", "Language at start: ja or en.", one_of("ja", "en"))


@dataclass(frozen=True, slots=True)
class PrinterSettings:
    """The receipt printer."""

    profile: str = setting("none", "Name of a printer profile, or none for no printer.")
    device: str = setting(
        "",
        "How it is connected: tcp:192.168.1.50:9100, serial:/dev/ttyUSB0@19200 or usb:04b8:0e15.",
    )


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """The speaker."""

    enabled: bool = setting(True, "Play chimes and voice.")
    language: str = setting("ja", "Language of the voice: ja or en.", one_of("ja", "en"))
    volume: int = setting(100, "Volume in percent.", between(0, 100))


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the terminal. Frozen: a change is a restart."""

    server: ServerSettings = ServerSettings()
    screen: ScreenSettings = ScreenSettings()
    printer: PrinterSettings = PrinterSettings()
    sound: SoundSettings = SoundSettings()
    log: LogSettings = LogSettings()

    @property
    def broker_host(self) -> str:
        """The broker stands on the server unless said otherwise."""
        return self.server.broker_host or self.server.host


def load_settings(paths: Iterable[Path]) -> Settings:
    """Settings from files, later ones winning. Raises SettingsError that names file and key."""
    settings = load(Settings(), paths)
    if settings.printer.profile != "none" and not settings.printer.device:
        raise SettingsError(
            "printer.device: missing; say how the printer is connected, "
            "e.g. tcp:192.168.1.50:9100, or set printer.profile to none"
        )
    return settings
