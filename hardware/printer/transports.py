"""How bytes reach a printer: python-escpos opens and writes, reading is ours.

The library's own status reading calls a silent serial printer well supplied with paper, so here
a read returns what came within a time and nothing else. Every call is bounded.
"""

import logging
import re
import socket
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import serial
import usb.core
from escpos.exceptions import Error as EscposError
from escpos.printer import Network, Serial, Usb

from hardware.ports import PrinterError
from hardware.printer.profiles import TransportKind

_CONNECT_SECONDS: Final = 3.0
_READ_SIZE: Final = 64
_LIBRARY_ERRORS: Final = (
    EscposError,
    OSError,  # pyserial's and pyusb's are children of it
    termios.error,  # what a serial line says whose other end was pulled; no child of OSError
)
_log = logging.getLogger(__name__)
T = TypeVar("T")


class TransportError(Exception):
    """The connection is gone or can't be made; the words are for the log."""


class TransportTimeoutError(TransportError):
    """The printer took no bytes for the time given: its buffer is full."""


class Transport(Protocol):
    """A line to one printer. Not for several threads at once."""

    def open(self) -> None:
        """Connect, afresh if need be. Raises TransportError."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether ``open`` succeeded and nothing failed since."""
        ...

    @property
    def tells_dead(self) -> bool:
        """Whether opening afresh proves that the printer is there (network)."""
        ...

    def write(self, data: bytes, timeout: float) -> None:
        """Hand bytes over within ``timeout`` seconds. Raises TransportError, or the timeout's."""
        ...

    def read(self, timeout: float) -> bytes:
        """What arrives first within ``timeout`` seconds, or nothing. Raises TransportError."""
        ...

    def close(self) -> None:
        """Let go. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a printer is, parsed from a setting (``parse_connection``)."""

    kind: TransportKind
    address: str
    number: int = 0
    """TCP port, or speed of the serial line (0 = the profile's), or USB product id."""
    vendor: int = 0


_CONNECTIONS: Final[Mapping[TransportKind, re.Pattern[str]]] = {
    TransportKind.NETWORK: re.compile(r"tcp:(?P<address>[^:\s]+)(?::(?P<number>\d{1,5}))?"),
    TransportKind.SERIAL: re.compile(r"serial:(?P<address>/[^@\s]+)(?:@(?P<number>\d{4,6}))?"),
    TransportKind.USB: re.compile(r"usb:(?P<address>[0-9a-f]{4}:[0-9a-f]{4})"),
}


def parse_connection(text: str) -> Connection:
    """Read ``tcp:HOST[:PORT]``, ``serial:/dev/…[@SPEED]`` or ``usb:VENDOR:PRODUCT`` (hex).

    Raises PrinterError ``CHOBA_PRINTER_CONNECTION_INVALID``.
    """
    for kind, pattern in _CONNECTIONS.items():
        match = pattern.fullmatch(text)
        if match is None:
            continue
        if kind is TransportKind.USB:
            vendor, product = (int(part, 16) for part in match["address"].split(":"))
            return Connection(kind, match["address"], product, vendor)
        default = 9100 if kind is TransportKind.NETWORK else 0
        number = int(match["number"] or default)
        if kind is TransportKind.SERIAL or 1 <= number <= 65535:
            return Connection(kind, match["address"], number)
    raise PrinterError(
        "CHOBA_PRINTER_CONNECTION_INVALID",
        f"printer.connection {text!r}: write tcp:192.168.1.50:9100, serial:/dev/ttyUSB0@19200 "
        "or usb:04b8:0e15",
    )


class _EscposTransport:
    """The part that all three share: errors of the library and the system become ours."""

    def __init__(self, printer: Any) -> None:
        self._printer = printer
        self._open = False

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def tells_dead(self) -> bool:
        return False

    def open(self) -> None:
        self.close()
        self._guard(self._connect)
        self._open = True

    def _connect(self) -> None:
        self._printer.open()

    def close(self) -> None:
        self._open = False
        try:
            self._disconnect()
        except _LIBRARY_ERRORS as error:
            _log.info("a printer that is gone can't be closed: %s", error)
        self._printer._device = False

    def _disconnect(self) -> None:
        self._printer.close()

    def _guard(self, call: Callable[[], T]) -> T:
        """Run a call of the library; a failure leaves the transport closed."""
        try:
            return call()
        except TransportError:
            self.close()
            raise
        except (TimeoutError, serial.SerialTimeoutException, usb.core.USBTimeoutError) as error:
            self.close()
            raise TransportTimeoutError(f"{type(error).__name__}: {error}") from error
        except _LIBRARY_ERRORS as error:
            self.close()
            raise TransportError(f"{type(error).__name__}: {error}") from error


class NetworkTransport(_EscposTransport):
    """Raw TCP, port 9100 as printers have it."""

    def __init__(self, host: str, port: int = 9100) -> None:
        super().__init__(Network(host, port=port, timeout=_CONNECT_SECONDS))

    def _connect(self) -> None:
        # The library's own open leaves the socket of a refused connection unclosed.
        address = (self._printer.host, self._printer.port)
        self._printer.device = socket.create_connection(address, _CONNECT_SECONDS)

    @property
    def tells_dead(self) -> bool:
        return True

    def write(self, data: bytes, timeout: float) -> None:
        def send() -> None:
            self._printer.device.settimeout(timeout)
            self._printer._raw(data)

        self._guard(send)

    def read(self, timeout: float) -> bytes:
        def receive() -> bytes:
            device: socket.socket = self._printer.device
            device.settimeout(max(timeout, 0.001))
            try:
                data = device.recv(_READ_SIZE)
            except TimeoutError:
                return b""
            if not data:
                raise TransportError("the printer closed the connection")
            return data

        return self._guard(receive)


class SerialTransport(_EscposTransport):
    """A serial line, or a USB cable that looks like one."""

    def __init__(self, device: Path, baud_rate: int) -> None:
        super().__init__(Serial(str(device), baudrate=baud_rate, timeout=0.1, dsrdtr=False))

    def _disconnect(self) -> None:
        # Not the library's close: it waits without end until all is written, which a printer
        # without paper never allows.
        device: serial.Serial | None = self._printer._device or None
        if device is not None:
            try:
                device.reset_output_buffer()
            finally:
                device.close()

    def write(self, data: bytes, timeout: float) -> None:
        def send() -> None:
            self._printer.device.write_timeout = timeout
            self._printer._raw(data)

        self._guard(send)

    def read(self, timeout: float) -> bytes:
        def receive() -> bytes:
            device: serial.Serial = self._printer.device
            device.timeout = timeout
            first: bytes = device.read(1)
            more: bytes = device.read(min(device.in_waiting, _READ_SIZE)) if first else b""
            return first + more

        return self._guard(receive)


class UsbTransport(_EscposTransport):
    """The printer class of USB, by vendor and product."""

    def __init__(self, vendor: int, product: int) -> None:
        super().__init__(Usb(vendor, product))

    def open(self) -> None:
        super().open()
        self._guard(self._find_endpoints)

    def _find_endpoints(self) -> None:
        """Take the endpoints that the printer declares; the library assumes 0x01 and 0x82."""
        for endpoint in self._printer.device.get_active_configuration()[(0, 0)]:
            if endpoint.bmAttributes & 0x03 != 2:  # bulk
                continue
            if endpoint.bEndpointAddress & 0x80:
                self._printer.in_ep = endpoint.bEndpointAddress
            else:
                self._printer.out_ep = endpoint.bEndpointAddress

    def write(self, data: bytes, timeout: float) -> None:
        def send() -> None:
            self._printer.timeout = int(timeout * 1000)
            self._printer._raw(data)

        self._guard(send)

    def read(self, timeout: float) -> bytes:
        def receive() -> bytes:
            try:
                milliseconds = max(1, int(timeout * 1000))
                data = self._printer.device.read(self._printer.in_ep, _READ_SIZE, milliseconds)
            except usb.core.USBTimeoutError:
                return b""
            return bytes(data)

        return self._guard(receive)


def make_transport(connection: Connection, baud_rate: int) -> Transport:
    """The transport to a connection; ``baud_rate`` where the connection names none."""
    match connection.kind:
        case TransportKind.NETWORK:
            return NetworkTransport(connection.address, connection.number)
        case TransportKind.SERIAL:
            return SerialTransport(Path(connection.address), connection.number or baud_rate)
        case TransportKind.USB:
            return UsbTransport(connection.vendor, connection.number)
