"""``confirm_to_screen``: from the customer's tap on 支払う to the paid screen's finished frame."""

import datetime as dt
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.books import audited, books_of, wait_until_announced
from tests.benchmarks.machine import Others, describe, resident_mib
from tests.benchmarks.mqtt_rounds import PAYLOAD_BYTES, Rounds, mqtt_rounds
from tests.benchmarks.results import Row, p50_p99, percentile
from tests.benchmarks.town import Lots, settle_customers
from tools.harness.customer import Customer
from tools.harness.process import LogLine, Program, StageError
from tools.harness.stack import Plan, Stack, headless_environment

NAME = "confirm_to_screen"
PAYMENTS = int(os.environ.get("BENCH_CONFIRM_PAYMENTS", "200"))
"""A shorter trial is possible by this variable; the row says how many there were."""
CUSTOMERS = 8
"""A customer may claim six sales a minute."""
AMOUNT, POINTS = 1_200, 200
_LEGS = 2
LOTS = Lots(voucher=(12_000, 120_000), points=(1_000, 20_000))
ROUNDS_EACH = 5
"""Bare messages between two payments: the reference sees the same minutes as the figure."""
_STEP_S = 30.0
_US_PER_MS = 1_000


@dataclass
class Times:
    """Milliseconds since the POST left, one of each for every payment."""

    answer: list[float] = field(default_factory=list)
    screen: list[float] = field(default_factory=list)
    voice: list[float] = field(default_factory=list)
    slip: list[float] = field(default_factory=list)


def measure() -> list[Row]:
    """All payments one after the other, at one counter. Raises StageError."""
    with tempfile.TemporaryDirectory(prefix="choba-bench-") as name, ExitStack() as open_now:
        folder = Path(name)
        stack = open_now.enter_context(watched_stack(folder))
        customers = _customers(stack, open_now)
        bare = open_now.enter_context(mqtt_rounds(stack, folder / "subscriber"))
        assert stack.server is not None
        assert stack.device is not None
        before = resident_mib(stack.device.pid), resident_mib(stack.server.pid)
        others = Others((stack.server.pid, stack.device.pid, os.getpid()))
        others.start()
        times = Times()
        for number in range(PAYMENTS):
            _one(stack, customers[number % CUSTOMERS], times)
            bare.run(ROUNDS_EACH)
        share = others.share()
        after = resident_mib(stack.device.pid), resident_mib(stack.server.pid)
        with books_of(stack) as database:
            wait_until_announced(database)
        audit = audited(stack, PAYMENTS, _LEGS)
    memory = (
        f"memory (RSS) before and after: counter {before[0]:.0f} and {after[0]:.0f} MiB, "
        f"server {before[1]:.0f} and {after[1]:.0f} MiB"
    )
    return [_row(times, bare, share, f"{memory}; audit: {audit}")]


@contextmanager
def watched_stack(folder: Path) -> Iterator[Stack]:
    """Server, broker, printer and a counter that says when its frames were shown."""
    plan = Plan(
        folder,
        device_module="tests.benchmarks.counter",
        device_environment=headless_environment(folder / "played.raw"),
    )
    with Stack(plan) as stack:
        stack.start_server()
        stack.load_demo_data()
        stack.start_printer()
        stack.enrol_device()
        device = stack.start_device()
        for link in ("server link", "broker link"):
            device.wait_for(link, _Line(link, link="up"), _STEP_S)
        yield stack


def _customers(stack: Stack, open_now: ExitStack) -> list[Customer]:
    phones = [f"0802{i:07}" for i in range(CUSTOMERS)]
    with books_of(stack) as database:
        settle_customers(database, phones, LOTS)
    authority, messages = stack.server_dir / "keys" / "ca.pem", stack.server_dir / "sms.jsonl"
    customers = [
        open_now.enter_context(Customer(stack.plan.wallet, authority, messages, phone))
        for phone in phones
    ]
    for customer in customers:
        customer.sign_in()
    return customers


def _one(stack: Stack, customer: Customer, times: Times) -> None:
    """One customer, from the QR to the slip; then staff tap 次のお客様."""
    device = stack.device
    assert device is not None
    seen = len(device.lines)
    page = customer.open_sale(stack.read_qr())
    page = customer.choose_points(customer.enter_amount(page, AMOUNT), POINTS)
    receipt = customer.confirm(page)
    sent = receipt.sent_at_us
    paid = device.wait_for("paid screen", _Line("frame", screen="Paid"), _STEP_S, seen)
    times.answer.append((receipt.answered_at_us - sent) / _US_PER_MS)
    times.screen.append((paid["at"] - sent) / _US_PER_MS)
    times.voice.append(_since(sent, _event(device, "speaking", seen)))
    printed = _event(device, "printed", seen)
    if printed["outcome"] != "Printed":
        raise StageError(f"slip: {printed}")
    times.slip.append(_since(sent, printed))
    spoken = _event(device, "spoken", seen)
    if spoken["outcome"] != "played":
        raise StageError(f"voice: {spoken}")
    seen = len(device.lines)
    device.signal(signal.SIGUSR2)
    device.wait_for("standby", _Line("frame", screen="Standby"), _STEP_S, seen)


class _Line:
    """Whether a log line is this event with these facts."""

    def __init__(self, event: str, **facts: str) -> None:
        self._wanted = {"event": event, **facts}

    def __call__(self, line: LogLine) -> bool:
        return self._wanted.items() <= line.items()


def _event(device: Program, name: str, after: int) -> LogLine:
    return device.wait_for(name, _Line(name), _STEP_S, after)


def _since(sent_us: int, line: LogLine) -> float:
    at = dt.datetime.fromisoformat(str(line["time"]))
    return at.timestamp() * 1_000 - sent_us / _US_PER_MS


def _row(times: Times, bare: Rounds, share: float, rest: str) -> Row:
    value, reference = percentile(times.screen, 99), percentile(bare.milliseconds, 99)
    conditions = (
        f"{describe()}; choba-server, its mosquitto, a counter at 800x480 without a display "
        f"(frames drawn by the CPU, 30 a second), printer simulator over TCP that prints at once, "
        f"SDL's disk driver for sound in real time, customers over HTTPS, all on this machine; "
        f"p99 from the POST of the payment (two legs) to the paid screen's finished frame: "
        f"{p50_p99(times.screen)}; to the POST's answer: {p50_p99(times.answer)}; to the voice "
        f"handed to the mixer: {p50_p99(times.voice)}; to the slip, acknowledged by the printer: "
        f"{p50_p99(times.slip)}; reference: {PAYLOAD_BYTES} bytes by MQTT QoS 1 over TLS through "
        f"the same mosquitto between the payments: {p50_p99(bare.milliseconds)}; others used "
        f"{share:.2f} cores meanwhile (mosquitto and the printer are among them); {rest}"
    )
    return Row(NAME, value, "ms", reference, value / reference, conditions)
