"""``choba points`` as an operator types it."""

import re
from pathlib import Path

import pytest

from server.cli.__main__ import main
from server.clock import system_clock
from server.db import Database
from server.directory import create_user
from tests.support.directory import POINTS, furnish

WHO = ["--by", "佐藤", "--why", "清掃"]


@pytest.fixture
def user(database: Database) -> str:
    """A customer of a town that is open now."""
    database.write_now(furnish)
    made = database.write_now(
        lambda c: create_user(c, display_name="花子", phone="09000000001", at=system_clock())
    )
    return made.user_id


def choba(database: Database, *words: str) -> int:
    url = database._writing.url.render_as_string(hide_password=False)
    return main(["points", *words, "--database", url])


def test_by_hand(database: Database, user: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert choba(database, "grant", user, POINTS, "１，２００", *WHO) == 1
    assert "CHOBA_GRANT_EXPIRY_NO_RULE" in capsys.readouterr().err
    assert choba(database, "expiry", POINTS, "month-end", "--number", "2", *WHO) == 0
    capsys.readouterr()
    assert choba(database, "grant", user, POINTS, "１，２００", *WHO, "--key", "k1") == 0
    said = capsys.readouterr().out
    assert "1,200 yen  0 -> 1,200" in said
    assert choba(database, "grant", user, POINTS, "1200", *WHO, "--key", "k1") == 0
    assert "granted before" in capsys.readouterr().out
    assert choba(database, "cancel", said.split()[0], *WHO) == 0
    told = capsys.readouterr()
    assert "1,200 -> 0" in told.out
    assert "--key" in told.err
    assert choba(database, "charge", user, POINTS, "500.5", *WHO) == 1
    assert "CHOBA_GRANT_AMOUNT_DECIMAL" in capsys.readouterr().err


def test_a_file(
    database: Database, user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choba(database, "expiry", POINTS, "days", "--number", "30", *WHO)
    file = tmp_path / "6月.csv"
    rows = [f"k{i},{user},{POINTS},OP2,100" for i in range(5)]
    file.write_text("\n".join(["key,uid,serviceId,operationId,amount", *rows]), "utf-8")
    assert choba(database, "import", str(file), "--by", "佐藤") == 0
    said = capsys.readouterr().out
    found = re.search(r"points confirm (\w{20}) --shown (\w{64})", said)
    assert found
    assert "line 6: k4  grant 100 yen" in said
    batch, shown = found.groups()
    assert choba(database, "status", batch) == 0
    assert "previewed, 0 of 5" in capsys.readouterr().out
    assert choba(database, "confirm", batch, "--shown", shown, *WHO) == 0
    assert "complete, 5 of 5 lines booked (500 yen)" in capsys.readouterr().out
    assert choba(database, "resume", batch) == 0
    assert choba(database, "import", str(file), "--by", "佐藤") == 0
    assert f"confirmed before as batch {batch}" in capsys.readouterr().out
    assert choba(database, "cancel-batch", batch, *WHO) == 0
    assert "5 lines cancelled (500 yen)" in capsys.readouterr().out
    file.write_bytes("鍵,金額\n".encode("cp932"))
    assert choba(database, "import", str(file), "--by", "佐藤") == 1
    assert "CHOBA_BULK_SHIFT_JIS" in capsys.readouterr().err
    assert choba(database, "import", str(tmp_path / "none.csv"), "--by", "佐藤") == 1
    assert "CHOBA_CLI_FILE" in capsys.readouterr().err
    url = database._writing.url.render_as_string(hide_password=False)
    assert main(["audit", "verify", "--database", url]) == 0
