"""OperatorService: closes and schedules. Translates; the settlement and the campaigns decide."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from sqlalchemy import Connection

from protos.choba.v1 import operator_closes_pb2 as pb
from server.campaigns import (
    Schedule,
    Terms,
    change_schedule,
    next_boundary,
    parse_schedule,
    schedule_unknown,
    terms_of,
)
from server.clock import start_of_day
from server.db import Database
from server.directory import ServiceId
from server.ledger import LaneRange, LedgerClock
from server.rpc.calls import Context
from server.rpc.days import day_of
from server.rpc.errors import plain_text, whole_number
from server.rpc.operator import operator_name
from server.settlement.closes import (
    CloseDesk,
    CloseId,
    CloseTotal,
    ShopSum,
    close_totals,
    close_unknown,
    lane_ranges,
    shop_sums,
)

_CLOSES_IN_ONE: Final = 100
_SHOPS_IN_ONE: Final = 500
_MOST_CLOSES: Final = 1_000_000


class CloseCalls:
    """締め処理 over gRPC."""

    def __init__(self, database: Database, desk: CloseDesk, clock: LedgerClock) -> None:
        self._database = database
        self._desk = desk
        self._clock = clock

    async def PreviewClose(
        self, request: pb.PreviewCloseRequest, context: Context
    ) -> pb.PreviewCloseResponse:
        """What the next close would end."""
        preview = await asyncio.to_thread(self._desk.preview, _service(request.service_id))
        period = preview.period
        return pb.PreviewCloseResponse(
            number=preview.number,
            first_day=period.first_day.isoformat(),
            last_day=period.last_day.isoformat(),
            boundary_micros=period.closes_at,
            pay_day=period.pay_day.isoformat(),
            now_micros=preview.now,
            is_over=preview.is_over,
            due=preview.due,
            sums=[_sum(one) for one in preview.sums],
            open_claims=preview.sales.claims,
            unsent_announcements=preview.sales.unsent,
            unfinished_files=preview.unfinished_files,
        )

    async def RunClose(self, request: pb.RunCloseRequest, context: Context) -> pb.RunCloseResponse:
        """Once, however often it is asked for."""
        service = _service(request.service_id)
        number = whole_number("number", request.number, 1, _MOST_CLOSES)
        closed = await asyncio.to_thread(
            self._desk.close, service, number, by=operator_name(), why=request.why
        )
        (total,) = await self._database.read(partial(close_totals, close_id=closed.close.close_id))
        return pb.RunCloseResponse(close=_close(total), repeated=closed.repeated)

    async def ListCloses(
        self, request: pb.ListClosesRequest, context: Context
    ) -> AsyncIterator[pb.ListClosesResponse]:
        """By service and number."""
        service = _service(request.service_id) if request.service_id else None
        totals = await self._database.read(partial(close_totals, service=service))
        for start in range(0, len(totals), _CLOSES_IN_ONE):
            page = totals[start : start + _CLOSES_IN_ONE]
            yield pb.ListClosesResponse(closes=[_close(total) for total in page])

    async def GetClose(
        self, request: pb.GetCloseRequest, context: Context
    ) -> AsyncIterator[pb.GetCloseResponse]:
        """One close with its lanes and shops."""
        close_id = CloseId(plain_text("close_id", request.close_id, 20, 20))
        found = await self._database.read(partial(_whole, close_id=close_id))
        if found is None:
            raise close_unknown(close_id)
        total, lanes, sums = found
        yield pb.GetCloseResponse(
            close=_close(total),
            lanes=[_lane(lane) for lane in lanes],
            sums=[_sum(one) for one in sums[:_SHOPS_IN_ONE]],
        )
        for start in range(_SHOPS_IN_ONE, len(sums), _SHOPS_IN_ONE):
            page = sums[start : start + _SHOPS_IN_ONE]
            yield pb.GetCloseResponse(sums=[_sum(one) for one in page])

    async def GetSchedule(
        self, request: pb.GetScheduleRequest, context: Context
    ) -> pb.GetScheduleResponse:
        """Every version of it, oldest first."""
        service = _service(request.service_id)
        versions, now = await self._database.read(lambda c: (terms_of(c, service), self._clock(c)))
        if not versions:
            raise schedule_unknown(service)
        return pb.GetScheduleResponse(
            versions=[_version(terms) for terms in versions],
            next_boundary_micros=next_boundary(versions, now),
        )

    async def SetSchedule(
        self, request: pb.SetScheduleRequest, context: Context
    ) -> pb.SetScheduleResponse:
        """From a boundary to come on."""
        schedule = parse_schedule(
            request.schedule.close, request.schedule.pay, request.schedule.on_holiday
        )
        terms = await asyncio.to_thread(
            change_schedule,
            self._database,
            self._clock,
            _service(request.service_id),
            schedule,
            start_of_day(day_of("valid_from_day", request.valid_from_day)),
            by=operator_name(),
            why=request.why,
        )
        return pb.SetScheduleResponse(version=_version(terms))


def _service(text: str) -> ServiceId:
    return ServiceId(plain_text("service_id", text, 1, 64))


def _whole(
    connection: Connection, close_id: CloseId
) -> tuple[CloseTotal, tuple[LaneRange, ...], tuple[ShopSum, ...]] | None:
    totals = close_totals(connection, close_id=close_id)
    if not totals:
        return None
    return totals[0], lane_ranges(connection, close_id), shop_sums(connection, close_id)


def _close(total: CloseTotal) -> pb.Close:
    close = total.close
    return pb.Close(
        close_id=close.close_id,
        service_id=close.service_id,
        number=close.number,
        first_day=close.first_day.isoformat(),
        last_day=close.last_day.isoformat(),
        boundary_micros=close.boundary,
        pay_day=close.pay_day.isoformat(),
        terms_version=close.terms_version,
        closed_at_micros=close.closed_at,
        used_yen=total.used,
        used_count=total.used_count,
        cancelled_yen=total.cancelled,
        cancelled_count=total.cancelled_count,
        shops=total.shops,
    )


def _sum(one: ShopSum) -> pb.ShopSum:
    return pb.ShopSum(
        shop_id=one.shop_id,
        used_yen=one.used,
        used_count=one.used_count,
        cancelled_yen=one.cancelled,
        cancelled_count=one.cancelled_count,
    )


def _lane(one: LaneRange) -> pb.LaneRange:
    return pb.LaneRange(lane_id=one.lane, after_position=one.after, until_position=one.until)


def _version(terms: Terms) -> pb.ScheduleVersion:
    return pb.ScheduleVersion(
        terms_version=terms.version,
        valid_from_micros=terms.valid_from,
        schedule=_schedule(terms.schedule),
    )


def _schedule(schedule: Schedule) -> pb.Schedule:
    return pb.Schedule(
        close=str(schedule.close), pay=str(schedule.pay), on_holiday=schedule.on_holiday.value
    )
