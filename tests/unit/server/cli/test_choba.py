"""The command as an operator types it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from protos.units import Yen
from server.cli.__main__ import main
from server.payments import Paid
from tests.support.books import Town, legs, new_key, ticket_of


def url_of(town: Town) -> str:
    return town.database._writing.url.render_as_string(hide_password=False)


@pytest.mark.parametrize("town", ["sqlite"], indirect=True)
async def test_trial_balance_and_audit(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trial-balance", "--database", url_of(town)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].split()[-3:] == ["8,500", "8,500", "0"]
    assert main(["audit", "verify", "--database", url_of(town)]) == 0
    assert "the books hold" in capsys.readouterr().out
    spoil = text("UPDATE wallets SET balance = balance + 1")
    town.database.write_now(lambda c: c.execute(spoil))
    assert main(["audit", "verify", "--database", url_of(town)]) == 1
    assert "do NOT hold" in capsys.readouterr().out


async def test_ledger_show_finds_a_payment_by_id_and_leg(
    sqlite_town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    town = sqlite_town
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        user = town.users["花子"].user_id
        answer = await desk.pay(user, new_key(), ticket, Yen(1200), legs(1000, 200))
    assert isinstance(answer, Paid)
    common = ["--database", url_of(town), "--state-dir", str(tmp_path)]
    for wanted in (answer.payment.payment_id, answer.payment.legs[1].transaction_id):
        assert main(["ledger", "show", wanted, *common]) == 0
        shown = capsys.readouterr().out
        assert answer.payment.payment_id in shown
        assert "1,000 of voucher-2024" in shown
        assert "200 of points-2024" in shown
        assert "まつや青果店" in shown
    assert main(["ledger", "show", "x" * 20, *common]) == 1
    assert "CHOBA_LEDGER_UNKNOWN" in capsys.readouterr().err


def test_errors_are_sentences_with_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trial-balance", "--database", "mysql://secret@host/x"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("choba: CHOBA_DB_URL: ")
    assert "secret" not in said
    assert "Traceback" not in said


def test_migrate_makes_an_empty_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    assert main(["trial-balance", "--database", url]) == 1
    assert "choba db migrate" in capsys.readouterr().err
    assert main(["db", "migrate", url]) == 0
    assert main(["audit", "verify", "--database", url]) == 0
