"""The reference of every payment figure: pgbench's TPC-B on a durable PostgreSQL."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from tests.benchmarks.counts import PGBENCH_SCALE, REFERENCE_S
from tests.benchmarks.machine import parent_of
from tests.support.postgres import PostgresServer, running_postgres

DATABASE = "bench"
SERVER_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "on"}
"""Room for the whole of scale 50 and no checkpoint in a short run: the reference at its best."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What pgbench said."""

    per_second: float
    latency_ms: float
    """Mean."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    """A database that was filled once; ``run`` as often as wanted. Choba's own databases stand
    beside it in the same server."""

    server: PostgresServer
    pid: int
    """Of the server's first process."""

    def run(self, clients: int) -> Rate:
        """TPC-B, prepared, on at most two threads. Raises RuntimeError."""
        self.checkpoint()
        said = _pgbench(
            self.server,
            *("--no-vacuum", "--protocol=prepared", "--builtin=tpcb-like"),
            *(f"--client={clients}", f"--jobs={min(2, clients)}", f"--time={REFERENCE_S}"),
        )
        tps = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
        latency = re.search(r"^latency average = ([\d.]+) ms", said, re.MULTILINE)
        failed = re.search(r"failed transactions: (\d+)", said)
        if tps is None or latency is None or (failed is not None and int(failed[1])):
            raise RuntimeError(f"pgbench: {said}")
        return Rate(float(tps[1]), float(latency[1]))

    def checkpoint(self) -> None:
        """Write everything out now, so that it does not happen while something is measured."""
        self._as_superuser(DATABASE, "CHECKPOINT")

    def vacuum(self, database: str) -> None:
        """As autovacuum would have, had it had the time; pgbench does it when it fills."""
        self._as_superuser(database, "VACUUM ANALYZE")

    def _as_superuser(self, database: str, statement: LiteralString) -> None:
        url = self.server.url(database, self.server.superuser)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def pgbench() -> Iterator[Pgbench]:
    """PostgreSQL with fsync, synchronous commit and full page writes on, filled at scale 50."""
    with running_postgres(durable=True, settings=SERVER_SETTINGS) as server:
        server.create(DATABASE)
        _pgbench(server, "--initialize", "--quiet", f"--scale={PGBENCH_SCALE}")
        yield Pgbench(server, _first_process(server))


def _first_process(server: PostgresServer) -> int:
    """Every connection's process is its child."""
    with psycopg.connect(server.url(DATABASE, server.superuser)) as connection:
        return parent_of(connection.info.backend_pid)


def described(clients: int) -> str:
    """What a run was, for a row's conditions."""
    return (
        f"pgbench TPC-B scale {PGBENCH_SCALE} prepared, {clients} clients, {REFERENCE_S} s, on "
        f"PostgreSQL with fsync, synchronous commit, full page writes and autovacuum on, "
        f"shared_buffers 1GB"
    )


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
