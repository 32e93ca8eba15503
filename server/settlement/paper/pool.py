"""A bounded number of processes that draw pages; see ``worker``."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Final

from server.settlement.paper.rendering import FONTS, PaperError
from server.settlement.paper.worker import FAILED, LENGTH

_LONGEST_SECONDS: Final = 900.0
"""Of one document: some 5,000 pages on a slow machine."""
_RENEW_AFTER: Final = 200
"""Documents of one process: what libraries leak ends with it."""
_MOST: Final = 4


def default_workers() -> int:
    """One process a core, at most four."""
    return max(1, min(_MOST, os.cpu_count() or 1))


class PdfPool:
    """``close`` it at the end. Processes start with the first document that needs them."""

    def __init__(self, workers: int = 1) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="choba-paper")
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._all = [_Worker() for _ in range(workers)]
        for worker in self._all:
            self._idle.put(worker)

    def submit(self, html: str) -> "Future[bytes]":
        """The PDF when it is drawn. Its result raises PaperError."""
        return self._threads.submit(self.render, html)

    def render(self, html: str) -> bytes:
        """Blocks until it is drawn; waits for a free process. Raises PaperError."""
        with self._worker() as worker:
            return worker.render(html)

    def close(self) -> None:
        """What waits is not drawn any more; what is being drawn is given up."""
        for worker in self._all:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    @contextmanager
    def _worker(self) -> Iterator["_Worker"]:
        worker = self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put(worker)


class _Worker:
    """One process, started when it is needed and again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._drawn = 0
        self._stopped = False

    def render(self, html: str) -> bytes:
        process = self._running()
        late = threading.Timer(_LONGEST_SECONDS, process.kill)
        late.start()
        try:
            return self._ask(process, html.encode("utf-8"))
        except OSError as error:
            raise self._lost() from error
        finally:
            late.cancel()

    def stop(self) -> None:
        self._stopped = True
        self._end()

    def _ask(self, process: "subprocess.Popen[bytes]", html: bytes) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(LENGTH.pack(len(html)) + html)
        process.stdin.flush()
        head = process.stdout.read(1 + LENGTH.size)
        if len(head) < 1 + LENGTH.size:
            raise self._lost()
        size = LENGTH.unpack(head[1:])[0]
        answer = process.stdout.read(size)
        if len(answer) < size:
            raise self._lost()
        self._drawn += 1
        if head[:1] == FAILED:
            raise PaperError(answer.decode("utf-8"))
        return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._stopped:
            raise PaperError("PDF: the server stops")
        if self._drawn >= _RENEW_AFTER or (self._process and self._process.poll() is not None):
            self._end()
        if self._process is None:
            self._drawn = 0
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.settlement.paper"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"FONTCONFIG_FILE": str(FONTS / "fonts.conf")},
            )
        return self._process

    def _lost(self) -> PaperError:
        """After it has ended under a document."""
        self._end()
        return PaperError("PDF: the process that draws pages has ended; try again")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for end in (process.stdin, process.stdout):
            if end is not None:
                with suppress(OSError):
                    end.close()
        process.wait()
