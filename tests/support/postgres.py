"""A PostgreSQL of the tests' own: a folder, a loopback port, an end."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from tests.support.ports import free_ports

_BINARIES = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/lib/postgresql/16/bin"))
MIGRATOR = "choba_migrator"
APPLICATION = "choba_app"


class NoPostgresError(Exception):
    """There is no PostgreSQL server to start on this machine."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; ``create`` makes databases in it."""

    port: int
    superuser: str

    def url(self, database: str, user: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def create(self, name: str, template: str = "") -> None:
        """A database that the migrator owns; of ``template`` it is a copy."""
        with psycopg.connect(self.url("postgres", self.superuser), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(MIGRATOR)
            )
            if template:
                statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
            connection.execute(statement)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url("postgres", self.superuser), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


class RestartablePostgres(PostgresServer):
    """A running server that a test may take away and bring back, at the same port."""

    def __init__(self, port: int, superuser: str, command: list[str], log: IO[bytes]) -> None:
        super().__init__(port, superuser)
        # frozen: everything that is compared is the address
        object.__setattr__(self, "_command", command)
        object.__setattr__(self, "_log", log)
        object.__setattr__(self, "_child", None)

    _command: list[str]
    _log: IO[bytes]
    _child: subprocess.Popen[bytes] | None

    def start(self) -> None:
        """Begin to start. From the main thread: the server ends with the thread that made it."""
        child = subprocess.Popen(self._command, stdout=self._log, stderr=self._log, cwd="/")
        object.__setattr__(self, "_child", child)

    def wait_until_ready(self) -> None:
        assert self._child is not None
        _wait_until_ready(self, self._child)

    def stop_at_once(self) -> None:
        """As a crash: no client is told, nothing is finished; the next start recovers."""
        assert self._child is not None
        self._child.send_signal(signal.SIGQUIT)
        self._child.wait(20)

    def terminate_backends(self, database: str) -> int:
        """Cut every connection to a database; how many there were."""
        with psycopg.connect(self.url("postgres", self.superuser), autocommit=True) as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (database,),
            ).fetchall()
        return len(cut)


@contextmanager
def running_postgres(
    *,
    durable: bool = False,
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[RestartablePostgres]:
    """Start a server on a free loopback port and end it.

    ``durable`` False turns fsync off: quicker, and right for tests that kill nothing.
    ``settings``: further ones of the server; they win over those set here.
    ``folder``: its data stay there, for the next start; else they are gone with it.
    Raises NoPostgresError.
    """
    binaries = next((path for path in _BINARIES if (path / "initdb").exists()), None)
    if binaries is None:
        raise NoPostgresError("install postgresql-15")
    kept = folder is not None
    folder = folder or Path(tempfile.mkdtemp(prefix="choba-pg-"))
    folder.mkdir(parents=True, exist_ok=True)
    superuser = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = _as_user(superuser, folder)
    try:
        if not (folder / "data").exists():
            _make_cluster(as_user, binaries, folder, superuser)
        with _started(as_user, binaries, folder, superuser, durable, settings or {}) as server:
            yield server
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _make_cluster(as_user: list[str], binaries: Path, folder: Path, superuser: str) -> None:
    done = subprocess.run(
        [
            *as_user,
            str(binaries / "initdb"),
            *("-D", str(folder / "data"), "-A", "trust", "-U", superuser),
            *("--no-sync", "--locale=C.UTF-8", "-E", "UTF8"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise RuntimeError(f"initdb: {done.stdout}{done.stderr}")


@contextmanager
def _started(
    as_user: list[str],
    binaries: Path,
    folder: Path,
    superuser: str,
    durable: bool,
    settings: Mapping[str, str],
) -> Iterator[RestartablePostgres]:
    """A child that ends with us, also when we are killed."""
    switch = "on" if durable else "off"
    (port,) = free_ports(1)
    options = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": switch,
        "synchronous_commit": switch,
        "full_page_writes": switch,
        "max_connections": 100,
        "shared_buffers": "64MB",
        "autovacuum": "off",
        **settings,
    }
    given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    ends_with_us = [*(as_user or ["setpriv"]), "--pdeathsig=QUIT"]
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        command = [*ends_with_us, str(binaries / "postgres"), "-D", str(folder / "data"), *given]
        server = RestartablePostgres(port, superuser, command, log)
        server.start()
        try:
            server.wait_until_ready()
            with psycopg.connect(server.url("postgres", superuser), autocommit=True) as connection:
                known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
                for role in {MIGRATOR, APPLICATION} - known:
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            yield server
        finally:
            server.stop_at_once()
            Path(log.name).unlink(missing_ok=True)


def _wait_until_ready(server: PostgresServer, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and child.poll() is None:
        try:
            psycopg.connect(server.url("postgres", server.superuser), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"postgres did not get ready (exit status {child.poll()})")


def _as_user(user: str, folder: Path) -> list[str]:
    """initdb refuses root: run as the distribution's own user in a folder that it owns."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, user)
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
