"""The simulator as a process and its hands; the lexer under any cut of the stream."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from device.receipts import lay_out
from hardware.ports import Broken, Held, JobId, PrinterState, Sent
from hardware.printer.driver import open_printer
from hardware.printer.escpos import escpos
from hardware.printer.lexer import Lexer, Refused, Token
from hardware.printer.model import read_back
from hardware.printer.picture import paper
from hardware.printer.profiles import load_profile
from hardware.printer.raster import raster
from hardware.printer.simulator import PrinterSimulator, TcpPort
from hardware.printer.typeface import Typeface
from tests.support import slips
from tests.support.kept import same_dots

PROFILE = load_profile("generic-58")
TYPEFACE = Typeface()
SLIP = lay_out(slips.CUSTOMER, PROFILE.columns)
JOB = escpos(SLIP, PROFILE, TYPEFACE)


class Process:
    """``python -m hardware.printer.simulator`` with all its doors."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        command = [sys.executable, "-m", "hardware.printer.simulator", "--control-port", "0"]
        command += ["--pty", str(folder / "serial"), "--out", str(self.out)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.where = json.loads(self._process.stdout.readline())

    def hands(self, command: str) -> str:
        address = ("127.0.0.1", self.where["control_port"])
        with socket.create_connection(address, 5) as connection:
            connection.sendall(f"{command}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile().readline().strip()

    def stop(self) -> tuple[int, str]:
        self._process.send_signal(signal.SIGTERM)
        _out, errors = self._process.communicate(timeout=10)
        return self._process.returncode, errors


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.02)


def test_the_process_prints_from_both_doors_and_keeps_bytes_text_and_picture(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path)
    network = open_printer(PROFILE, f"tcp:127.0.0.1:{process.where['port']}")
    assert isinstance(network.print_job(JobId("a"), JOB), Sent)
    assert process.hands("paper-out") == "ok"
    held = network.print_job(JobId("b"), JOB)
    assert isinstance(held, Held)
    assert held.reason is PrinterState.PAPER_OUT
    assert process.hands("refill") == "ok"
    network.close()
    serial = open_printer(PROFILE, f"serial:{process.where['pty']}")
    assert isinstance(serial.print_job(JobId("b"), JOB), Sent)
    serial.close()
    wait_for(process.out / "slip-0002.png")
    assert json.loads(process.hands("state")) == {"sheets": 2, "errors": []}
    assert process.hands("jam").startswith("error unknown command 'jam'; known: state, paper-out")
    assert process.hands("slow soon").startswith("error slow: ")
    assert process.stop() == (0, "")

    assert (process.out / "slip-0001.bin").read_bytes() == JOB
    (sheet,) = read_back(JOB, PROFILE, TYPEFACE)
    assert (process.out / "slip-0001.txt").read_text() == sheet.text
    drawn = tmp_path / "drawn.png"
    paper(raster(SLIP, TYPEFACE), PROFILE.paper_mm).save(drawn)
    assert same_dots(drawn.read_bytes(), (process.out / "slip-0002.png").read_bytes())
    with Image.open(process.out / "slip-0001.png") as picture:
        assert picture.mode == "1"


def test_the_process_ends_in_failure_when_it_got_bytes_it_does_not_know(tmp_path: Path) -> None:
    process = Process(tmp_path)
    with socket.create_connection(("127.0.0.1", process.where["port"]), 5) as connection:
        connection.sendall(b"\x1b@\x1bZ\x01\x02")
        wait_for(process.out / "errors.txt")
    status, errors = process.stop()
    assert status == 1
    assert "CHOBA_PRINTER_BYTES_REFUSED: at byte 2: no command" in errors
    assert "1b 5a 01" in (process.out / "errors.txt").read_text()


def test_power_that_fails_after_any_byte_breaks_the_job_and_memory_is_lost() -> None:
    for count in (1, len(JOB) // 2, len(JOB) - 1):
        simulator = PrinterSimulator(PROFILE, TYPEFACE)
        port = TcpPort(simulator).port
        printer = open_printer(PROFILE, f"tcp:127.0.0.1:{port}")
        questions = 9  # three of DLE EOT come before the job
        simulator.power_off(after_bytes=questions + count)
        assert isinstance(printer.print_job(JobId("a"), JOB), Broken)
        simulator.power_on()
        simulator.wait_idle()
        assert simulator.sheets == []
        printer.close()
        simulator.close()


def test_a_second_connection_waits_until_the_first_is_closed() -> None:
    simulator = PrinterSimulator(PROFILE, TYPEFACE)
    address = ("127.0.0.1", TcpPort(simulator).port)
    with socket.create_connection(address) as first, socket.create_connection(address) as second:
        second.settimeout(0.2)
        second.sendall(b"\x10\x04\x01")
        with pytest.raises(TimeoutError):
            second.recv(1)
        first.close()
        second.settimeout(5)
        assert second.recv(1) == b"\x12"
    simulator.close()


def test_the_printer_answers_at_once_even_while_a_job_waits_for_paper() -> None:
    simulator = PrinterSimulator(PROFILE, TYPEFACE)
    simulator.run_out_of_paper(after_lines=2)
    answers: list[bytes] = []
    simulator.receive(JOB + b"\x10\x04\x04", answers.append)
    simulator.wait_idle()
    simulator.receive(b"\x10\x04\x04", answers.append)
    assert answers[-1] == b"\x7e"
    simulator.refill()
    assert len(simulator.wait_for_sheets(1)) == 1
    simulator.close()


@given(st.lists(st.integers(0, len(JOB)), max_size=12).map(sorted))
@settings(max_examples=40, deadline=None)
def test_the_stream_means_the_same_however_it_arrives(cuts: list[int]) -> None:
    lexer, tokens = Lexer(), list[Token | Refused]()
    for start, end in zip([0, *cuts], [*cuts, len(JOB)], strict=True):
        tokens += lexer.feed(JOB[start:end])
    assert tokens == list(Lexer().feed(JOB))
    assert b"".join(token.raw for token in tokens) == JOB


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_at_all_break_the_printer(data: bytes) -> None:
    simulator = PrinterSimulator(PROFILE, TYPEFACE)
    simulator.receive(data, lambda _answer: None)
    simulator.wait_idle()
    simulator.close()
