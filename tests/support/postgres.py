"""A PostgreSQL of the tests' own: a folder, a loopback port, an end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

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


@contextmanager
def running_postgres(*, durable: bool = False, options: str = "") -> Iterator[PostgresServer]:
    """Start a server on a free loopback port and end it.

    ``durable`` False turns fsync off: quicker, and right for tests that kill nothing.
    ``options``: further ones of the server, ``-c name=value``; they win over those set here.
    Raises NoPostgresError.
    """
    binaries = next((path for path in _BINARIES if (path / "initdb").exists()), None)
    if binaries is None:
        raise NoPostgresError("install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="choba-pg-"))
    superuser = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = _as_user(superuser, folder)
    data = folder / "data"
    port = free_port()
    try:
        _run(
            as_user,
            binaries / "initdb",
            "-D",
            data,
            "-A",
            "trust",
            "-U",
            superuser,
            "--no-sync",
            "--locale=C.UTF-8",
            "-E",
            "UTF8",
        )
        all_options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
            f"-c fsync={'on' if durable else 'off'} "
            f"-c synchronous_commit={'on' if durable else 'off'} "
            f"-c full_page_writes={'on' if durable else 'off'} "
            f"-c max_connections=100 -c shared_buffers=64MB -c autovacuum=off {options}"
        )
        _run(
            as_user,
            binaries / "pg_ctl",
            "-D",
            data,
            "-w",
            "-t",
            "30",
            "-l",
            folder / "log",
            "-o",
            all_options,
            "start",
        )
        server = PostgresServer(port, superuser)
        try:
            with psycopg.connect(server.url("postgres", superuser), autocommit=True) as connection:
                for role in (MIGRATOR, APPLICATION):
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            yield server
        finally:
            _run(as_user, binaries / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_user(user: str, folder: Path) -> list[str]:
    """initdb refuses root: run as the distribution's own user in a folder that it owns."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, user)
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def _run(prefix: list[str], *command: object) -> None:
    done = subprocess.run(
        [*prefix, *map(str, command)], capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
