"""``pay_vs_hordak``: 8 clients, beside what a Django shop would take for a double-entry ledger."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.counts import PAYMENTS, REFERENCE_S, ROUNDS
from tests.benchmarks.machine import describe
from tests.benchmarks.pgbench import Pgbench, pgbench
from tests.benchmarks.results import Row, compared
from tests.benchmarks.stage import WHAT_IS_COUNTED, stage
from tools.harness.process import StageError

NAME = "pay_vs_hordak"
CLIENTS = 8
_LEAST = 10
_HERE: Final = Path(__file__).parent
_LOCKED: Final = _HERE / "hordak.txt"
_DATABASE: Final = "hordak"


@dataclass
class Rival:
    """django-hordak in its own environment, with its own database in the same PostgreSQL."""

    python: Path
    url: str
    transfers: int = 0

    def run(self) -> float:
        """Transfers a second; counted in its books too. Raises StageError."""
        done: dict[str, Any] = json.loads(self._do("run", str(CLIENTS), str(REFERENCE_S)))
        self.transfers += done["transfers"]
        if done["in_books"] != self.transfers:
            raise StageError(f"hordak: {done['in_books']} transfers, not {self.transfers}")
        return float(done["transfers"] / done["seconds"])

    def fill(self) -> None:
        """Schema and accounts."""
        self._do("fill")

    def _do(self, *words: str) -> str:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return _output(
            [str(self.python), str(_HERE / "hordak_rival.py"), self.url, *words], environment
        )


def rival(folder: Path, postgres: Pgbench) -> Rival:
    """Installed with the versions and hashes of ``hordak.txt``. Raises StageError."""
    python = folder / "bin" / "python"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is not None:
        _output([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        install = [uv, "pip", "install", "--quiet", "--python", str(python)]
    else:
        _output([sys.executable, "-m", "venv", str(folder)])
        install = [str(python), "-m", "pip", "install", "--quiet"]
    _output([*install, "--require-hashes", "--requirement", str(_LOCKED)])
    postgres.server.create(_DATABASE)
    found = Rival(python, postgres.server.url(_DATABASE, postgres.server.superuser))
    found.fill()
    postgres.vacuum(_DATABASE)
    return found


def measure() -> list[Row]:
    """Rounds of payments and of transfers in turn. Raises StageError, RuntimeError."""
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as name,
        pgbench() as postgres,
        stage(Path(name), postgres) as town,
        town.clients(CLIENTS) as clients,
    ):
        reference = rival(Path(name) / "rival", postgres)
        rounds = []
        for _ in range(ROUNDS):
            run = town.pay(clients, PAYMENTS)
            postgres.checkpoint()
            rounds.append((run, reference.run()))
        audit = town.audited()
    each = "; ".join(f"{run} to {rate:,.0f}/s" for run, rate in rounds)
    conditions = (
        f"{describe()}; unary Pay, {CLIENTS} clients, PostgreSQL, {PAYMENTS:,} payments a round; "
        f"{WHAT_IS_COUNTED}; reference: {_versions()} on the same PostgreSQL, {CLIENTS} processes "
        f"that call Account.transfer_to between 1,000 accounts in a transaction, after locking the "
        f"payer's row and reading its balance, {REFERENCE_S} s, no network or key of a request in "
        f"it; rounds: {each}; audit afterwards: {audit}"
    )
    pairs = [(run.outcome.per_second, rate) for run, rate in rounds]
    return [compared(NAME, "payments/s", pairs, conditions, least=_LEAST)]


def _versions() -> str:
    found = re.findall(r"^(django-hordak)==(\S+)", _LOCKED.read_text("utf-8"), re.MULTILINE)
    return ", ".join(f"{name} {version}" for name, version in found)


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise StageError(f"{' '.join(command[:3])}: {done.stderr.strip()[-2_000:]}")
    return done.stdout
