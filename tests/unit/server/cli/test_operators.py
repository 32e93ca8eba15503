"""``choba operator`` and ``choba acts``, as their keeper types them."""

import json
from pathlib import Path

import pytest

from protos.operation.redaction import Secret
from server.cli.__main__ import main
from server.operators import Operators
from server.state import KeyFiles


def test_operators_come_and_go_and_both_are_acts(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--state-dir", str(tmp_path / "state"), "--database", sqlite_url]
    acting = ["--by", "局長", "--why", "着任"]
    assert main(["operator", "add", "花子", "--role", "office", *where, *acting]) == 0
    told = capsys.readouterr()
    token = told.out.strip()
    assert "一度だけ" in told.err
    operators = Operators(KeyFiles(tmp_path / "state" / "keys"))
    assert operators.by_token(Secret(token)) is not None

    assert main(["operator", "list", *where]) == 0
    listed = capsys.readouterr().out
    assert "花子" in listed
    assert token not in listed

    assert main(["operator", "add", "花子", "--role", "admin", *where, *acting]) == 1
    assert "CHOBA_OPERATOR_NAME_TAKEN" in capsys.readouterr().err
    assert main(["operator", "remove", "太郎", *where, *acting]) == 1
    assert "CHOBA_OPERATOR_UNKNOWN" in capsys.readouterr().err
    assert main(["operator", "remove", "花子", *where, "--by", "局長", "--why", "異動"]) == 0
    assert operators.by_token(Secret(token)) is None
    capsys.readouterr()

    assert main(["acts", "list", "--json", "--by-operator", "局長", *where]) == 0
    acts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(act["what"], act["subject"], act["why"]) for act in acts] == [
        ("operator.add", "花子", "着任"),
        ("operator.remove", "花子", "異動"),
    ]
    assert main(["acts", "list", "--what", "operator.remove", *where]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["acts", "list", "--until", "2024-01-01", *where]) == 0
    assert capsys.readouterr().out == ""
