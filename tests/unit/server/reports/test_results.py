"""実績 of two days whose numbers are written out by hand, on both databases."""

from datetime import date

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros
from server.clock import DAY
from server.directory import MerchantId, ServiceId, ShopId
from server.ledger import Moved, Movement, process_clock
from server.refusal import Refusal
from server.reports import (
    ReportCode,
    Results,
    Scope,
    daily_csv,
    days,
    monthly_csv,
    results,
    verify_results,
    write_days,
    written_days,
)
from tests.support.books import POINTS, VOUCHER, Town
from tests.unit.server.ledger.test_results import MATSUYA, two_days

FIFTH, SIXTH = date(2024, 6, 5), date(2024, 6, 6)
KISSATEN = "S-0002"


def asked(town: Town, first: date = FIFTH, last: date = SIXTH, **scope: str) -> Results:
    return town.database.read_now(lambda c: results(c, first, last, Scope(**scope)))  # type: ignore[arg-type]


def moved(found: Results) -> dict[tuple[date, str, str], tuple[int, int]]:
    """Everything that is not nothing."""
    return {
        (day, result.service.service_id, kind.value): (one.amount, one.count)
        for day, result in found.daily
        for kind in Movement
        if (one := getattr(result, kind.value)) != Moved()
    }


EVERYBODY = {
    (FIFTH, POINTS, "given"): (590, 3),
    (FIFTH, POINTS, "spent"): (320, 3),
    (FIFTH, VOUCHER, "given"): (8000, 2),
    (FIFTH, VOUCHER, "spent"): (1400, 2),
    (SIXTH, POINTS, "returned"): (170, 2),
    (SIXTH, POINTS, "expired"): (90, 2),
    (SIXTH, VOUCHER, "given"): (600, 1),
    (SIXTH, VOUCHER, "taken_back"): (600, 1),
    (SIXTH, VOUCHER, "forfeited"): (2600, 1),
}
"""A combined payment counts once in each of its services; a cancel on its own day."""


async def test_two_days_by_service(town: Town) -> None:
    await two_days(town)
    assert moved(asked(town)) == EVERYBODY
    assert moved(asked(town, service=VOUCHER)) == {
        key: value for key, value in EVERYBODY.items() if key[1] == VOUCHER
    }
    assert moved(asked(town, first=SIXTH)) == {
        key: value for key, value in EVERYBODY.items() if key[0] == SIXTH
    }
    (points, voucher) = asked(town).totals
    assert (points.net, points.net_count) == (150, 1)
    assert (voucher.net, voucher.net_count) == (1400, 2)


async def test_a_shop_and_a_merchant_see_what_was_used_there(town: Town) -> None:
    await two_days(town)
    wanted = {key: n for key, n in EVERYBODY.items() if key[2] in ("spent", "returned")}
    assert moved(asked(town, shop=MATSUYA)) == wanted
    assert moved(asked(town, shop=KISSATEN)) == {}
    merchant = town.database.read_now(
        lambda c: c.execute(text("SELECT merchant_id FROM shops WHERE shop_id = 'S-0001'")).scalar()
    )
    assert moved(asked(town, merchant=str(merchant))) == wanted


async def test_written_days_say_the_same_and_are_written_once(town: Town) -> None:
    await two_days(town)
    clock = process_clock(town.clock)
    assert write_days(town.database, clock) == 1  # today is not over
    assert written_days_of(town) == (FIFTH,)
    assert moved(asked(town)) == EVERYBODY
    town.clock.forward(2 * 86_400)
    heard: list[date] = []
    assert write_days(town.database, clock, heard.append) == 2
    assert heard == [SIXTH, date(2024, 6, 7)]
    assert write_days(town.database, clock) == 0
    assert moved(asked(town)) == EVERYBODY
    assert moved(asked(town, shop=MATSUYA)) == {
        key: n for key, n in EVERYBODY.items() if key[2] in ("spent", "returned")
    }
    assert town.database.read_now(verify_results) == []


async def test_a_day_that_is_written_while_somebody_reads_is_neither_lost_nor_doubled(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_days(town)
    looked = days._first_open

    def then_the_job_runs(connection: Connection) -> tuple[date | None, days.Cut]:
        found = looked(connection)
        monkeypatch.setattr(days, "_first_open", looked)
        write_days(town.database, process_clock(town.clock))
        return found

    monkeypatch.setattr(days, "_first_open", then_the_job_runs)
    assert moved(asked(town)) == EVERYBODY
    assert written_days_of(town) == (FIFTH,)


async def test_no_payment_comes_into_a_day_that_is_written(town: Town) -> None:
    await two_days(town)
    write_days(town.database, process_clock(town.clock))
    town.clock.now = Micros(town.clock.now - 2 * DAY)  # a clock that went wrong
    town.grant(town.users["花子"], POINTS, 7, Micros(town.clock.now + 90 * DAY))
    assert moved(asked(town))[SIXTH, POINTS, "given"] == (7, 1)
    assert town.database.read_now(verify_results) == []


async def test_a_written_number_that_was_changed_is_found(town: Town) -> None:
    await two_days(town)
    write_days(town.database, process_clock(town.clock))
    for change, said in (
        ("UPDATE result_services SET amount = amount + 1 WHERE kind = 'spent'", "spent"),
        ("UPDATE result_shops SET used_count = used_count + 1", "shop account"),
        ("UPDATE result_days SET until_position = until_position - 1", "ends elsewhere"),
    ):
        town.database.write_now(lambda c, sql=change: c.execute(text(sql)))  # type: ignore[misc]
        found = town.database.read_now(verify_results)
        assert any(said in line for line in found), (change, found)


async def test_csv_is_exactly_what_the_sheets_know(town: Town) -> None:
    await two_days(town)
    found = asked(town)
    daily, monthly = daily_csv(found), monthly_csv(found)
    assert daily.startswith(b"\xef\xbb\xbfdate,serviceType,type,service,serviceId,addAmount,")
    lines = daily.decode("utf-8-sig").split("\r\n")
    assert lines[0] == (
        "date,serviceType,type,service,serviceId,addAmount,addCount,subAmount,subCount,"
        "addCancelAmount,addCancelCount,subCancelAmount,subCancelCount"
    )
    assert lines[1:] == [
        f"2024/06/05 0:00,ポイント,2,ポイント,{POINTS},590,3,320,3,0,0,0,0",
        f"2024/06/05 0:00,商品券,3,商品券,{VOUCHER},8000,2,1400,2,0,0,0,0",
        f"2024/06/06 0:00,ポイント,2,ポイント,{POINTS},0,0,0,0,0,0,170,2",
        f"2024/06/06 0:00,商品券,3,商品券,{VOUCHER},600,1,0,0,600,1,0,0",
        "",
    ]
    assert monthly.decode("utf-8-sig").split("\r\n") == [
        lines[0].replace("date,", "year,month,", 1),
        f"2024,6,ポイント,2,ポイント,{POINTS},590,3,320,3,0,0,170,2",
        f"2024,6,商品券,3,商品券,{VOUCHER},8600,3,1400,2,600,1,0,0",
        "",
    ]


def test_what_is_refused_names_the_field(town: Town) -> None:
    for scope, code, field in (
        (Scope(shop=ShopId("S-9999")), ReportCode.SHOP_UNKNOWN, "shop_id"),
        (Scope(merchant=MerchantId("M-9999")), ReportCode.MERCHANT_UNKNOWN, "merchant_id"),
        (Scope(service=ServiceId("none")), ReportCode.SERVICE_UNKNOWN, "service_id"),
    ):
        with pytest.raises(Refusal) as caught:
            town.database.read_now(lambda c, s=scope: results(c, FIFTH, SIXTH, s))  # type: ignore[misc]
        assert (caught.value.code, caught.value.field) == (code, field)
    for first, last in ((SIXTH, FIFTH), (date(2000, 1, 1), date(2024, 1, 1))):
        with pytest.raises(Refusal) as caught:
            asked(town, first, last)
        assert caught.value.code == ReportCode.PERIOD


def written_days_of(town: Town) -> tuple[date, ...]:
    return town.database.read_now(written_days)
