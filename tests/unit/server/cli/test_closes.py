"""choba close, choba settlement: as an operator types them, by the machine's clock."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from protos.units import Micros
from server.cli.__main__ import main
from server.clock import DAY, start_of_day, system_clock, tokyo_day
from server.oversight import acts_between
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.cancels import pay
from tests.support.closes import assert_closes_hold, closes

ACT = ("--by", "係", "--why", "定例の締め")


@pytest.fixture
def where(sqlite_town: Town, tmp_path: Path) -> tuple[str, ...]:
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    return ("--database", url, "--state-dir", str(tmp_path))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return status, said.out, said.err


async def test_from_preview_to_show(
    sqlite_town: Town, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    town = sqlite_town
    await pay(town, 7, voucher=1000, points=200)
    status, out, _ = run(capsys, "close", "preview", VOUCHER, *where)
    assert status == 0
    assert "第1回" in out
    assert "締められます" in out
    assert "14回分" in out
    assert "S-0001 まつや青果店" in out
    assert "1,000（1件）" in out
    status, _, err = run(capsys, "close", "run", VOUCHER, "--number", "2", *where, *ACT)
    assert (status, "CHOBA_CLOSE_ORDER" in err, "次は第1回" in err) == (1, True, True)
    status, out, _ = run(capsys, "close", "run", VOUCHER, "--number", "1", *where, *ACT)
    (made,) = closes(town)
    assert (status, made.close_id in out, "差引 1,000" in out) == (0, True, True)
    status, out, _ = run(capsys, "close", "run", VOUCHER, "--number", "1", *where, *ACT)
    assert (status, "済んでいます" in out, made.close_id in out) == (0, True, True)
    status, out, _ = run(capsys, "close", "run", VOUCHER, *where, *ACT)
    assert (status, len(out.splitlines())) == (0, 13)
    status, out, _ = run(capsys, "close", "run", VOUCHER, *where, *ACT)
    assert (status, "すべて終わっています" in out) == (0, True)
    status, out, _ = run(capsys, "close", "list", *where)
    assert (status, len(out.splitlines())) == (0, 14)
    assert len(run(capsys, "close", "list", POINTS, *where)[1].splitlines()) == 0
    status, out, _ = run(capsys, "close", "show", made.close_id, *where)
    assert status == 0
    assert "2024-06-08 00:00" in out
    assert "S-0001 まつや青果店" in out
    status, out, err = run(capsys, "close", "show", "x" * 20, *where)
    assert (status, out, "CHOBA_CLOSE_UNKNOWN" in err) == (1, "", True)
    acts = town.database.read_now(
        lambda c: list(acts_between(c, Micros(0), Micros(system_clock() + DAY)))
    )
    assert [(act.by, act.why) for act in acts if act.what == "close.run"] == [
        ("係", "定例の締め")
    ] * 14
    assert_closes_hold(town)


async def test_heads_of_closes_are_exported_with_the_others(
    sqlite_town: Town,
    where: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await pay(sqlite_town, 7, voucher=1000)
    assert run(capsys, "close", "run", VOUCHER, *where, *ACT)[0] == 0
    file = tmp_path / "heads.txt"
    status, out, err = run(capsys, "audit", "export-heads", str(file), *where)
    assert (status, "14 signed heads" in out) == (0, True), err
    status, out, _ = run(capsys, "audit", "check-heads", str(file), *where)
    assert (status, "14 kept heads" in out) == (0, True)
    assert run(capsys, "audit", "verify", *where)[0] == 0


async def test_a_schedule_of_a_service(
    sqlite_town: Town, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A service that is in use today, so that a change cuts a period."""
    today = tokyo_day(system_clock())
    statement = text(
        "INSERT INTO service_terms SELECT service_id, 2, :now, :since, :until, close_rule, "
        "pay_rule, legal_basis, payer_name, on_holiday FROM service_terms WHERE service_id = :id"
    )
    now = system_clock() - DAY
    window = {"now": now, "since": now, "until": now + 400 * DAY, "id": VOUCHER}
    sqlite_town.database.write_now(lambda c: c.execute(statement, window))
    rules = ("--close", "weekly:SUN", "--pay", "weekday:FRI:1", "--on-holiday", "previous")
    change = ("settlement", "set-schedule", VOUCHER, *rules, *where, *ACT)
    saturday = today + timedelta(days=14 + (5 - today.weekday()) % 7)
    for day in (saturday - timedelta(days=1), saturday + timedelta(days=1)):
        status, _, err = run(capsys, *change, "--from", str(day))
        assert (status, "CHOBA_SCHEDULE_NO_BOUNDARY" in err) == (1, True)
        assert "次の区切りは" in err
    for _ in range(2):
        status, out, err = run(capsys, *change, "--from", str(saturday))
        assert (status, "version 3" in out) == (0, True), err
    status, out, _ = run(capsys, "settlement", "show-schedule", VOUCHER, *where)
    assert status == 0
    lines = out.splitlines()
    assert len(lines) == 4
    assert "weekly:FRI" in lines[0]
    assert "weekly:SUN" in lines[2]
    assert "previous" in lines[2]
    assert "次の区切り" in lines[3]
    status, out, err = run(capsys, *change, "--from", str(today))
    assert (status, "CHOBA_SCHEDULE_PAST" in err) == (1, True)
    assert start_of_day(today) <= system_clock()
    status, out, err = run(capsys, "settlement", "show-schedule", "nothing", *where)
    assert (status, "CHOBA_SCHEDULE_SERVICE_UNKNOWN" in err) == (1, True)
