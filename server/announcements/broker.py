"""The server's own mosquitto: configured, started, watched, ended.

The child's user is dropped first and its parent-death signal set after that (the other way round
the kernel forgets the signal): ``launch.py``. Its folder is its
working directory and every path in its configuration is relative, so that a broker without rights
on the folders above still reads its own. A broker left over from a killed server is known by its
pid *and* start time, and ended before a new one starts.
"""

import asyncio
import contextlib
import json
import logging
import os
import pwd
import random
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from protos import topics
from protos.operation.logs import say
from server.identity import SERVER_USER, ServerIdentity
from server.settings import BrokerSettings
from server.state import write_private

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_STABLE_AFTER = 30.0
_STOP_SECONDS = 5.0
_LISTENING_TRIES = 100
_LAUNCHER = Path(__file__).with_name("launch.py")
_PID_FILE = "mosquitto.pid"


_PROBE = "unexpected eof while reading"


class BrokerError(Exception):
    """The broker cannot be started here; the text tells the remedy."""

    code = "CHOBA_BROKER_MISSING"


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine; a pid alone is given again, with its start time it is not."""

    pid: int
    start_time: int
    """Clock ticks since boot: field 22 of /proc/PID/stat."""


def process_now(pid: int) -> Process | None:
    """The process that has this pid now; None when there is none, or a zombie only."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except OSError:
        return None
    # the name in parentheses may hold blanks; what follows it does not
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else Process(pid, int(fields[19]))


class Broker:
    """mosquitto as a child of this process."""

    def __init__(self, folder: Path, settings: BrokerSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._child: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The running child's pid."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    async def start(self, identity: ServerIdentity, ca_pem: str, crl_pem: bytes) -> None:
        """Write the configuration, end a stale broker, start and watch a new one.

        Raises BrokerError when mosquitto is not installed.
        """
        if shutil.which(self._settings.program, path=_search_path()) is None:
            raise BrokerError(
                f"broker.program: {self._settings.program} is not installed; "
                "apt install mosquitto, or name a broker of your own in broker.url"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        await end_stale(self._folder / _PID_FILE)
        self._write(identity, ca_pem, crl_pem)
        await self._spawn()
        await self._listening()
        self._watch = asyncio.create_task(self._keep_running(), name="broker watch")

    def refuse(self, crl_pem: bytes) -> None:
        """Refuse these certificates at new connections; the running ones go on."""
        self._revoke(crl_pem, signal.SIGHUP)

    def cut(self, crl_pem: bytes) -> None:
        """Refuse these certificates and end what runs: the broker starts anew, the sessions of
        the others and their queued messages are kept."""
        self._revoke(crl_pem, signal.SIGTERM)

    def _revoke(self, crl_pem: bytes, how: signal.Signals) -> None:
        self._write_file("revoked.pem", crl_pem)
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(how)

    async def stop(self) -> None:
        """End the child; sessions are saved."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._end_child()
        with contextlib.suppress(FileNotFoundError):
            (self._folder / _PID_FILE).unlink()

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping:
            child = self._child
            started = loop.time()
            if child is not None:
                code = await child.wait()
                if loop.time() - started > _STABLE_AFTER:
                    pause = _FIRST_PAUSE
                say(log, logging.ERROR, "broker ended", status=code, again_in_seconds=pause)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 jitter, no secret
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._spawn()
            except OSError as error:
                say(log, logging.ERROR, "broker does not start", error=error)

    async def _spawn(self) -> None:
        command = [self._settings.program, "-c", "mosquitto.conf"]
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LAUNCHER)),
            *(_user_and_group(self._user()), *command),
            cwd=self._folder,
            env={"PATH": _search_path()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        process = process_now(self._child.pid)
        if process is not None:
            facts = json.dumps({"pid": process.pid, "start_time": process.start_time})
            (self._folder / _PID_FILE).write_text(facts, "ascii")
        asyncio.create_task(_relay_log(self._child), name="broker log")  # noqa: RUF006 ends with it
        say(log, logging.INFO, "broker started", pid=self._child.pid, port=self._settings.port)

    async def _listening(self) -> None:
        """Wait a moment, bounded, so that the first connection need not be tried twice."""
        host = self._settings.host
        host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
        for _ in range(_LISTENING_TRIES):
            if self.pid is None:
                return  # the watch tells why it ended, and tries again
            try:
                _, writer = await asyncio.open_connection(host, self._settings.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return

    async def _end_child(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()

    def _write(self, identity: ServerIdentity, ca_pem: str, crl_pem: bytes) -> None:
        (self._folder / "data").mkdir(exist_ok=True)
        self._folder.chmod(0o700)
        self._write_file("server.key", identity.key_pem.reveal())
        self._write_file("server.pem", identity.chain_pem)
        self._write_file("ca.pem", ca_pem.encode())
        self._write_file("revoked.pem", crl_pem)
        self._write_file("acl", ("\n".join(topics.acl_lines(SERVER_USER)) + "\n").encode())
        self._write_file("mosquitto.conf", configuration(self._settings).encode())
        user = self._user()
        if user is not None:
            for path in (self._folder, self._folder / "data", *self._folder.glob("data/*")):
                os.chown(path, user.pw_uid, user.pw_gid)

    def _write_file(self, name: str, data: bytes) -> None:
        path = self._folder / name
        write_private(path, data)
        user = self._user()
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)

    def _user(self) -> pwd.struct_passwd | None:
        """Whom the broker runs as, when we are root; None: as ourselves."""
        if os.geteuid() != 0:
            return None
        try:
            return pwd.getpwnam(self._settings.run_as)
        except KeyError as error:
            raise BrokerError(
                f"broker.run_as: there is no user {self._settings.run_as}; "
                "name one, or start the server as a user of its own"
            ) from error


def configuration(settings: BrokerSettings) -> str:
    """mosquitto.conf. Paths are relative to the broker's folder.

    autosave on every change keeps queued messages through SIGKILL. A queue is bounded: a device
    that was away longer fetches the rest over gRPC.
    """
    lines = (
        "# written at each start of choba-server; changes are lost",
        "per_listener_settings false",
        "allow_anonymous false",
        "acl_file acl",
        f"listener {settings.port} {settings.host}",
        "protocol mqtt",
        "cafile ca.pem",
        "certfile server.pem",
        "keyfile server.key",
        "crlfile revoked.pem",
        "tls_version tlsv1.2",
        "require_certificate true",
        "use_identity_as_username true",
        "set_tcp_nodelay true",
        "max_keepalive 120",
        "max_packet_size 65536",
        "persistence true",
        "persistence_location data/",
        "autosave_interval 1",
        "autosave_on_changes true",
        "persistent_client_expiration 14d",
        "max_queued_messages 1000",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_timestamp false",
    )
    return "\n".join(lines) + "\n"


async def end_stale(pid_file: Path) -> None:
    """End the broker that a killed server left behind, if it is still that process."""
    left = _left_behind(pid_file)
    if left is None:
        return
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if process_now(left.pid) != left:
            break
        say(log, logging.WARNING, "ending a broker left behind", pid=left.pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(left.pid, kind)
        await _gone(left)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(pid_file)


def _left_behind(pid_file: Path) -> Process | None:
    try:
        facts = json.loads(pid_file.read_text("ascii"))
        return Process(int(facts["pid"]), int(facts["start_time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def _gone(process: Process) -> None:
    """Wait, bounded: a process that is no child of ours gives no event."""
    for _ in range(int(_STOP_SECONDS / 0.02)):
        if process_now(process.pid) != process:
            return
        await asyncio.sleep(0.02)


async def _relay_log(child: asyncio.subprocess.Process) -> None:
    """What mosquitto says, as records of our log."""
    assert child.stderr is not None  # asked for when it was started
    while line := await child.stderr.readline():
        text = line.decode("utf-8", "replace").strip()
        if _PROBE in text:
            continue  # somebody looked whether the port is open: we do, and so does a scanner
        level = logging.ERROR if text.startswith("Error") else logging.WARNING
        say(log, level, "broker says", text=text[:500])


def _user_and_group(user: pwd.struct_passwd | None) -> str:
    return "-" if user is None else f"{user.pw_uid}:{user.pw_gid}"


def _search_path() -> str:
    # Debian keeps mosquitto in /usr/sbin, which is not on every user's PATH
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin"
