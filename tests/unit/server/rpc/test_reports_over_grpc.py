"""取引 and 実績 as an operator's own system calls them."""

import csv
import io
from datetime import date
from typing import Any

import grpc
import pytest
from grpc import aio

from protos.choba.v1 import operator_reports_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from server.clock import system_clock, tokyo_day
from tests.support.directory import POINTS, SHOP, VOUCHER
from tests.support.gate import TIMEOUT, Customer, Gate, bearer, told


async def call(gate: Gate, method: str, request: Any) -> Any:
    """The answer; of a stream its chunks put together."""
    async with gate.public_channel() as channel:
        answer = getattr(OperatorServiceStub(channel), method)(
            request, metadata=bearer(gate.operator_token), timeout=TIMEOUT
        )
        if isinstance(answer, aio.UnaryStreamCall):
            return b"".join([one.chunk async for one in answer])
        return await answer


def query(**of: Any) -> pb.ResultQuery:
    """Of yesterday and today: a midnight may pass meanwhile."""
    today = tokyo_day(system_clock())
    first = date.fromordinal(today.toordinal() - 1)
    named = {"first_day": first.isoformat(), "last_day": today.isoformat()}
    return pb.ResultQuery(**{**named, "by": pb.RESULT_PERIOD_DAY, **of})


async def test_a_payment_on_the_list_in_the_sheet_and_in_the_results(
    gate: Gate, customer: Customer
) -> None:
    device = await gate.new_device()
    paid = await customer.pay(gate.qr(device)[1], voucher=1000, points=200)
    wanted = pb.TransactionFilter(shop_id=SHOP, operation_id="OP1", closed=pb.CLOSED_NO)
    first = await call(
        gate, "SearchTransactions", pb.SearchTransactionsRequest(filter=wanted, limit=1)
    )
    assert first.next_cursor
    second = await call(
        gate,
        "SearchTransactions",
        pb.SearchTransactionsRequest(filter=wanted, limit=1, cursor=first.next_cursor),
    )
    assert second.next_cursor == ""
    listed = {t.transaction_id: t for page in (first, second) for t in page.transactions}
    assert set(listed) == {leg.transaction_id for leg in paid.legs}
    for one in listed.values():
        assert (one.operation_name, one.combined, one.notes[0]) == (
            "利用",
            True,
            paid.payment_id,
        )
        assert one.before_yen - one.after_yen == one.amount_yen
    sheet = await call(gate, "ExportTransactions", pb.ExportTransactionsRequest(filter=wanted))
    rows = list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))
    assert {row["tranId"] for row in rows} == set(listed)
    assert {row["serviceOperatorId"] for row in rows} == {"OP-0001"}
    found = await call(gate, "GetResults", pb.GetResultsRequest(query=query(shop_id=SHOP)))
    assert {(r.service_id, r.spent.amount_yen, r.spent.count, r.net_yen) for r in found.rows} == {
        (VOUCHER, 1000, 1, 1000),
        (POINTS, 200, 1, 200),
    }
    monthly = query(shop_id=SHOP, by=pb.RESULT_PERIOD_MONTH)
    months = await call(gate, "GetResults", pb.GetResultsRequest(query=monthly))
    assert {(row.period, row.net_yen) for row in months.rows} == {
        (row.period[:7], row.net_yen) for row in found.rows
    }
    daily = await call(gate, "ExportResults", pb.ExportResultsRequest(query=query(shop_id=SHOP)))
    assert daily.decode("utf-8-sig").split("\r\n")[0].startswith("date,serviceType,type,service,")
    by_month = await call(gate, "ExportResults", pb.ExportResultsRequest(query=monthly))
    assert by_month.decode("utf-8-sig").startswith("year,month,serviceType,")


@pytest.mark.parametrize(
    ("method", "request_", "status", "reason"),
    [
        (
            "SearchTransactions",
            pb.SearchTransactionsRequest(filter=pb.TransactionFilter(operation_id="OP6")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "SearchTransactions",
            pb.SearchTransactionsRequest(limit=501),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "SearchTransactions",
            pb.SearchTransactionsRequest(cursor="!"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_REPORT_CURSOR",
        ),
        (
            "ExportTransactions",
            pb.ExportTransactionsRequest(filter=pb.TransactionFilter(user_id="x'--")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_REPORT_FIELD",
        ),
        (
            "GetResults",
            pb.GetResultsRequest(query=pb.ResultQuery(first_day="2024-06-31")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "GetResults",
            pb.GetResultsRequest(query=query(first_day="2024-06-31")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_CALL_FIELD_INVALID",
        ),
        (
            "ExportResults",
            pb.ExportResultsRequest(query=query(shop_id="S-9999")),
            grpc.StatusCode.NOT_FOUND,
            "CHOBA_REPORT_SHOP_UNKNOWN",
        ),
        (
            "GetResults",
            pb.GetResultsRequest(query=query(last_day="2020-01-01")),
            grpc.StatusCode.INVALID_ARGUMENT,
            "CHOBA_REPORT_PERIOD",
        ),
    ],
)
async def test_what_is_refused_says_why(
    gate: Gate, method: str, request_: Any, status: grpc.StatusCode, reason: str
) -> None:
    with pytest.raises(aio.AioRpcError) as caught:
        await call(gate, method, request_)
    said = told(caught.value)
    assert (said.status, said.reason) == (status, reason)
    assert said.ja
    assert said.en
