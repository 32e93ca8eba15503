"""The reference of every payment figure: pgbench's TPC-B on a durable PostgreSQL."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.postgres import PostgresServer, running_postgres

SCALE = 50
CLIENTS = 32
DATABASE = "bench"
SERVER_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
"""Room for the whole of scale 50 and no checkpoint in a short run: the reference at its best."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What pgbench said."""

    per_second: float
    latency_ms: float
    """Mean."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    """A database that was filled once; ``run`` as often as wanted."""

    server: PostgresServer

    def run(self, seconds: int) -> Rate:
        """TPC-B, prepared, 32 clients on two threads. Raises RuntimeError."""
        said = _pgbench(
            self.server,
            *("--no-vacuum", "--protocol=prepared", "--builtin=tpcb-like"),
            *(f"--client={CLIENTS}", "--jobs=2", f"--time={seconds}"),
        )
        self.checkpoint()
        tps = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
        latency = re.search(r"^latency average = ([\d.]+) ms", said, re.MULTILINE)
        failed = re.search(r"failed transactions: (\d+)", said)
        if tps is None or latency is None or (failed is not None and int(failed[1])):
            raise RuntimeError(f"pgbench: {said}")
        return Rate(float(tps[1]), float(latency[1]))

    def checkpoint(self) -> None:
        """Write everything out now, so that it does not happen while others are measured."""
        url = self.server.url(DATABASE, self.server.superuser)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def pgbench() -> Iterator[Pgbench]:
    """PostgreSQL with fsync, synchronous commit and full page writes on, filled at scale 50."""
    with running_postgres(durable=True, settings=SERVER_SETTINGS) as server:
        server.create(DATABASE)
        _pgbench(server, "--initialize", "--quiet", f"--scale={SCALE}")
        bench = Pgbench(server)
        bench.checkpoint()
        yield bench


def _pgbench(server: PostgresServer, *arguments: str) -> str:
    path = shutil.which("pgbench") or str(Path("/usr/lib/postgresql/15/bin/pgbench"))
    done = subprocess.run(
        [
            *(path, "--host=127.0.0.1", f"--port={server.port}", f"--username={server.superuser}"),
            *arguments,
            DATABASE,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pgbench: {done.stderr}")
    return done.stdout
