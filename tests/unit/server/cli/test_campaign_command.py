"""``choba campaign`` as an operator types it."""

from pathlib import Path

import pytest

from server.campaigns.selling import DrawList, draw
from server.cli.__main__ import main
from server.clock import system_clock
from server.state import KeyFiles
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.campaign import document_around

ACT = ["--by", "係", "--why", "試し"]


@pytest.fixture
def common(sqlite_town: Town, tmp_path: Path) -> list[str]:
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    state = tmp_path / "state"
    (state / "keys").mkdir(parents=True, mode=0o700)
    KeyFiles(state / "keys").master_key()
    return ["--database", url, "--state-dir", str(state)]


def test_terms_eligibility_and_report(
    common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terms, people = tmp_path / "terms.toml", tmp_path / "people.csv"
    terms.write_bytes(document_around(system_clock(), "try", "ended", VOUCHER, POINTS))
    people.write_text("residentNumber,code,birthDate\r\nR1,CODE0001,1950-02-30\r\n", newline="")
    assert main(["campaign", "terms", str(terms), *ACT, *common]) == 0
    assert "1,200,000,000 yen issued, of which 200,000,000 premium" in capsys.readouterr().out
    assert main(["campaign", "eligibility", "try", str(people), *ACT, *common]) == 1
    said = capsys.readouterr().err
    assert "line 2 birthDate: CHOBA_CSV_DATE: 実在する日付" in said
    assert "CHOBA_CAMPAIGNS_FILE_INVALID" in said
    people.write_text("residentNumber,code,birthDate\r\nR1,CODE0001,1950-02-28\r\n", newline="")
    for said in ("1 lines, 1 residents added", "1 lines: imported before"):
        assert main(["campaign", "eligibility", "try", str(people), *ACT, *common]) == 0
        assert said in capsys.readouterr().out
    assert main(["campaign", "eligibility", "try", "/nowhere.csv", *ACT, *common]) == 1
    assert "CHOBA_CAMPAIGNS_FILE: /nowhere.csv" in capsys.readouterr().err
    listed, result = tmp_path / "list.txt", tmp_path / "result.txt"
    assert main(["campaign", "freeze", "try", "--out", str(listed), *ACT, *common]) == 0
    hold = ["campaign", "hold-draw", "try", "--seed", "1", "--out", str(result)]
    assert main([*hold, *ACT, *common]) == 0
    again = ["campaign", "draw", "--list", str(listed), "--seed", "1", "--result", str(result)]
    assert main(again) == 0
    assert "this draw" in capsys.readouterr().out
    assert main(["campaign", "report", "try", *common]) == 0
    assert '"unsold_units": 1000000' in capsys.readouterr().out
    assert main(["audit", "verify", *common]) == 0


def test_the_draw_needs_nothing_but_what_was_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = DrawList("c", 1, 3, "e", {"A": 3, "B": 2, "C": 1})
    listed, result = tmp_path / "list.txt", tmp_path / "result.txt"
    listed.write_bytes(published.canonical())
    result.write_bytes(draw(published, "7").canonical())
    command = ["campaign", "draw", "--list", str(listed)]
    assert main([*command, "--seed", "7", "--units", "3"]) == 0
    assert capsys.readouterr().out.encode() == result.read_bytes()
    assert main([*command, "--seed", "7", "--result", str(result)]) == 0
    assert main([*command, "--seed", "8", "--result", str(result)]) == 1
    assert "ANOTHER" in capsys.readouterr().out
    assert main([*command, "--seed", "7", "--units", "4"]) == 1
    assert main([*command, "--seed", ""]) == 1
    listed.write_bytes(b"A,1\n")
    assert main([*command, "--seed", "7"]) == 1
    assert "CHOBA_CAMPAIGNS_DRAW_LIST" in capsys.readouterr().err
