"""取引: the list on the screen and the CSV, over the same two days, on both databases."""

import csv
import datetime as dt
import io
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from protos.units import Micros, TerminalId, TransactionId, UserId
from server.clock import SECOND
from server.db.streams import long_snapshot
from server.directory import ServiceId, ShopId
from server.ledger import Operation, process_clock
from server.refusal import Refusal
from server.reports import (
    ReportCode,
    Status,
    Transaction,
    Wanted,
    search,
    transactions_csv,
)
from server.settlement.closes import CloseDesk
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town
from tests.support.closes import KEY
from tests.unit.server.ledger.test_results import two_days

HEADER = (
    "tranId,serviceOperatorId,serviceId,serviceDisplayName,serviceType,operationType,operationId,"
    "operationName,merchantDisplayName,merchantId,shopDisplayName,shopId,terminalDisplayName,"
    "terminalId,terminalType,uid,amount,beforeValue,afterValue,note1,note2,note3,targetAmount,"
    "targetTranId,from,to,closed,status,createdAt,updatedAt"
)


def found(town: Town, limit: int = 100, **wanted: Any) -> list[Transaction]:
    page = town.database.read_now(lambda c: search(c, Wanted(**wanted), limit))
    assert page.cursor == ""
    return list(page.transactions)


def sheet(town: Town, **wanted: Any) -> bytes:
    def work(connection: Any) -> bytes:
        long_snapshot(connection)
        return b"".join(transactions_csv(connection, Wanted(**wanted), "OP-1"))

    return town.database.read_now(work)


def rows(town: Town, **wanted: Any) -> list[dict[str, str]]:
    content = sheet(town, **wanted)
    assert content.startswith(b"\xef\xbb\xbf")
    text_ = content.decode("utf-8-sig")
    assert text_.split("\r\n")[0] == HEADER
    assert text_.endswith("\r\n")
    assert "\n" not in text_.replace("\r\n", "")
    return list(csv.DictReader(io.StringIO(text_, newline="")))


async def test_every_transaction_once_with_what_follows_from_it(town: Town) -> None:
    await two_days(town)
    listed = found(town)
    counts = [sum(t.operation == o for t in listed) for o in (1, 2, 3, 4, 5)]
    assert counts == [5, 3, 3, 2, 1]
    assert len({t.transaction_id for t in listed}) == len(listed)
    assert [(t.at, t.transaction_id) for t in listed] == sorted(
        ((t.at, t.transaction_id) for t in listed), reverse=True
    )
    by_id = {t.transaction_id: t for t in listed}
    for t in listed:
        cancels = [o for o in listed if o.target_id == t.transaction_id]
        slip = t.operation in (Operation.CANCEL_USE, Operation.CANCEL_GRANT)
        assert (t.status is Status.CANCELLED) == (slip or bool(cancels))
        assert t.updated_at == (cancels[0].at if cancels else t.at)
        if slip:
            assert t.target_id is not None
            assert by_id[t.target_id].amount == t.amount
        if t.operation is Operation.USE:
            assert t.before is not None
            assert t.after == t.before - t.amount
            assert t.shop_id == "S-0001"
            assert t.terminal_id is not None
    combined = [t for t in listed if t.combined]
    assert sorted(t.amount for t in combined) == [150, 1000]
    assert len({t.notes[0] for t in combined}) == 1


async def test_a_search_narrows_by_each_field(town: Town) -> None:
    await two_days(town)
    everything = found(town)
    taro = town.users["太郎"].user_id
    one = next(t for t in everything if t.operation is Operation.USE)
    noon = next(t.at for t in everything if t.operation is Operation.CANCEL_USE)
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"user": taro}, lambda t: t.user_id == taro),
        ({"transaction": one.transaction_id}, lambda t: t is one),
        ({"service": VOUCHER}, lambda t: t.service_id == VOUCHER),
        ({"shop": ShopId("S-0001")}, lambda t: t.shop_id == "S-0001"),
        ({"merchant": one.merchant_id}, lambda t: t.merchant_id == one.merchant_id),
        ({"terminal": one.terminal_id}, lambda t: t.terminal_id == one.terminal_id),
        *(
            ({"operation": o}, lambda t, o=o: t.operation is o)
            for o in (Operation(n) for n in range(1, 6))
        ),
        *(({"status": s}, lambda t, s=s: t.status is s) for s in Status),
        ({"closed": False}, lambda t: True),
        ({"closed": True}, lambda t: False),
        ({"collected": True}, lambda t: False),
        ({"since": noon}, lambda t: t.at >= noon),
        ({"until": noon}, lambda t: t.at < noon),
        ({"user": taro, "service": POINTS}, lambda t: t.user_id == taro and t.service_id == POINTS),
        ({"shop": ShopId("S-9999")}, lambda t: False),
    ]
    for wanted, belongs in cases:
        ids = [t.transaction_id for t in found(town, **wanted)]
        assert ids == [t.transaction_id for t in everything if belongs(t)], wanted
        assert {row["tranId"] for row in rows(town, **wanted)} == set(ids), wanted


async def test_pages_follow_each_other_though_rows_come_in(town: Town) -> None:
    await two_days(town)
    everything = [t.transaction_id for t in found(town)]
    got: list[str] = []
    cursor = ""
    while True:
        page = town.database.read_now(lambda c, at=cursor: search(c, Wanted(), 3, at))  # type: ignore[misc]
        got += [t.transaction_id for t in page.transactions]
        if not page.cursor:
            break
        cursor = page.cursor
        town.clock.forward(60)
        town.grant(town.users["花子"], POINTS, 1, END_OF_AUGUST)
    assert got == everything


async def test_closed_follows_the_close_of_its_service(town: Town) -> None:
    await two_days(town)
    town.clock.forward(4 * 86_400)
    desk = CloseDesk(town.database, process_clock(town.clock), KEY)
    assert desk.close_due(ServiceId(VOUCHER), by="係", why="締め")
    assert {t.closed for t in found(town, service=VOUCHER)} == {True}
    assert {t.closed for t in found(town, service=POINTS)} == {False}
    assert {t.service_id for t in found(town, closed=True)} == {VOUCHER}
    assert {row["closed"] for row in rows(town, service=VOUCHER)} == {"1"}


async def test_the_sheet_says_what_the_list_says(town: Town) -> None:
    await two_days(town)
    listed = {t.transaction_id: t for t in found(town)}
    written = rows(town)
    assert [row["createdAt"] for row in written] == sorted(row["createdAt"] for row in written)
    assert {row["tranId"] for row in written} == set(listed)
    types = {
        1: ("SUB", "OP1", "利用"),
        2: ("ADD", "OP2", "付与"),
        3: ("ADD", "OP3", "チャージ"),
        4: ("CANCEL", "OP4", "利用キャンセル"),
        5: ("CANCEL", "OP5", "付与キャンセル"),
    }
    for row in written:
        t = listed[TransactionId(row["tranId"])]
        words = (row["operationType"], row["operationId"], row["operationName"])
        assert words == types[t.operation]
        assert row["serviceOperatorId"] == "OP-1"
        assert (row["serviceId"], row["serviceDisplayName"]) == (t.service_id, t.service_name)
        assert row["serviceType"] == str(int(t.service_kind))
        assert (row["shopId"], row["shopDisplayName"]) == (t.shop_id or "", t.shop_name)
        assert (row["merchantId"], row["terminalId"]) == (t.merchant_id or "", t.terminal_id or "")
        assert (row["uid"], row["terminalType"]) == (t.user_id, "1")
        numbers = (row["amount"], row["beforeValue"], row["afterValue"])
        assert numbers == (str(t.amount), str(t.before), str(t.after))
        assert (row["note1"], row["note2"], row["note3"]) == t.notes
        assert row["targetTranId"] == (t.target_id or "")
        assert row["targetAmount"] == (str(t.amount) if t.target_id else "")
        ends = {1: (t.user_id, t.terminal_id), 4: (t.terminal_id, t.user_id)}
        assert (row["from"], row["to"]) == ends.get(t.operation, ("", ""))
        assert (row["closed"], row["status"]) == ("0", str(int(t.status)))
        assert row["createdAt"] == japan(t.at)
        assert row["updatedAt"] == japan(t.updated_at)
    used = sum(int(r["amount"]) for r in written if r["operationId"] == "OP1")
    active = sum(
        int(r["amount"]) for r in written if r["operationId"] == "OP1" and r["status"] == "1"
    )
    back = sum(int(r["amount"]) for r in written if r["operationId"] == "OP4")
    assert active == used - back


async def test_both_databases_write_the_same_bytes_of_nasty_names(town: Town) -> None:
    await two_days(town)
    names = ("=1+1", '"いろは",ろ', "@はに\nほへ", " 空白 ", "-と\\.", "'ち\r\nり")
    for name in names:
        town.database.write_now(
            lambda c, n=name: c.execute(text("UPDATE shops SET name_ja = :n"), {"n": n})  # type: ignore[misc]
        )
        content = sheet(town, operation=Operation.USE)
        read = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        safe = f"'{name}" if name[0] in "=+-@" else name
        assert {row["shopDisplayName"] for row in read} == {safe}
        again = io.StringIO()
        writer = csv.DictWriter(again, HEADER.split(","), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(read)
        assert content == again.getvalue().encode("utf-8-sig")  # as Python's own writer quotes


def test_a_sheet_of_nothing_is_its_header(town: Town) -> None:
    assert sheet(town, user=UserId("nobody")).decode("utf-8-sig") == HEADER + "\r\n"
    assert sheet(town, shop=ShopId("S-9"), operation=Operation.GRANT).count(b"\r\n") == 1


def test_what_is_no_id_is_refused(town: Town) -> None:
    bad: tuple[tuple[str, Wanted], ...] = (
        ("user", Wanted(user=UserId("x' OR '1'='1"))),
        ("terminal", Wanted(terminal=TerminalId("T 1"))),
        ("operation", Wanted(operation=Operation.EXPIRE)),
    )
    for field, wanted in bad:
        for ask in (
            lambda c, w=wanted: search(c, w),
            lambda c, w=wanted: list(transactions_csv(c, w, "OP-1")),
        ):
            with pytest.raises(Refusal) as caught:
                town.database.read_now(ask)
            assert (caught.value.code, caught.value.field) == (ReportCode.FIELD, field)
    with pytest.raises(Refusal) as caught:
        town.database.read_now(partial(search, wanted=Wanted(), cursor="これは違う"))
    assert caught.value.code == ReportCode.CURSOR
    with pytest.raises(Refusal) as caught:
        found(town, since=Micros(2), until=Micros(1))
    assert caught.value.code == ReportCode.PERIOD


def japan(at: Micros) -> str:

    zone = dt.timezone(dt.timedelta(hours=9))
    return dt.datetime.fromtimestamp(at // SECOND, zone).strftime("%Y/%m/%d %H:%M:%S")
