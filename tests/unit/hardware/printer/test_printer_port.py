"""One suite for every ``Printer``: the driver over TCP and a serial line, and the simulator itself.

The paper is the witness: each test compares the outcome that was claimed with the sheets that came.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from device.receipts import lay_out
from hardware.ports import (
    Broken,
    Held,
    JobId,
    Printed,
    Printer,
    PrinterError,
    PrinterState,
    Roll,
    Sent,
)
from hardware.printer.driver import EscposPrinter
from hardware.printer.profiles import Clearing, Profile, Proof, StatusSupport, load_profile
from hardware.printer.renderers import ProfileRenderer
from hardware.printer.simulator import PrinterSimulator, PtyPort, SimulatedPrinter, TcpPort
from hardware.printer.transports import NetworkTransport, SerialTransport
from hardware.printer.typeface import Typeface
from tests.support import slips

TYPEFACE = Typeface()


def quick(name: str) -> Profile:
    return replace(load_profile(name), answer_timeout=0.15, settle=0.2, job_timeout=3.0)


PROVING = quick("epson-tm-t88")
PLAIN = quick("generic-80")


@dataclass
class Bench:
    """A printer, the paper that comes out of it, and a job for it."""

    printer: Printer
    simulator: PrinterSimulator
    profile: Profile

    @property
    def job(self) -> bytes:
        slip = lay_out(slips.CUSTOMER, self.profile.columns)
        return ProfileRenderer(self.profile, TYPEFACE).render(slip)

    def print(self, job_id: str) -> object:
        return self.printer.print_job(JobId(job_id), self.job)

    def shops(self) -> list[bool]:
        """For every sheet, whether the shop's name is on it (its beginning wasn't lost)."""
        self.simulator.wait_idle()
        return ["まつや青果店" in sheet.text for sheet in self.simulator.sheets]


@pytest.fixture(params=["tcp", "serial", "itself"])
def cable(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bench_of(profile: Profile, cable: str, folder: Path) -> Iterator[Bench]:
    simulator = PrinterSimulator(profile, TYPEFACE)
    printer: Printer
    if cable == "tcp":
        printer = EscposPrinter(profile, NetworkTransport("127.0.0.1", TcpPort(simulator).port))
    elif cable == "serial":
        link = PtyPort(simulator, folder / "printer").link
        printer = EscposPrinter(profile, SerialTransport(link, 115200))
    else:
        printer = SimulatedPrinter(simulator)
    yield Bench(printer, simulator, profile)
    printer.close()
    simulator.close()
    assert simulator.errors == []


@pytest.fixture
def proving(cable: str, tmp_path: Path) -> Iterator[Bench]:
    """A printer that answers always and proves each job."""
    yield from bench_of(PROVING, cable, tmp_path)


@pytest.fixture
def plain(cable: str, tmp_path: Path) -> Iterator[Bench]:
    """A printer that may answer and proves nothing."""
    yield from bench_of(PLAIN, cable, tmp_path)


def test_a_job_is_proven_and_is_on_paper_once(proving: Bench) -> None:
    assert proving.print("a") == Printed()
    assert proving.shops() == [True]


def test_without_proof_nothing_is_claimed(plain: Bench) -> None:
    assert isinstance(plain.print("a"), Sent)
    assert plain.shops() == [True]


def test_a_second_copy_is_a_job_of_its_own(proving: Bench) -> None:
    assert [proving.print("a/customer"), proving.print("a/shop")] == [Printed(), Printed()]
    assert proving.shops() == [True, True]


def test_a_job_that_was_begun_is_not_begun_again(proving: Bench) -> None:
    proving.print("a")
    with pytest.raises(PrinterError, match="CHOBA_PRINTER_JOB_REPEATED"):
        proving.print("a")
    assert proving.shops() == [True]


def test_without_paper_the_job_is_held_and_may_be_tried_again(plain: Bench) -> None:
    plain.simulator.run_out_of_paper()
    held = plain.print("a")
    assert isinstance(held, Held)
    assert held.reason is PrinterState.PAPER_OUT
    plain.simulator.refill()
    assert plain.shops() == []  # a refilled printer prints nothing by itself
    assert isinstance(plain.print("a"), Sent)
    assert plain.shops() == [True]


def test_with_the_cover_open_the_job_is_held(proving: Bench) -> None:
    proving.simulator.open_cover()
    held = proving.print("a")
    assert isinstance(held, Held)
    assert held.reason is PrinterState.COVER_OPEN
    proving.simulator.close_cover()
    assert proving.print("a") == Printed()


def test_without_power_the_job_is_held(proving: Bench) -> None:
    proving.simulator.power_off()
    held = proving.print("a")
    assert isinstance(held, Held)
    assert held.reason is PrinterState.UNREACHABLE
    proving.simulator.power_on()
    assert proving.print("a") == Printed()
    assert proving.shops() == [True]


def test_paper_that_ends_in_mid_job_breaks_it_and_a_refill_prints_no_more_of_it(
    proving: Bench,
) -> None:
    proving.simulator.run_out_of_paper(after_lines=9)
    broken = proving.print("a")
    assert isinstance(broken, Broken)
    assert broken.reason is PrinterState.PAPER_OUT
    proving.simulator.refill()
    assert proving.shops() == []
    hanging = proving.simulator.hanging
    assert hanging is not None
    assert len(hanging.slip.elements) == 9
    assert proving.print("a-again") == Printed()


def test_paper_that_ends_in_mid_job_is_noticed_without_proof_too(plain: Bench) -> None:
    plain.simulator.run_out_of_paper(after_lines=9)
    broken = plain.print("a")
    assert isinstance(broken, Broken)
    assert broken.reason is PrinterState.PAPER_OUT


def test_power_that_fails_in_mid_job_breaks_it(proving: Bench) -> None:
    proving.simulator.power_off(after_bytes=700)
    broken = proving.print("a")
    assert isinstance(broken, Broken)
    assert broken.reason is PrinterState.UNREACHABLE
    proving.simulator.power_on()
    assert proving.shops() == []
    assert proving.print("a-again") == Printed()


def test_silence_is_not_fine(proving: Bench) -> None:
    proving.simulator.be_silent()
    assert proving.printer.status().state is PrinterState.UNKNOWN
    held = proving.print("a")
    assert isinstance(held, Held)
    assert held.reason is PrinterState.UNKNOWN
    assert proving.shops() == []


def test_a_printer_that_may_be_silent_prints_and_nothing_is_claimed(plain: Bench) -> None:
    plain.simulator.be_silent()
    assert plain.printer.status().state is PrinterState.UNKNOWN
    assert isinstance(plain.print("a"), Sent)
    assert plain.shops() == [True]


def test_status_says_what_is_the_matter(proving: Bench) -> None:
    printer, simulator = proving.printer, proving.simulator
    seen = [printer.status()]
    simulator.near_the_end()
    seen.append(printer.status())
    simulator.open_cover()
    seen.append(printer.status())
    simulator.close_cover()
    simulator.run_out_of_paper()
    seen.append(printer.status())
    simulator.power_off()
    seen.append(printer.status())
    assert [(status.state, status.roll) for status in seen] == [
        (PrinterState.READY, Roll.PLENTY),
        (PrinterState.READY, Roll.NEAR_END),
        (PrinterState.COVER_OPEN, Roll.NEAR_END),
        (PrinterState.PAPER_OUT, Roll.NEAR_END),
        (PrinterState.UNREACHABLE, Roll.UNKNOWN),
    ]


def test_a_slow_printer_is_waited_for(proving: Bench) -> None:
    proving.simulator.be_slow(0.01)
    assert proving.print("a") == Printed()
    assert proving.shops() == [True]


def test_a_picture_of_fifty_kilobytes_arrives_whole(cable: str, tmp_path: Path) -> None:
    profile = replace(PROVING, name="drawn")
    for bench in bench_of(profile, cable, tmp_path):
        slip = lay_out(slips.PAYMENTS["rare-name"], profile.columns)
        job = ProfileRenderer(profile, TYPEFACE).render(slip)
        assert len(job) > 50_000
        assert bench.printer.print_job(JobId("a"), job) == Printed()
        assert len(bench.simulator.sheets) == 1


def test_an_answer_behind_the_job_is_proof_where_the_profile_says_so(
    cable: str, tmp_path: Path
) -> None:
    for bench in bench_of(replace(PLAIN, proof=Proof.QUEUED_STATUS), cable, tmp_path):
        assert bench.print("a") == Printed()


class SilencedInMidJob(NetworkTransport):
    """A cable whose printer stops answering while the job runs in."""

    def __init__(self, simulator: PrinterSimulator) -> None:
        super().__init__("127.0.0.1", TcpPort(simulator).port)
        self._simulator = simulator

    def write(self, data: bytes, timeout: float) -> None:
        super().write(data, timeout)
        if len(data) > 100:
            self._simulator.be_silent()


def test_a_printer_that_falls_silent_in_mid_job_is_not_believed() -> None:
    profile = replace(PROVING, job_timeout=1.0, clearing=Clearing.NONE, baud_rate=115200)
    simulator = PrinterSimulator(profile, TYPEFACE)
    driver = EscposPrinter(profile, SilencedInMidJob(simulator))
    broken = Bench(driver, simulator, profile).print("a")
    driver.close()
    simulator.close()
    assert isinstance(broken, Broken)
    assert broken.reason is PrinterState.UNKNOWN


def test_a_model_that_is_never_asked_prints_unproven(tmp_path: Path) -> None:
    for bench in bench_of(replace(PLAIN, status=StatusSupport.NEVER), "tcp", tmp_path):
        assert bench.printer.status().state is PrinterState.UNKNOWN
        assert isinstance(bench.print("a"), Sent)
        assert bench.shops() == [True]
