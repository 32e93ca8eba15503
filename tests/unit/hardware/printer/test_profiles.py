"""Profiles: every shipped one is valid; a wrong one says what is wrong and what would be right."""

import re

import pytest

from hardware.paper import CELL_WIDTH
from hardware.ports import PrinterError
from hardware.printer.driver import open_printer
from hardware.printer.profiles import TransportKind, load_profile, parse_profile, profile_names
from hardware.printer.transports import Connection, parse_connection

GOOD = """
title = "TEST"
paper_mm = 58
columns = 32
dots = 384
transports = ["usb"]
"""


def test_every_shipped_profile_is_valid_and_holds_its_columns() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    assert {profile.columns for profile in profiles} == {32, 35, 42, 48}
    assert all(profile.columns * CELL_WIDTH <= profile.dots for profile in profiles)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('title = "TEST"\n', "title: missing"),
        ("columns = 32\n", "columns: missing"),
    ],
)
def test_a_missing_field_is_named(change: str, words: str) -> None:
    with pytest.raises(PrinterError, match=words):
        parse_profile("test", GOOD.replace(change, ""))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('cuter = "none"', "cuter: unknown field; did you mean 'cutter'?"),
        ('cutter = "ful"', "cutter: must be one of partial, none"),
        ('repertoire = "cp-932"', "did you mean 'cp932'?"),
        ("dpi = 600", "dpi: must be a whole number from 100 to 255"),
        ("baud_rate = true", "baud_rate: must be a whole number"),
        ("answer_timeout = 99", "answer_timeout: must be from 0.05 to 5 seconds"),
        ("dpi =", "not TOML"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_takes(line: str, words: str) -> None:
    with pytest.raises(PrinterError, match=re.escape(words)) as caught:
        parse_profile("test", GOOD + line)
    assert caught.value.code == "CHOBA_PRINTER_PROFILE_INVALID"


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(PrinterError, match=r"dots: .*; .*cutter: |cutter: .*dots: ") as caught:
        parse_profile("test", GOOD.replace("384", "1") + 'cutter = "x"')
    assert str(caught.value).count(";") >= 1


def test_columns_that_do_not_fit_the_dots_are_refused() -> None:
    with pytest.raises(PrinterError, match="columns: 48 of 12 dots"):
        parse_profile("test", GOOD.replace("32", "48"))


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(PrinterError, match="did you mean 'generic-58'"):
        load_profile("generic58")


@pytest.mark.parametrize(
    ("text", "connection"),
    [
        ("tcp:192.168.1.50", Connection(TransportKind.NETWORK, "192.168.1.50", 9100)),
        ("tcp:printer.local:9101", Connection(TransportKind.NETWORK, "printer.local", 9101)),
        ("serial:/dev/ttyUSB0", Connection(TransportKind.SERIAL, "/dev/ttyUSB0", 0)),
        ("serial:/dev/ttyUSB0@9600", Connection(TransportKind.SERIAL, "/dev/ttyUSB0", 9600)),
        ("usb:04b8:0e15", Connection(TransportKind.USB, "04b8:0e15", 0x0E15, 0x04B8)),
    ],
)
def test_connections(text: str, connection: Connection) -> None:
    assert parse_connection(text) == connection


@pytest.mark.parametrize(
    "text", ["", "tcp:", "tcp:host:0", "tcp:host:70000", "usb:4b8:e15", "serial:ttyUSB0", "lp0"]
)
def test_a_wrong_connection_says_how_to_write_one(text: str) -> None:
    with pytest.raises(PrinterError, match="write tcp:") as caught:
        parse_connection(text)
    assert caught.value.code == "CHOBA_PRINTER_CONNECTION_INVALID"


def test_a_connection_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(PrinterError, match="profile epson-tm-m30 has network, usb"):
        open_printer(load_profile("epson-tm-m30"), "serial:/dev/ttyUSB0")
