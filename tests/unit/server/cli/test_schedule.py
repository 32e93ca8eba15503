"""``choba settlement schedule``: three formats, and a refusal with nothing else beside it."""

import json

import pytest

from server.cli.__main__ import main

REFERENCE = {
    "--close": "weekly:FRI",
    "--pay": "weekday:TUE:2",
    "--on-holiday": "next",
    "--from": "2024-06-03",
    "--to": "2024-08-31",
}


def schedule(**changes: str) -> int:
    options = REFERENCE | {f"--{name.replace('_', '-')}": text for name, text in changes.items()}
    return main(["settlement", "schedule", *(part for pair in options.items() for part in pair)])


def test_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert schedule(format="csv") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "no,paid_on,from,to"
    assert len(said) == 15
    assert said[1] == "1,2024-06-18,2024-06-03,2024-06-07"
    assert said[14] == "14,2024-09-17,2024-08-31,2024-08-31"


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert schedule(format="json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said[1] == {"no": 2, "paid_on": "2024-06-25", "from": "2024-06-08", "to": "2024-06-14"}


def test_as_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert schedule(format="table") == 0
    table = capsys.readouterr().out
    assert schedule() == 0
    assert capsys.readouterr().out == table
    assert table.splitlines()[0].split() == ["no", "paid_on", "from", "to"]
    assert table.splitlines()[3].split() == ["3", "2024-07-02", "2024-06-15", "2024-06-21"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"from": "2100-01-01", "to": "2100-01-31"}, "CHOBA_SCHEDULE_CALENDAR"),
        ({"to": "9999-12-31"}, "CHOBA_SCHEDULE_CALENDAR"),
        ({"to": "2024-06-02"}, "CHOBA_SCHEDULE_WINDOW"),
        ({"from": "２０２４-06-03"}, "CHOBA_SCHEDULE_DATE"),
        ({"from": "20240603"}, "CHOBA_SCHEDULE_DATE"),
        ({"from": "2024-02-30"}, "CHOBA_SCHEDULE_DATE"),
        ({"to": ""}, "CHOBA_SCHEDULE_DATE"),
        ({"close": "days:１０"}, "CHOBA_SCHEDULE_CLOSE_RULE"),
        ({"close": "month-end"}, "CHOBA_SCHEDULE_PAY_RULE"),
        ({"pay": "tomorrow"}, "CHOBA_SCHEDULE_PAY_RULE"),
        ({"on_holiday": "ask"}, "CHOBA_SCHEDULE_ON_HOLIDAY"),
        ({"format": "xml"}, "CHOBA_CLI_FORMAT"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_else(
    changes: dict[str, str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert schedule(**changes) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"choba: {code}: ")
    assert "Traceback" not in said.err
