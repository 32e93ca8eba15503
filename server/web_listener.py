"""The wallet's pages over HTTPS (and plain HTTP in a demonstration), in the server's own loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 5
_MOST_REQUESTS = 1000
_START_TRIES = 2000


class WebPortError(Exception):
    """A port that cannot be listened on; the text names the setting."""

    code = "CHOBA_SERVER_PORT"


class _Quiet(uvicorn.Server):
    """uvicorn without its own signal handlers: the composition root stops every part in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebListener:
    """One port."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        setting: str,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """``tls``: files of key and chain; None is plain HTTP.

        Raises WebPortError when the port is taken.
        """
        self._setting = setting
        self._socket = _bind(host, port, setting)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses of phones and tokens in paths are nobody's to keep
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=_MOST_REQUESTS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_keyfile=tls[0] if tls else None,
            ssl_certfile=tls[1] if tls else None,
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when requests are answered."""
        self._task = asyncio.create_task(self._server.serve([self._socket]), name="web")
        for _ in range(_START_TRIES):
            if self._server.started:
                return
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)
        raise WebPortError(f"{self._setting}: the listener did not start")

    async def stop(self) -> None:
        """Lets running requests end, bounded."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def _bind(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise WebPortError(f"{setting}: {host}:{port}: {error.strerror}") from error
    listening.setblocking(False)
    return listening
