"""Statements as files: whole or not there, the same bytes however often, in any number of goes."""

import csv
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.directory import ShopId
from server.refusal import Refusal
from server.settlement.paper import PdfPool
from server.settlement.statements import Existing, Format, StatementCode, StatementDesk
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.cancels import pay
from tests.support.closed import close_june_points, close_next
from tests.support.pdf import pages_of
from tests.unit.server.settlement.statements.test_reading import reader_of

MATSUYA, KISSA = ShopId("S-0001"), ShopId("S-0002")


@pytest.fixture
def pool() -> Iterator[PdfPool]:
    pool = PdfPool(2)
    yield pool
    pool.close()


async def closed_week(town: Town, pool: PdfPool) -> StatementDesk:
    for sale in range(5):
        await pay(town, 700 + sale, voucher=100 + sale, points=10)
    close_next(town)
    close_june_points(town)
    return StatementDesk(town.database, reader_of(town), pool)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", Format)
async def test_two_runs_give_the_same_bytes(
    town: Town, pool: PdfPool, tmp_path: Path, form: Format
) -> None:
    desk = await closed_week(town, pool)
    told: list[tuple[str, int, int]] = []
    made = desk.make(VOUCHER, 1, form, tmp_path / "one", progress=lambda *step: told.append(step))
    desk.make(VOUCHER, 1, form, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (made.files, made.kept, made.transferred) == (1, 0, 510)
    assert told == [("statements", 1, 1)]
    files = contents(tmp_path / "one")
    index = files.pop("index.csv").decode("utf-8-sig")
    (row,) = list(csv.DictReader(io.StringIO(index)))
    assert row["お振込額"] == "510"
    assert row["SHA-256"] == hashlib.sha256(files[row["ファイル"]]).hexdigest()
    assert list(files) == [row["ファイル"]]


async def test_kept_files_are_not_drawn_again_and_the_index_is_the_same(
    sqlite_town: Town, pool: PdfPool, tmp_path: Path
) -> None:
    desk = await closed_week(sqlite_town, pool)
    desk.make(POINTS, 3, Format.PDF, tmp_path, wanted=[MATSUYA, KISSA])
    first = contents(tmp_path)
    gone = next(name for name in first if "S-0002" in name)
    (tmp_path / gone).unlink()
    made = desk.make(
        POINTS, 3, Format.PDF, tmp_path, wanted=[KISSA, MATSUYA], existing=Existing.KEEP
    )
    assert (made.files, made.kept) == (2, 1)
    assert contents(tmp_path) == first
    assert "ご利用はありませんでした" in pages_of(first[gone])[0]


async def test_a_folder_that_cannot_be_written_is_refused(
    sqlite_town: Town, pool: PdfPool, tmp_path: Path
) -> None:
    desk = await closed_week(sqlite_town, pool)
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal) as refused:
        desk.make(VOUCHER, 1, Format.CSV, tmp_path / "file")
    assert refused.value.code is StatementCode.OUTPUT


def test_a_file_is_whole_or_not_there_when_the_writer_is_killed(tmp_path: Path) -> None:
    """Writes for ever, is killed somewhere in between: what has a name is whole."""
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from server.settlement.paper import write_whole\n"
        "folder = Path(sys.argv[1])\n"
        "for n in range(10**6):\n"
        "    write_whole(folder / f'{n % 7}.pdf', bytes([n % 251]) * 3_000_000)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    try:
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("*.pdf"))) < 7 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    found = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert len(found) == 7
    for path in found:
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1
