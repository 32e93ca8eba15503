"""締め処理 and schedules as an operator's own system calls them."""

import asyncio
from functools import partial
from typing import Any

import grpc
import pytest
from grpc import aio

from protos.choba.v1 import operator_closes_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from protos.units import Micros
from server.clock import DAY, system_clock, tokyo_time
from server.db import open_database
from server.directory import ServiceId
from tests.support.acts import assert_one_act
from tests.support.directory import SHOP, VOUCHER, past_service
from tests.support.gate import TIMEOUT, Customer, Gate, bearer, told
from tests.support.timers import hold_close_timer

FAIR = ServiceId("fair")


async def call(gate: Gate, method: str, request: Any) -> Any:
    """The answer; of a stream all of them."""
    async with gate.public_channel() as channel:
        answer = getattr(OperatorServiceStub(channel), method)(
            request, metadata=bearer(gate.operator_token), timeout=TIMEOUT
        )
        if isinstance(answer, aio.UnaryStreamCall):
            return [one async for one in answer]
        return await answer


async def refusal(gate: Gate, method: str, request: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(aio.AioRpcError) as caught:
        await call(gate, method, request)
    said = told(caught.value)
    assert said.ja
    assert said.en
    return said.status, said.reason


@pytest.fixture
async def fair(gate: Gate) -> None:
    """A service with two closes that are due, made while the server runs.

    The server's own timer would close them too, and be first at times.
    """
    database = open_database(gate.settings.database.url or f"sqlite:///{gate.state.database}")
    await asyncio.to_thread(hold_close_timer, database)
    database.write_now(partial(past_service, service=FAIR))
    database.close_now()


@pytest.mark.usefixtures("fair")
async def test_a_close_from_preview_to_list(gate: Gate) -> None:
    preview = await call(gate, "PreviewClose", pb.PreviewCloseRequest(service_id=FAIR))
    assert (preview.number, preview.is_over) == (1, True)
    assert preview.due >= 2
    run = pb.RunCloseRequest(service_id=FAIR, number=1, why="月次の締め")
    done = await call(gate, "RunClose", run)
    assert not done.repeated
    made = done.close
    assert (made.number, made.boundary_micros) == (1, preview.boundary_micros)
    assert (made.first_day, made.last_day) == (preview.first_day, preview.last_day)
    assert made.pay_day == preview.pay_day
    assert await call(gate, "RunClose", run) == pb.RunCloseResponse(close=made, repeated=True)
    async with gate.public_channel() as channel:
        await assert_one_act(gate, channel, "close.run", made.close_id, "月次の締め")
    (listed,) = await call(gate, "ListCloses", pb.ListClosesRequest(service_id=FAIR))
    assert list(listed.closes) == [made]
    everything = await call(gate, "ListCloses", pb.ListClosesRequest())
    assert made in [close for page in everything for close in page.closes]
    (shown,) = await call(gate, "GetClose", pb.GetCloseRequest(close_id=made.close_id))
    assert shown.close == made
    assert [lane.after_position for lane in shown.lanes] == [0] * len(shown.lanes)
    assert await refusal(
        gate, "RunClose", pb.RunCloseRequest(service_id=FAIR, number=9, why="先に")
    ) == (grpc.StatusCode.FAILED_PRECONDITION, "CHOBA_CLOSE_ORDER")
    assert await refusal(
        gate, "RunClose", pb.RunCloseRequest(service_id=FAIR, number=0, why="先に")
    ) == (grpc.StatusCode.INVALID_ARGUMENT, "CHOBA_CALL_FIELD_INVALID")
    assert await refusal(
        gate, "RunClose", pb.RunCloseRequest(service_id=FAIR, number=2, why="")
    ) == (grpc.StatusCode.INVALID_ARGUMENT, "CHOBA_CLOSE_WHY_MISSING")
    assert await refusal(gate, "GetClose", pb.GetCloseRequest(close_id="x" * 20)) == (
        grpc.StatusCode.NOT_FOUND,
        "CHOBA_CLOSE_UNKNOWN",
    )


async def test_the_preview_of_the_running_week(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    await customer.pay(gate.qr(device)[1])
    preview = await call(gate, "PreviewClose", pb.PreviewCloseRequest(service_id=VOUCHER))
    while preview.is_over:  # what the timer has not made yet
        run = pb.RunCloseRequest(service_id=VOUCHER, number=preview.number, why="締め")
        await call(gate, "RunClose", run)
        preview = await call(gate, "PreviewClose", pb.PreviewCloseRequest(service_id=VOUCHER))
    (shop,) = preview.sums
    assert (shop.shop_id, shop.used_count, shop.cancelled_count) == (SHOP, 1, 0)
    assert shop.used_yen > 0
    assert preview.now_micros < preview.boundary_micros
    run = pb.RunCloseRequest(service_id=VOUCHER, number=preview.number, why="早め")
    assert await refusal(gate, "RunClose", run) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CHOBA_CLOSE_NOT_YET",
    )


async def test_a_schedule_changes_at_a_boundary(gate: Gate) -> None:
    before = await call(gate, "GetSchedule", pb.GetScheduleRequest(service_id=VOUCHER))
    (version,) = before.versions
    assert version.schedule == pb.Schedule(
        close="weekly:FRI", pay="weekday:TUE:2", on_holiday="next"
    )
    assert before.next_boundary_micros > system_clock()
    saturday, sunday = (
        f"{tokyo_time(Micros(before.next_boundary_micros + after)):%Y-%m-%d}" for after in (0, DAY)
    )
    wanted = pb.SetScheduleRequest(
        service_id=VOUCHER,
        schedule=pb.Schedule(close="month-end", pay="business-day:5", on_holiday="next"),
        valid_from_day=saturday,
        why="規程の改正",
    )
    for changes, code in (
        ({"valid_from_day": "2024-06-03"}, "CHOBA_SCHEDULE_PAST"),
        ({"valid_from_day": sunday}, "CHOBA_SCHEDULE_NO_BOUNDARY"),
        ({"valid_from_day": "２０２４-06-03"}, "CHOBA_CALL_FIELD_INVALID"),
        ({"valid_from_day": "2024-02-30"}, "CHOBA_CALL_FIELD_INVALID"),
        ({"service_id": "nothing"}, "CHOBA_SCHEDULE_SERVICE_UNKNOWN"),
        ({"why": " "}, "CHOBA_SCHEDULE_WHY"),
        ({"schedule": pb.Schedule(close="daily", pay="x", on_holiday="y")}, None),
    ):
        request = pb.SetScheduleRequest()
        request.CopyFrom(wanted)
        request.MergeFrom(pb.SetScheduleRequest(**changes))
        _, reason = await refusal(gate, "SetSchedule", request)
        assert reason == (code or "CHOBA_SCHEDULE_CLOSE_RULE")
    for _ in range(2):
        done = await call(gate, "SetSchedule", wanted)
        assert (done.version.terms_version, done.version.schedule) == (2, wanted.schedule)
    async with gate.public_channel() as channel:
        await assert_one_act(gate, channel, "service.schedule", VOUCHER, "規程の改正")
    after = await call(gate, "GetSchedule", pb.GetScheduleRequest(service_id=VOUCHER))
    assert list(after.versions) == [version, done.version]
    assert after.next_boundary_micros == before.next_boundary_micros
