"""Audit and funds as an operator types them."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from server.cli.__main__ import main
from server.cli.progress import ProgressLine, progress_text
from tests.support.books import VOUCHER, Town
from tests.unit.server.cli.test_choba import url_of

ACT = ["--by", "係", "--why", "月末"]


@pytest.fixture
def common(sqlite_town: Town, tmp_path: Path) -> list[str]:
    return ["--database", url_of(sqlite_town), "--state-dir", str(tmp_path / "state")]


def test_an_auditor_keeps_heads_and_finds_what_was_rewritten(
    sqlite_town: Town, common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.txt"
    assert main(["audit", "sign", *ACT, *common]) == 0
    assert main(["audit", "rotate-key", *ACT, *common]) == 0
    assert main(["audit", "export-heads", str(kept), *common]) == 0
    assert main(["audit", "verify", *common]) == 0
    assert "2 signed heads read" in capsys.readouterr().out
    assert main(["audit", "check-heads", str(kept), *common]) == 0
    assert "2 kept heads compared: the books are those that were signed" in capsys.readouterr().out
    assert len(list((tmp_path / "state/keys").glob("heads-*.pub"))) == 2
    assert (tmp_path / "state/keys/heads.key").stat().st_mode & 0o777 == 0o600

    def rewrite(connection: object) -> None:
        for statement in (
            "DROP TRIGGER signed_heads_no_delete",
            "DELETE FROM signed_heads",
            "UPDATE counters SET value = 0 WHERE name = 'signed_head'",
        ):
            connection.execute(text(statement))  # type: ignore[attr-defined]

    sqlite_town.database.write_now(rewrite)
    assert main(["audit", "verify", *common]) == 0
    assert "no head is signed yet" in capsys.readouterr().out
    assert main(["audit", "check-heads", str(kept), *common]) == 1
    assert "the books hold another, or none" in capsys.readouterr().out


def test_a_file_that_holds_no_heads_is_a_sentence(
    common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "text").write_text("choba")
    for name in ("missing", "binary", "text"):
        assert main(["audit", "check-heads", str(tmp_path / name), *common]) == 1
        said = capsys.readouterr().err
        assert said.startswith("choba: CHOBA_AUDIT_FILE: ")
        assert "Traceback" not in said


def test_money_in_as_typed(
    common: list[str], capsys: pytest.CaptureFixture[str], sqlite_town: Town
) -> None:
    pay_in = ["funds", "pay-in", "--service", VOUCHER, "--source", "city", "--key", "k-1"]
    for _ in range(2):
        assert main([*pay_in, "--amount", "２００，０００", *ACT, *common]) == 0
    assert "recorded before" in capsys.readouterr().out
    for amount in ("1,000.50", "-5", "0", "千円", ""):
        assert main([*pay_in, f"--amount={amount}", *ACT, *common]) == 1
        assert "CHOBA_FUNDS_AMOUNT" in capsys.readouterr().err
    assert sqlite_town.count("pay_ins") == 1
    assert main(["trial-balance", *common]) == 0
    shown = capsys.readouterr().out
    assert "市からの入金" in shown
    assert "200,000" in shown


def test_the_trial_balance_of_a_past_day(
    common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trial-balance", "--at", "2024-06-05T11:59", *common]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[-3:] == ["0", "0", "0"]
    assert main(["trial-balance", "--at", "２０２４-06-05T12:01", *common]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[-3:] == ["8,500", "8,500", "0"]
    assert main(["trial-balance", "--at", "2024-02-30T10:00", *common]) == 1
    assert "CHOBA_CLI_TIME" in capsys.readouterr().err


def test_progress_is_for_people_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    quiet, loud = io.StringIO(), Terminal()
    for out in (quiet, loud):
        line = ProgressLine(out)
        line("entries", 5, 10)
        line("entries", 10, 10)
        line.close()
    assert quiet.getvalue() == ""
    assert "10/10" in loud.getvalue()
    assert loud.getvalue().endswith("\r\x1b[K")
    assert progress_text("entries", 250, 1000, 30.0).endswith("250/1,000  ETA 1:30")


def test_two_processes_find_what_one_would(sqlite_town: Town, common: list[str]) -> None:
    """As a command of its own, which has no threads and so forks."""
    command = [sys.executable, "-m", "server.cli", "audit", "verify", *common]
    whole = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stderr) == (0, "")

    def tamper(connection: object) -> None:
        for statement in (
            "INSERT INTO sale_outcomes VALUES (1, 99, 2, 'nothing', 1)",
            "DROP TRIGGER entries_no_update",
            "UPDATE entries SET subject = zeroblob(32) WHERE position = 1",
        ):
            connection.execute(text(statement))  # type: ignore[attr-defined]

    sqlite_town.database.write_now(tamper)
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (1, "")
    assert "terminal number 1 sale 99" in found.stdout
    assert "does not hash to what is written" in found.stdout
