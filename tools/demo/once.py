"""``ONCE=1``: plays the customer, checks every stage, leaves the evidence in demo-output/."""

import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from device.core.language import Language
from device.voice.announcements import Chime, chime_announcement, paid_announcement
from device.voice.files import ALL_SOUNDS, sound_file, sound_parts
from hardware.ports import SoundPart
from hardware.sound.compare import Listener
from hardware.sound.recording import read_sdl_disk, write_wave
from protos.units import Yen
from tools.demo.stages import Stages
from tools.harness.browser import picture_of
from tools.harness.customer import Customer, Receipt
from tools.harness.process import LogLine, Program, StageError
from tools.harness.stack import Plan, Stack, headless_environment

AMOUNT, VOUCHER, POINTS = 1200, 1000, 200
PHONE = "090-0000-0001"
"""The demo data's first customer."""
SPOKEN_S = 15.0
_US_PER_MS = 1_000


def play_once(folder: Path, output: Path) -> Stages:
    """One payment, for real. Raises StageError naming the stage that did not happen."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    recording = folder / "played.raw"
    stages = Stages()
    plan = Plan(folder, device_environment=headless_environment(recording))
    with Stack(plan) as stack:
        _start(stack, stages)
        authority = stack.server_dir / "keys" / "ca.pem"
        with Customer(plan.wallet, authority, stack.server_dir / "sms.jsonl", PHONE) as customer:
            receipt = _pay(stack, customer, stages, output)
            _told(stack, receipt, stages, output)
            _keep_pages(customer, receipt, output)
        assert stack.device is not None
        status = stack.device.stop()
        if status != 0:
            raise StageError(f"counter ends: exit status {status}; see {stack.device.log_path}")
        _keep_sound(recording, output)
        _keep_slip(stack, output)
        _keep_ledger(stack, receipt, output)
        stages.done("evidence kept", str(output))
    return stages


def _start(stack: Stack, stages: Stages) -> None:
    stack.start_server()
    stages.done("server serves", "SQLite, two gRPC listeners, web, broker")
    stack.load_demo_data()
    stages.done("demo data")
    stack.start_printer()
    stages.done("printer is on", stack.plan.profile)
    stack.enrol_device()
    stages.done("terminal enrolled")
    stack.start_device()
    stack.wait_screen("Standby")
    stages.done("counter shows its QR")


def _pay(stack: Stack, customer: Customer, stages: Stages, output: Path) -> Receipt:
    customer.sign_in()
    stages.done("customer signed in")
    assert stack.device is not None
    _wait_until_online(stack.device)
    qr = stack.read_qr()
    shutil.copy(stack.device_dir / "screen.png", output / "screen-standby.png")
    stages.done("QR read from the picture")
    seen = len(stack.device.lines)
    page = customer.open_sale(qr)
    stack.wait_screen("Claimed", after=seen)
    stages.done("counter shows お客様が操作中")
    page = customer.enter_amount(page, AMOUNT)
    page = customer.choose_points(page, POINTS)
    stages.done("amount and split confirmed", f"¥{VOUCHER:,} voucher + ¥{POINTS} points")
    receipt = customer.confirm(page)
    stages.measured(
        "POST answered",
        (receipt.answered_at_us - receipt.sent_at_us) / _US_PER_MS,
        "after the commit",
    )
    return receipt


def _wait_until_online(device: Program) -> None:
    """The counter's two links stand: the claim can be shown."""
    for link in ("server link", "broker link"):
        device.wait_for(link, _LinkUp(link), 20)


class _LinkUp:
    """Whether a log line tells that this link stands."""

    def __init__(self, link: str) -> None:
        self._link = link

    def __call__(self, line: LogLine) -> bool:
        return line.get("event") == self._link and line.get("link") == "up"


def _told(stack: Stack, receipt: Receipt, stages: Stages, output: Path) -> None:
    device = stack.device
    assert device is not None
    paid = stack.wait_screen("Paid")
    stages.measured("paid on the screen", _since(receipt, paid), "after the POST left")
    speaking = device.wait_for("voice", lambda line: line.get("event") == "speaking", SPOKEN_S)
    stages.measured("voice begins", _since(receipt, speaking), "after the POST left")
    printed = device.wait_for("slip", lambda line: line.get("event") == "printed", SPOKEN_S)
    stages.measured("slip printed", _since(receipt, printed), f"{printed['outcome']}")
    shutil.copy(stack.picture(), output / "screen-paid.png")
    spoken = device.wait_for("voice ends", lambda line: line.get("event") == "spoken", SPOKEN_S)
    stages.measured("voice has ended", _since(receipt, spoken), "after the POST left")
    if spoken.get("outcome") != "played":
        raise StageError(f"voice: {spoken}")


def _since(receipt: Receipt, line: LogLine) -> float:
    at = dt.datetime.fromisoformat(str(line["time"]))
    return at.timestamp() * 1000 - receipt.sent_at_us / _US_PER_MS


def _keep_pages(customer: Customer, receipt: Receipt, output: Path) -> None:
    """The phone's page: as a picture where this machine has a browser, else as it was sent."""
    if not picture_of(receipt.page.url, customer.cookies(), output / "wallet-result.png"):
        (output / "wallet-result.html").write_text(receipt.page.html, "utf-8")


def _keep_sound(recording: Path, output: Path) -> None:
    """What was really played must be the claimed tap and this amount, nothing else."""
    samples = read_sdl_disk(recording)
    write_wave(output / "announcement.wav", samples)
    expected: list[Sequence[SoundPart]] = [
        sound_parts(chime_announcement(Chime.CLAIMED)),
        sound_parts(paid_announcement(Yen(AMOUNT), Language.JA)),
    ]
    listener = Listener([sound_file(name) for name in ALL_SOUNDS])
    problems = listener.problems(samples, expected)
    if problems:
        raise StageError(f"voice: {'; '.join(problems)}")


def _keep_slip(stack: Stack, output: Path) -> None:
    slips = sorted(stack.paper_dir.glob("slip-*.bin"))
    if len(slips) != 1:
        raise StageError(f"slip: {len(slips)} were printed, one is right")
    shutil.copy(slips[0], output / "slip.bin")
    shutil.copy(slips[0].with_suffix(".png"), output / "slip.png")
    shutil.copy(slips[0].with_suffix(".txt"), output / "slip.txt")


def _keep_ledger(stack: Stack, receipt: Receipt, output: Path) -> None:
    """The payment's entries, the trial balance, and the audit's word, by the operator's command."""
    payment = receipt.page.url.rstrip("/").rpartition("/")[2]
    parts = [
        _choba(stack, *command) for command in (("ledger", "show", payment), ("audit", "verify"))
    ]
    (output / "ledger.txt").write_text("\n".join(parts), "utf-8")


def _choba(stack: Stack, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *command, "--state-dir", str(stack.server_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StageError(f"choba {' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout
