"""OperatorService: 取引 and 実績. Translates; the reports decide."""

from collections.abc import AsyncIterator, Iterable
from functools import partial
from typing import Final

from sqlalchemy import Connection

from protos.choba.v1 import operator_reports_pb2 as pb
from protos.units import Micros, TerminalId, TransactionId, UserId
from server.db import Database
from server.db.streams import long_snapshot
from server.directory import MerchantId, ServiceId, ShopId
from server.ledger import Moved, Operation
from server.reports import (
    MOST_IN_PAGE,
    OPERATION_NAMES,
    Month,
    Result,
    Results,
    Scope,
    Status,
    Transaction,
    Wanted,
    daily_csv,
    monthly_csv,
    results,
    search,
    transactions_csv,
)
from server.rpc.calls import Context
from server.rpc.chunks import chunks_of
from server.rpc.days import day_of
from server.rpc.errors import invalid_field, whole_number
from server.rpc.threads import Telling, told_by

_PAGE: Final = 50
_LATEST: Final = 253_402_300_799_999_999
_OPERATIONS: Final = {f"OP{int(operation)}": operation for operation in OPERATION_NAMES}
_STATUS: Final = {
    Status.ACTIVE: pb.TRANSACTION_STATUS_ACTIVE,
    Status.CANCELLED: pb.TRANSACTION_STATUS_CANCELLED,
}
_CLOSED: Final = {pb.CLOSED_UNSPECIFIED: None, pb.CLOSED_NO: False, pb.CLOSED_YES: True}


class ReportCalls:
    """Reading only. ``operator_id``: of who runs the services, for the CSV."""

    def __init__(self, database: Database, operator_id: str) -> None:
        self._database = database
        self._operator_id = operator_id

    async def SearchTransactions(
        self, request: pb.SearchTransactionsRequest, context: Context
    ) -> pb.SearchTransactionsResponse:
        """Newest first, in pages."""
        limit = whole_number("limit", request.limit or _PAGE, 1, MOST_IN_PAGE)
        work = partial(search, wanted=_wanted(request.filter), limit=limit, cursor=request.cursor)
        page = await self._database.read(work)
        return pb.SearchTransactionsResponse(
            transactions=[_transaction(one) for one in page.transactions], next_cursor=page.cursor
        )

    async def ExportTransactions(
        self, request: pb.ExportTransactionsRequest, context: Context
    ) -> AsyncIterator[pb.ExportTransactionsResponse]:
        """The CSV in chunks; a caller who goes away ends it."""
        wanted = _wanted(request.filter)

        def work(connection: Connection, tell: Telling[bytes]) -> None:
            long_snapshot(connection)
            for chunk in transactions_csv(connection, wanted, self._operator_id):
                tell([chunk])

        def on_thread(tell: Telling[bytes]) -> None:
            self._database.read_now(partial(work, tell=tell))

        async for part in told_by(on_thread):
            for chunk in part or ():
                yield pb.ExportTransactionsResponse(chunk=chunk)

    async def GetResults(
        self, request: pb.GetResultsRequest, context: Context
    ) -> pb.GetResultsResponse:
        """By day or month."""
        query = request.query
        found = await self._results(query)
        rows: Iterable[tuple[str, Result]]
        if query.by == pb.RESULT_PERIOD_MONTH:
            rows = ((_month(month), result) for month, result in found.monthly)
        else:
            rows = ((day.isoformat(), result) for day, result in found.daily)
        return pb.GetResultsResponse(rows=[_row(period, result) for period, result in rows])

    async def ExportResults(
        self, request: pb.ExportResultsRequest, context: Context
    ) -> AsyncIterator[pb.ExportResultsResponse]:
        """日別実績 or 月別実績."""
        found = await self._results(request.query)
        by_month = request.query.by == pb.RESULT_PERIOD_MONTH
        content = monthly_csv(found) if by_month else daily_csv(found)
        for chunk in chunks_of(content):
            yield pb.ExportResultsResponse(chunk=chunk)

    async def _results(self, query: pb.ResultQuery) -> Results:
        if query.by not in (pb.RESULT_PERIOD_DAY, pb.RESULT_PERIOD_MONTH):
            raise invalid_field("by", "say RESULT_PERIOD_DAY or RESULT_PERIOD_MONTH")
        scope = Scope(
            ShopId(query.shop_id) if query.shop_id else None,
            MerchantId(query.merchant_id) if query.merchant_id else None,
            ServiceId(query.service_id) if query.service_id else None,
        )
        first, last = day_of("first_day", query.first_day), day_of("last_day", query.last_day)
        return await self._database.read(partial(results, first=first, last=last, scope=scope))


def _wanted(asked: pb.TransactionFilter) -> Wanted:
    if asked.operation_id and asked.operation_id not in _OPERATIONS:
        raise invalid_field("operation_id", f"one of {', '.join(_OPERATIONS)}")
    if asked.closed not in _CLOSED:
        raise invalid_field("closed", "say CLOSED_NO or CLOSED_YES, or leave it out")
    if int(asked.status) not in (0, *map(int, Status)):
        raise invalid_field("status", "say ACTIVE or CANCELLED, or leave it out")
    whole_number("since_micros", asked.since_micros, 0, _LATEST)
    whole_number("until_micros", asked.until_micros, 0, _LATEST)
    return Wanted(
        user=UserId(asked.user_id) if asked.user_id else None,
        transaction=TransactionId(asked.transaction_id) if asked.transaction_id else None,
        service=ServiceId(asked.service_id) if asked.service_id else None,
        shop=ShopId(asked.shop_id) if asked.shop_id else None,
        merchant=MerchantId(asked.merchant_id) if asked.merchant_id else None,
        terminal=TerminalId(asked.terminal_id) if asked.terminal_id else None,
        operation=_OPERATIONS[asked.operation_id] if asked.operation_id else None,
        status=Status(asked.status) if asked.status else None,
        closed=_CLOSED[asked.closed],
        collected=asked.collected_only,
        since=Micros(asked.since_micros) if asked.since_micros else None,
        until=Micros(asked.until_micros) if asked.until_micros else None,
    )


def _transaction(one: Transaction) -> pb.Transaction:
    return pb.Transaction(
        transaction_id=one.transaction_id,
        at_micros=one.at,
        operation_id=f"OP{int(one.operation)}",
        operation_name=OPERATION_NAMES[Operation(one.operation)],
        service_id=one.service_id,
        service_name=one.service_name,
        service_type=int(one.service_kind),
        merchant_id=one.merchant_id or "",
        merchant_name=one.merchant_name,
        shop_id=one.shop_id or "",
        shop_name=one.shop_name,
        terminal_id=one.terminal_id or "",
        terminal_name=one.terminal_name,
        user_id=one.user_id,
        amount_yen=one.amount,
        before_yen=one.before,
        after_yen=one.after,
        notes=one.notes,
        target_transaction_id=one.target_id or "",
        closed=one.closed,
        status=_STATUS[one.status],
        updated_at_micros=one.updated_at,
        combined=one.combined,
    )


def _row(period: str, result: Result) -> pb.ResultRow:
    return pb.ResultRow(
        period=period,
        service_id=result.service.service_id,
        service_name=result.service.name_ja,
        service_type=int(result.service.kind),
        given=_moved(result.given),
        spent=_moved(result.spent),
        taken_back=_moved(result.taken_back),
        returned=_moved(result.returned),
        expired=_moved(result.expired),
        forfeited=_moved(result.forfeited),
        net_yen=result.net,
    )


def _moved(one: Moved) -> pb.Moved:
    return pb.Moved(amount_yen=one.amount, count=one.count)


def _month(month: Month) -> str:
    return f"{month.year}-{month.month:02}"
