"""The whole house as real processes, with what the journeys of kills and forgery look at."""

import contextlib
import datetime as dt
import itertools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from server.announcements.broker import process_now
from server.clock import SECOND, TOKYO, system_clock
from server.db import open_database
from server.demo.calendar import DemoCalendar
from server.demo.town import DemoCustomer, settle
from server.directory import ServiceId
from server.ledger import verify_ledger
from server.payments import verify_payments
from server.settlement.closes import verify_closes
from tests.support.armed import Arming
from tests.support.cable import Cable
from tests.support.directory import past_service
from tests.support.ports import free_ports
from tests.support.timers import hold_close_timer
from tools.harness.customer import Customer, Receipt
from tools.harness.process import LogLine, Program, StageError
from tools.harness.stack import Plan, Ports, Stack, headless_environment

WAIT_S = 40.0
NEXT_CUSTOMER = (693, 413)
TAP_S = 0.2
GUARD_S = 0.4
REISSUE = "【再発行】"


@dataclass(frozen=True, slots=True)
class Told:
    """What the counter's journal says of a payment."""

    payment_id: str
    telling: str
    prints: tuple[tuple[str, str], ...]
    """(mark, phase) of each sheet, in order."""


@dataclass(frozen=True, slots=True)
class PaperSlip:
    """A slip that came out of the printer."""

    text: str

    @property
    def marked(self) -> bool:
        return REISSUE in self.text


@dataclass
class House:
    """Server, broker, printer and counter, each of which can die."""

    stack: Stack
    server: Arming
    device: Arming
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _customers: dict[int, Customer] = field(default_factory=dict)
    unsettled: bool = False
    """A sale was begun and has not come to its end."""
    _turn: int = 0
    _rolls: int = 0

    # --- programs -----------------------------------------------------------------------------

    def open(self) -> None:
        """Everything from the first start to the QR."""
        self.stack.start_server()
        self.furnish()
        self.new_printer()
        self.stack.enrol_device()
        self.start_device()

    def furnish(self) -> None:
        """The demo's town and some customers more."""
        self.stack.load_demo_data()
        database = open_database(f"sqlite:///{self.books}", readers=1, writers=1)
        today = dt.datetime.fromtimestamp(system_clock() / SECOND, TOKYO).date()
        try:
            for number in range(CUSTOMERS):
                customer = DemoCustomer(f"見本 {number}", _phone(number), (20,), ((500, 4),))
                settle(database, system_clock, DemoCalendar(today), customer)
        finally:
            database.close_now()

    def past_service(self, service: ServiceId) -> None:
        """A service with closes that are due; the server runs meanwhile, its timer does not."""
        database = open_database(f"sqlite:///{self.books}", readers=1, writers=1)
        try:
            hold_close_timer(database)
            database.write_now(lambda c: past_service(c, service))
        finally:
            database.close_now()

    def new_printer(self) -> Program:
        """Switched on, with paper of its own: a simulator that is started again counts anew."""
        self._rolls += 1
        self.stack.paper_dir = self.stack.plan.folder / f"paper-{self._rolls}"
        return self.stack.start_printer()

    def start_device(self, *, online: bool = True) -> Program:
        """The counter, until it shows a QR and its links stand."""
        device = self.stack.start_device()
        if online:
            wait_online(device)
        return device

    def start_device_to_die(self) -> None:
        """The counter, until its trap ends it."""
        with contextlib.suppress(StageError):  # it died before it had opened
            self.stack.start_device()
        self.wait_death(self.stack.device, self.device)

    def wait_death(self, program: Program | None, arming: Arming) -> None:
        """Until the armed point has ended the program."""
        assert program is not None
        status = program.wait_end(WAIT_S)
        assert status == -signal.SIGKILL, f"{program.name}: {status}; see {program.log_path}"
        assert not arming.is_armed

    @property
    def broker_pid(self) -> int:
        """Of the broker that runs: the file names a killed one until the next has started."""
        until("a broker runs", lambda: process_now(self._noted_broker()) is not None)
        return self._noted_broker()

    def _noted_broker(self) -> int:
        facts = json.loads((self.stack.server_dir / "broker" / "mosquitto.pid").read_text())
        return int(facts["pid"])

    def kill_broker(self) -> None:
        """SIGKILL to mosquitto; returns when it is gone."""
        pid = self.broker_pid
        before = process_now(pid)
        assert before is not None, "no broker runs"
        os.kill(pid, signal.SIGKILL)
        until("broker is gone", lambda: process_now(pid) != before)

    def printer_says(self, command: str) -> str:
        """The printer's answer to one command of its control port."""
        with socket.create_connection(("127.0.0.1", self.stack.printer_control), WAIT_S) as line:
            line.sendall(f"{command}\n".encode())
            return line.makefile("r", encoding="utf-8").readline().strip()

    def tap(self, *places: tuple[int, int]) -> None:
        """A finger on the counter's screen, in no hurry: pixels from the upper left corner."""
        for x, y in places:
            with (self.device.folder / "taps").open("w", encoding="ascii") as finger:
                finger.write(f"{x} {y}\n")
            time.sleep(TAP_S)

    def tap_to(self, screen: str, *places: tuple[int, int]) -> None:
        """Tap, and wait for the screen that this brings."""
        device = self.stack.device
        assert device is not None
        self.tap(*places)
        until(f"screen {screen}", lambda: screen_of(device) == screen)
        time.sleep(GUARD_S)  # a screen that has just come takes no touch

    def next_customer(self) -> None:
        """「次のお客様」 where the paid screen stands; returns when the QR is back."""
        device = self.stack.device
        assert device is not None
        for _ in range(20):
            if screen_of(device) == "Standby":
                return
            if screen_of(device) == "Paid":
                self.tap(NEXT_CUSTOMER)
            # one finger, one tap: a second one would land on what stands there by then
            with contextlib.suppress(StageError):
                until("the QR", lambda: screen_of(device) == "Standby", 2)
        raise StageError(f"the QR does not come back; see {device.log_path}")

    # --- customers ----------------------------------------------------------------------------

    def customer(self) -> Customer:
        """The next one in the queue, signed in."""
        number = self._turn % CUSTOMERS
        self._turn += 1
        if number not in self._customers:
            stack = self.stack
            authority = stack.server_dir / "keys" / "ca.pem"
            customer = Customer(
                stack.plan.wallet, authority, stack.server_dir / "sms.jsonl", _phone(number)
            )
            customer.sign_in()
            self._customers[number] = customer
        return self._customers[number]

    def amount(self) -> int:
        """An amount that no other payment of this house has."""
        return 100 + next(self.numbers)

    def close(self) -> None:
        """End everything."""
        for customer in self._customers.values():
            customer.__exit__(None, None, None)
        self.stack.stop()

    # --- what is true -------------------------------------------------------------------------

    @property
    def books(self) -> Path:
        return self.stack.server_dir / "choba.sqlite"

    def ask_books(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the server's database."""
        return _rows(self.books, query, values)

    def ask_journal(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the counter's journal."""
        return _rows(self.stack.device_dir / "journal.sqlite", query, values)

    def money(self) -> int:
        """What all customers together still have."""
        return int(self.ask_books("SELECT SUM(balance) FROM wallets")[0][0])

    def findings(self) -> list[str]:
        """What does not hold in the books, all of it computed again."""
        database = open_database(f"sqlite:///{self.books}", readers=1, writers=1)
        try:
            return database.read_now(
                lambda c: [*verify_ledger(c).findings, *verify_payments(c), *verify_closes(c)]
            )
        finally:
            database.close_now()

    def told(self, payment_id: str) -> Told | None:
        """What the counter knows of a payment; None: nothing."""
        telling = self.ask_journal(
            "SELECT telling FROM announcements WHERE payment_id = ?", payment_id
        )
        if not telling:
            return None
        prints = self.ask_journal(
            "SELECT mark, phase FROM prints WHERE payment_id = ? ORDER BY place", payment_id
        )
        return Told(payment_id, str(telling[0][0]), tuple((str(m), str(p)) for m, p in prints))

    def spoken(self, payment_id: str) -> int:
        """How often the counter began to say this payment aloud, over all its runs."""
        log = self.stack.plan.folder / "device.log"
        return sum(
            line.get("event") == "speaking" and line.get("payment") == payment_id
            for line in log_lines(log)
        )

    def slips(self, receipt: Receipt) -> list[PaperSlip]:
        """The slips of one payment, in the order in which they were cut."""
        rolls = sorted(
            self.stack.plan.folder.glob("paper-*/slip-*.txt"),
            key=lambda path: (int(path.parent.name.partition("-")[2]), path.name),
        )
        code = f"{receipt.code[:3]} {receipt.code[3:]}"
        texts = [path.read_text("utf-8") for path in rolls]
        return [PaperSlip(text) for text in texts if code in text and receipt.seal in text]

    def audit_by_command(self) -> str:
        """``choba audit verify`` as the operator types it."""
        stack = self.stack
        done = subprocess.run(
            [
                *(sys.executable, "-m", "server.cli", "audit", "verify"),
                *("--state-dir", str(stack.server_dir)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


CUSTOMERS = 8


def _phone(number: int) -> str:
    return f"0901000{number:04}"


def _rows(path: Path, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        return list(connection.execute(query, values))


def log_lines(path: Path) -> list[LogLine]:
    """The JSON lines of a log; others (a stack trace of a library) are left out."""
    lines: list[LogLine] = []
    for text in path.read_text("utf-8", "replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines


def screen_of(device: Program) -> str:
    """The screen that the counter shows now."""
    names = [line["screen"] for line in list(device.lines) if line.get("event") == "screen"]
    return str(names[-1]) if names else ""


@dataclass(frozen=True, slots=True)
class LinkIs:
    """Whether a log line tells that a link is now so."""

    link: str
    state: str

    def __call__(self, line: LogLine) -> bool:
        return line.get("event") == self.link and line.get("link") == self.state


def link_of(device: Program, link: str) -> str:
    """``up`` or ``down``, as the counter said last; empty before it said anything."""
    states = [line["link"] for line in list(device.lines) if line.get("event") == link]
    return str(states[-1]) if states else ""


def wait_online(device: Program, after: int = 0) -> None:
    """Until both of the counter's links stand."""
    for link in ("server link", "broker link"):
        device.wait_for(
            link,
            LinkIs(link, "up"),
            WAIT_S,
            after=after,
        )


def until(what: str, holds: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Wait for it, bounded. Raises StageError naming ``what``."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise StageError(f"{what}: not within {timeout_s:g} s")
        time.sleep(0.03)


@contextmanager
def a_house(
    folder: Path, ports: Ports | None = None, device_ports: Ports | None = None
) -> Iterator[House]:
    """A house on free ports of loopback, nothing started yet; everything ends with the block."""
    server, device = Arming(folder / "armed-server"), Arming(folder / "armed-device")
    environment = {
        **headless_environment(folder / "played.raw"),
        "SDL_DISKAUDIODELAY": "1",  # sound is written as fast as it comes: about twenty times
        **device.environment(),
    }
    os.mkfifo(device.folder / "taps")
    plan = Plan(
        folder,
        ports=ports or Ports(*free_ports(5)),
        device_environment=environment,
        server_environment=server.environment(),
        server_module="tests.support.armed_server",
        device_module="tests.support.armed_device",
        device_ports=device_ports,
    )
    house = House(Stack(plan), server, device)
    try:
        yield house
    finally:
        house.close()


@dataclass(frozen=True, slots=True)
class Cables:
    """What lies between the counter and the rest."""

    to_server: Cable
    to_broker: Cable

    def pull(self, device: Program) -> None:
        """Both; returns when the counter has noticed."""
        before = len(device.lines)
        for cable in (self.to_server, self.to_broker):
            cable.pull()
        for link in ("server link", "broker link"):
            device.wait_for(f"{link} is down", LinkIs(link, "down"), WAIT_S, after=before)


@contextmanager
def a_cabled_house(folder: Path) -> Iterator[tuple[House, Cables]]:
    """A house, opened, whose counter has cables that can be pulled."""
    devices, broker, public, https, http, near_devices, near_broker = free_ports(7)
    straight = Ports(devices, public, https, http, broker)
    cabled = replace(straight, devices=near_devices, broker=near_broker)
    with (
        Cable(near_devices, devices) as to_server,
        Cable(near_broker, broker) as to_broker,
        a_house(folder, straight, cabled) as house,
    ):
        house.open()
        yield house, Cables(to_server, to_broker)
