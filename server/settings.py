"""The server's settings: one declarative table that parses, checks, documents and defaults.

A field of a section below is a setting: its type, default, sentence and check stand in one place.
Files are TOML; every ``*.toml`` of the folder is read in order of name, a later one wins. An
unknown key is an error with the nearest name; no secret is a setting (keys: ``server/state.py``).
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from protos.qr_token import MAX_HOST_LENGTH
from protos.units import MAX_AMOUNT

DEFAULT_FOLDER = Path("/etc/choba")

_TYPE_NAMES: Mapping[type, str] = {str: "text", int: "whole number", tuple: "list of texts"}


class SettingsError(Exception):
    """A setting that cannot be used; ``code`` is stable, the text names key, file and remedy."""

    code = "CHOBA_SETTINGS_INVALID"


Check = Callable[[Any], str | None]
"""What is wrong with a value, in words; None when nothing is."""


def _port(value: int) -> str | None:
    return None if 1 <= value <= 65_535 else "a port is a number from 1 to 65535"


def _port_or_off(value: int) -> str | None:
    return None if 0 <= value <= 65_535 else "a port is a number from 1 to 65535, 0 is off"


def _between(low: int, high: int) -> Check:
    def check(value: int) -> str | None:
        return None if low <= value <= high else f"must be from {low} to {high}"

    return check


def _one_of(*words: str) -> Check:
    def check(value: str) -> str | None:
        return None if value in words else f"must be one of {', '.join(words)}"

    return check


def _wallet_url(value: str) -> str | None:
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
        return "must look like https://wallet.example.jp or http://192.168.1.20:8080"
    if len(parts.netloc) > MAX_HOST_LENGTH:
        return f"host and port may have {MAX_HOST_LENGTH} characters, so that the QR stays coarse"
    return None


def _broker_url(value: str) -> str | None:
    parts = urlsplit(value)
    if value and (parts.scheme != "mqtts" or not parts.hostname):
        return "must look like mqtts://broker.example.jp:8883"
    return None


def setting(default: Any, doc: str, check: Check | None = None) -> Any:
    """A row of the table: default, sentence, check. Any: dataclasses type the field itself."""
    return field(default=default, metadata={"doc": doc, "check": check})


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the books stand."""

    url: str = setting(
        "",
        "SQLAlchemy URL of the database, without a password in it (use ~/.pgpass or a "
        "service file). Empty: SQLite in the state directory.",
    )
    lane: str = setting(
        "main", "Lane of this process's posting engine: one name per server process."
    )


@dataclass(frozen=True, slots=True)
class DevicesSettings:
    """gRPC for terminals: mutual TLS, the certificate is the terminal's identity."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    port: int = setting(8470, "Port for terminals.", _port)


@dataclass(frozen=True, slots=True)
class PublicSettings:
    """gRPC for enrolment, wallets and operators: server TLS, bearer tokens."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    port: int = setting(8471, "Port for enrolment, wallets and operators.", _port)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The wallet's pages."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    https_port: int = setting(8443, "Port of the wallet over HTTPS.", _port)
    plain_http_port: int = setting(
        0,
        "Port of the wallet over plain HTTP, for a demonstration on a local network, where a "
        "phone does not know the certificate. 0: off. Never on the internet.",
        _port_or_off,
    )
    wallet_url: str = setting(
        "",
        "What the QR opens, as the phones of customers see it. Empty: the first name of tls.names "
        "or this machine's address, with https_port.",
        _wallet_url,
    )
    name_ja: str = setting("まち商品券", "Name of the wallet, in Japanese.")
    name_en: str = setting("Machi Vouchers", "Name of the wallet, in English.")
    sms_file: str = setting(
        "",
        "Simulated gateway of short messages: sign-in codes are appended to this file. Empty: "
        "sms.jsonl in the state directory.",
    )


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Names in the server's certificate."""

    names: tuple[str, ...] = setting(
        (),
        "Names and addresses under which terminals and phones reach this server. localhost and "
        "this machine's own addresses are always added.",
    )


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Announcements to the counters over MQTT."""

    url: str = setting(
        "",
        "A broker of your own, e.g. mqtts://broker.example.jp:8883. Empty: the server configures, "
        "starts and watches a mosquitto.",
        _broker_url,
    )
    host: str = setting("0.0.0.0", "Address that the server's own mosquitto listens on.")
    port: int = setting(8883, "Port that the server's own mosquitto listens on.", _port)
    ca_file: str = setting(
        "",
        "Authority of the broker in broker.url, a PEM file. Empty: those that this system trusts.",
    )
    program: str = setting("mosquitto", "Program of the server's own broker.")
    run_as: str = setting(
        "mosquitto", "User of the broker when the server itself is started by root."
    )
    in_flight: int = setting(
        64, "Announcements published and not yet acknowledged, at most.", _between(1, 250)
    )


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Whom a customer or a shop can ask; stands on every slip."""

    name: str = setting("まち商品券事務局", "Name of the office.")
    phone: str = setting("0120-000-000", "Telephone number of the office.")
    hours_ja: str = setting("毎日9時〜18時", "When the office answers, in Japanese.")
    hours_en: str = setting("daily 9:00-18:00", "When the office answers, in English.")


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """What every terminal is told."""

    amount_limit_yen: int = setting(
        200_000, "Largest amount that staff may key in, in yen.", _between(1, MAX_AMOUNT)
    )
    slip_copies: int = setting(1, "1: customer's copy; 2: the shop's too.", _between(1, 2))
    pairing_minutes: int = setting(
        15, "How long a pairing code can be used, in minutes.", _between(1, 7 * 24 * 60)
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """JSON lines to standard error."""

    level: str = setting(
        "info", "debug, info, warning or error.", _one_of("debug", "info", "warning", "error")
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the server. Frozen: a change is a restart."""

    database: DatabaseSettings = DatabaseSettings()
    devices: DevicesSettings = DevicesSettings()
    public: PublicSettings = PublicSettings()
    web: WebSettings = WebSettings()
    tls: TlsSettings = TlsSettings()
    broker: BrokerSettings = BrokerSettings()
    office: OfficeSettings = OfficeSettings()
    terminals: TerminalSettings = TerminalSettings()
    log: LogSettings = LogSettings()


def load(paths: Iterable[Path]) -> Settings:
    """Settings from files, later ones winning; a folder means its ``*.toml`` by name.

    Raises SettingsError that names file and key.
    """
    settings = Settings()
    for path in _files(paths):
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: is not TOML: {error}") from error
        settings = apply(settings, data, source=str(path))
    _check_together(settings)
    return settings


def apply(settings: Settings, data: Mapping[str, object], source: str) -> Settings:
    """``settings`` with the values of one file put over them; raises SettingsError."""
    sections = {f.name: getattr(settings, f.name) for f in dataclasses.fields(Settings)}
    for name, values in data.items():
        if name not in sections:
            raise SettingsError(f"{source}: [{name}]: unknown section{_nearest(name, sections)}")
        if not isinstance(values, dict):
            raise SettingsError(f"{source}: {name}: is a section, write [{name}] above its keys")
        sections[name] = _apply_section(name, sections[name], values, source)
    return Settings(**sections)


def describe(settings: Settings) -> str:
    """Every setting as TOML with its sentence: the documentation, and a file to start from."""
    lines: list[str] = []
    for section in dataclasses.fields(Settings):
        value = getattr(settings, section.name)
        lines += [f"[{section.name}]", f"# {(type(value).__doc__ or '').strip()}"]
        for row in dataclasses.fields(value):
            lines.append(f"# {row.metadata['doc']}")
            lines.append(f"{row.name} = {_toml(getattr(value, row.name))}")
        lines.append("")
    return "\n".join(lines)


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.toml"))
        else:
            yield path


def _apply_section(name: str, section: Any, values: Mapping[str, object], source: str) -> Any:
    rows = {f.name: f for f in dataclasses.fields(section)}
    changes: dict[str, object] = {}
    for key, raw in values.items():
        where = f"{source}: {name}.{key}"
        if key not in rows:
            raise SettingsError(f"{where}: unknown setting{_nearest(key, rows)}")
        value = tuple(raw) if isinstance(raw, list) else raw
        wanted = type(getattr(section, key))
        if type(value) is not wanted or (
            isinstance(value, tuple) and not all(isinstance(v, str) for v in value)
        ):
            raise SettingsError(f"{where}: must be a {_TYPE_NAMES[wanted]}")
        check = cast("Check | None", rows[key].metadata["check"])
        problem = check(value) if check else None
        if problem:
            raise SettingsError(f"{where}: {problem}")
        changes[key] = value
    return dataclasses.replace(section, **changes)


def _check_together(settings: Settings) -> None:
    web = settings.web
    if web.wallet_url.startswith("http:") and not web.plain_http_port:
        raise SettingsError(
            "web.wallet_url: starts with http, but web.plain_http_port is off; "
            "use https or set the port"
        )
    database = urlsplit(settings.database.url)
    if database.password:
        raise SettingsError(
            "database.url: holds a password; put it into ~/.pgpass or a PostgreSQL service file"
        )


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def _toml(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
