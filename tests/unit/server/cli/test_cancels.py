"""choba payment, choba expiry, choba user: as an operator types them."""

import pytest

from protos.units import Micros
from server.cli.__main__ import main
from server.oversight import acts_between
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.cancels import pay

ACT = ("--by", "係", "--why", "窓口で確認")


@pytest.fixture
def url(sqlite_town: Town) -> str:
    return sqlite_town.database._writing.url.render_as_string(hide_password=False)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return status, said.out, said.err


async def test_a_day_of_an_operator(
    sqlite_town: Town, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the machine's clock, long after the close of June 2024."""
    town = sqlite_town
    payment = await pay(town, 7, voucher=1000, points=200)
    base = ("--database", url)
    cancel = ("payment", "cancel", payment.payment_id, "--shop", "S-0001", *base, *ACT)

    status, out, err = run(capsys, *cancel, "--amount", "１，２００円")
    assert status == 1
    assert "CHOBA_CANCEL_CLOSED" in err
    assert "現金で返金" in err
    status, out, err = run(capsys, *cancel, "--amount", "1201")
    assert (status, "CHOBA_CANCEL_MISMATCH" in err) == (1, True)

    refund = ("payment", "refund", payment.payment_id, "--amount", "３００", *base, *ACT)
    status, out, err = run(capsys, *refund)
    assert (status, "CHOBA_CANCEL_LEG_NEEDED" in err) == (1, True)
    leg = payment.legs[0].transaction_id
    for _ in range(2):
        status, out, err = run(capsys, *refund, "--leg", leg, "--key", "same-key-0123456789")
        assert status == 0, err
        assert leg in out
    user = town.users["花子"].user_id
    status, out, err = run(capsys, "payment", "refunds", user, *base)
    assert (status, out.count("現金返金")) == (0, 1)
    assert "窓口で確認" in out

    status, out, err = run(capsys, "expiry", "run", *base, *ACT)
    assert status == 0
    assert f"{VOUCHER}  7,000 (2 customers, 2 lots)" in out
    assert f"{POINTS}  300 " in out
    status, out, err = run(capsys, "expiry", "run", *base, *ACT)
    assert (status, out) == (0, "nothing had expired\n")

    status, out, err = run(capsys, "user", "leave", user, *base, *ACT)
    assert (status, "退会" in out) == (0, True)
    status, out, err = run(capsys, "user", "leave", "X" * 20, *base, *ACT)
    assert (status, "CHOBA_LEAVING_USER_UNKNOWN" in err) == (1, True)

    status, out, err = run(capsys, "payment", "cancel-rule", VOUCHER, "refuse", *base, *ACT)
    assert status == 0
    assert run(capsys, "audit", "verify", *base)[0] == 0
    acts = town.database.read_now(
        lambda c: [a.what for a in acts_between(c, Micros(0), Micros(2**62))]
    )
    assert sorted(acts) == [
        "expiry.run",
        "expiry.run",
        "payment.cash-refund",
        "service.expired-lots",
        "user.leave",
    ]


async def test_a_cancel_before_the_close(
    sqlite_town: Town, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await pay(sqlite_town, 7, voucher=1000, points=200)
    monkeypatch.setattr("server.cli.cancels.system_clock", sqlite_town.clock)
    cancel = ("payment", "cancel", payment.payment_id, "--shop", "S-0001", "--database", url, *ACT)
    status, out, err = run(capsys, *cancel, "--amount", "¥1,200")
    assert status == 0, err
    assert "キャンセルが完了しました。" in out
    assert f"{VOUCHER}  1,000" in out
    assert "4,000 -> 5,000" in out
    folder = ("--state-dir", str(sqlite_town.database._writing.url.database).rpartition("/")[0])
    status, out, err = run(capsys, "ledger", "show", payment.payment_id, "--database", url, *folder)
    assert (status, "取消済み" in out) == (0, True)


@pytest.mark.parametrize("amount", ["12.5", "-5", "0", "abc", "", "99999999"])
def test_amounts_that_are_none_are_refused(amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["payment", "refund", "X" * 20, f"--amount={amount}", *ACT])
    assert caught.value.code == 2
    assert "--amount" in capsys.readouterr().err
