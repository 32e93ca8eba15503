"""Pages are drawn in processes of their own; one that ends is replaced."""

import os
import signal
import subprocess

import pytest

from server.settlement.paper import PaperError, PdfPool, render_pdf
from tests.support.pdf import pages_of

PAGE = "<!doctype html><html lang=ja><title>題</title><p>帳場 {}</p></html>"


def test_a_process_draws_what_the_same_text_gives_here() -> None:
    pool = PdfPool(2)
    try:
        futures = [pool.submit(PAGE.format(number)) for number in range(6)]
        for number, future in enumerate(futures):
            pdf = future.result(timeout=120)
            assert pdf == render_pdf(PAGE.format(number))
            assert f"帳場 {number}" in pages_of(pdf)[0]
    finally:
        pool.close()


def test_a_process_that_is_killed_costs_one_document() -> None:
    pool = PdfPool(1)
    try:
        first = pool.render(PAGE.format(1))
        (child,) = _children()
        os.kill(child, signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert pool.render(PAGE.format(1)) == first
    finally:
        pool.close()
    assert not _children()


def test_a_document_that_wants_something_fetched_fails_and_the_next_is_drawn() -> None:
    pool = PdfPool(1)
    try:
        with pytest.raises(PaperError, match="nothing is fetched"):
            pool.render('<link rel=stylesheet href="file:///etc/passwd"><p>x')
        assert pool.render(PAGE.format(2))
    finally:
        pool.close()


def _children() -> list[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "server.settlement.paper"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(line) for line in found.stdout.split()]
