"""The server's settings: one declarative table that parses, checks, documents and defaults.

A field of a section below is a setting: its type, default, sentence and check stand in one place
(the table's own rules: ``protos/operation/settings_table.py``). No secret is a setting; keys:
``server/state.py``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from protos.operation.settings_table import (
    LogSettings,
    SettingsError,
    between,
    describe,
    setting,
    tcp_port,
    tcp_port_or_off,
)
from protos.operation.settings_table import load as load_table
from protos.qr_token import MAX_HOST_LENGTH
from protos.units import MAX_AMOUNT

__all__ = ["DEFAULT_FOLDER", "Settings", "SettingsError", "describe", "load"]

DEFAULT_FOLDER = Path("/etc/choba")


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


def _registration(value: str) -> str | None:
    if value and not re.fullmatch(r"T[0-9]{13}", value):
        return "must be T and 13 digits, e.g. T1234567890123"
    return None


def _origins(value: tuple[str, ...]) -> str | None:
    known = ("file", "hand", "campaign")
    if not set(value) <= set(known):
        return f"must be some of {', '.join(known)}"
    return None


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the books stand."""

    url: str = setting(
        "",
        "SQLAlchemy URL of the database, without a password in it (use ~/.pgpass or a "
        "service file). Empty: SQLite in the state directory.",
    )
    lane: str = setting(
        "main",
        "Lane of this process's posting engine. Left at main, a process that finds it taken by a "
        "living one posts into main-2 and so on; any other name is taken as it is.",
    )


@dataclass(frozen=True, slots=True)
class DevicesSettings:
    """gRPC for terminals: mutual TLS, the certificate is the terminal's identity."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    port: int = setting(8470, "Port for terminals.", tcp_port)


@dataclass(frozen=True, slots=True)
class PublicSettings:
    """gRPC for enrolment, wallets and operators: server TLS, bearer tokens."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    port: int = setting(8471, "Port for enrolment, wallets and operators.", tcp_port)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The wallet's pages."""

    host: str = setting("0.0.0.0", "Address to listen on.")
    https_port: int = setting(8443, "Port of the wallet over HTTPS.", tcp_port)
    plain_http_port: int = setting(
        0,
        "Port of the wallet over plain HTTP, for a demonstration on a local network, where a "
        "phone does not know the certificate. 0: off. Never on the internet.",
        tcp_port_or_off,
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
    port: int = setting(8883, "Port that the server's own mosquitto listens on.", tcp_port)
    ca_file: str = setting(
        "",
        "Authority of the broker in broker.url, a PEM file. Empty: those that this system trusts.",
    )
    program: str = setting("mosquitto", "Program of the server's own broker.")
    run_as: str = setting(
        "mosquitto", "User of the broker when the server itself is started by root."
    )
    in_flight: int = setting(
        64, "Announcements published and not yet acknowledged, at most.", between(1, 250)
    )


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Whom a customer or a shop can ask; stands on every slip."""

    id: str = setting("OP-0001", "Id of the operator, as the transactions' CSV names it.")
    name: str = setting("まち商品券事務局", "Name of the office.")
    phone: str = setting("0120-000-000", "Telephone number of the office.")
    hours_ja: str = setting("毎日9時〜18時", "When the office answers, in Japanese.")
    hours_en: str = setting("daily 9:00-18:00", "When the office answers, in English.")


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """Who pays shops and sends them statements: the consortium or the city's office."""

    name: str = setting("", "Name on statements and invoices. Empty: office.name.")
    address: str = setting("", "Postal address on statements and invoices; empty leaves it out.")
    email: str = setting("", "Where a shop can write to; empty leaves it out.")


@dataclass(frozen=True, slots=True)
class InvoiceSettings:
    """請求書: what the city is billed each month for what was used."""

    addressee: str = setting("", "Who is billed, e.g. みほん市長; without it no invoice is made.")
    contract: str = setting("", "The contract that is billed under; empty leaves it out.")
    account: str = setting("", "Account to pay to, as people read it; empty leaves it out.")
    account_name: str = setting("", "Name of that account in kana.")
    registration: str = setting(
        "", "登録番号, T and 13 digits; printed where a line is taxed.", _registration
    )
    commission_yen: int = setting(
        0, "委託料 of a month without tax; 0: billed elsewhere.", between(0, 10**10)
    )
    commission_tax_percent: int = setting(0, "Consumption tax on it, per cent.", between(0, 100))
    activity_origins: tuple[str, ...] = setting(
        ("file",),
        "How points for activities (C) are granted: file, hand, campaign. Others are D.",
        _origins,
    )


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """What every terminal is told."""

    amount_limit_yen: int = setting(
        200_000, "Largest amount that staff may key in, in yen.", between(1, MAX_AMOUNT)
    )
    slip_copies: int = setting(1, "1: customer's copy; 2: the shop's too.", between(1, 2))
    pairing_minutes: int = setting(
        15, "How long a pairing code can be used, in minutes.", between(1, 7 * 24 * 60)
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
    issuer: IssuerSettings = IssuerSettings()
    invoice: InvoiceSettings = InvoiceSettings()
    terminals: TerminalSettings = TerminalSettings()
    log: LogSettings = LogSettings()


def load(paths: Iterable[Path]) -> Settings:
    """Settings from files, later ones winning; a folder means its ``*.toml`` by name.

    Raises SettingsError that names file and key.
    """
    settings = load_table(Settings(), paths)
    _check_together(settings)
    return settings


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
