"""Grants, charges and files over gRPC, as the operator's own systems send them."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from grpc import aio

from protos.choba.v1 import operator_grants_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from tests.support.acts import assert_one_act
from tests.support.directory import POINTS
from tests.support.gate import TIMEOUT, Customer, Gate, bearer, prepare, serving, told

pytestmark = pytest.mark.asyncio(loop_scope="module")
HEADER = "key,uid,serviceId,operationId,amount\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gate]:
    gate = prepare(tmp_path_factory.mktemp("grants"))
    async with serving(gate):
        yield gate


class Operator:
    """An operator with its token."""

    def __init__(self, channel: aio.Channel, token: str) -> None:
        self.channel = channel
        self.stub: Any = OperatorServiceStub(channel)
        self.metadata = bearer(token)

    async def call(self, method: str, request: Any) -> Any:
        call = getattr(self.stub, method)(request, metadata=self.metadata, timeout=TIMEOUT)
        return await call

    async def confirm(self, request: pb.ConfirmBulkRequest) -> tuple[list[int], pb.BulkStatus]:
        """What was counted, then the status."""
        answers = self.stub.ConfirmBulk(request, metadata=self.metadata, timeout=TIMEOUT)
        *counted, last = [answer async for answer in answers]
        return [answer.judged_lines for answer in counted], last.status

    async def preview(self, content: bytes) -> tuple[list[pb.BulkLine], pb.BulkPreview]:
        async def parts() -> AsyncIterator[pb.PreviewBulkRequest]:
            yield pb.PreviewBulkRequest(file_name="points.csv", content=content[:1000])
            for start in range(1000, len(content), 1000):
                yield pb.PreviewBulkRequest(content=content[start : start + 1000])

        lines: list[pb.BulkLine] = []
        answers = self.stub.PreviewBulk(parts(), metadata=self.metadata, timeout=TIMEOUT)
        async for answer in answers:
            if answer.WhichOneof("content") == "preview":
                return lines, answer.preview
            lines += answer.lines.lines
        raise AssertionError("no summary")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def user_id(gate: Gate) -> str:
    async with gate.public_channel() as channel:
        customer = Customer(gate, channel)
        await customer.sign_in()
    from server.db import open_database
    from server.directory import user_by_phone
    from tests.support.directory import PHONE

    def look() -> str:
        database = open_database(f"sqlite:///{gate.state.database}")
        user = database.read_now(lambda c: user_by_phone(c, PHONE))
        database.close_now()
        assert user is not None
        return user.user_id

    return await asyncio.to_thread(look)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def operator(gate: Gate) -> AsyncIterator[Operator]:
    async with gate.public_channel() as channel:
        operator = Operator(channel, gate.operator_token)
        await operator.call(
            "SetExpiryRule",
            pb.SetExpiryRuleRequest(service_id=POINTS, kind="days", number=30, why="始め"),
        )
        yield operator


async def refused(call: Any, reason: str) -> None:
    with pytest.raises(aio.AioRpcError) as raised:
        await call
    failure = told(raised.value)
    assert failure.reason == reason
    assert failure.ja.endswith(("。", "）。"))


async def test_give_charge_cancel(gate: Gate, operator: Operator, user_id: str) -> None:
    left_one_act = partial(assert_one_act, gate, operator.channel)
    await left_one_act("grant.expiry_rule", POINTS, "始め")
    order = pb.GrantOrder(
        idempotency_key="k1", user_id=user_id, service_id=POINTS, amount="１,２００", why="清掃"
    )
    given = (await operator.call("GrantPoints", pb.GrantPointsRequest(order=order))).receipt
    assert (given.amount_yen, given.after_yen - given.before_yen) == (1200, 1200)
    again = (await operator.call("GrantPoints", pb.GrantPointsRequest(order=order))).receipt
    assert (again.grant_id, again.repeated) == (given.grant_id, True)
    await left_one_act("grant.give", given.grant_id, "清掃")
    back = await operator.call(
        "CancelGrant",
        pb.CancelGrantRequest(idempotency_key="c1", grant_id=given.grant_id, why="誤り"),
    )
    assert (back.target_amount_yen, back.after_yen) == (1200, given.before_yen)
    await left_one_act("grant.cancel", given.grant_id, "誤り")
    order.idempotency_key = "k2"
    charge = pb.ChargeRequest(order=order, price="1,000")
    charged = (await operator.call("Charge", charge)).receipt
    assert charged.amount_yen == 1200
    await left_one_act("grant.charge", charged.grant_id, "清掃")
    order.amount = "1.5"
    await refused(operator.call("Charge", pb.ChargeRequest(order=order)), _grant("AMOUNT_DECIMAL"))
    wrong = pb.SetExpiryRuleRequest(service_id=POINTS, kind="never", why="x")
    await refused(operator.call("SetExpiryRule", wrong), "CHOBA_CALL_FIELD_INVALID")


def _grant(word: str) -> str:
    return f"CHOBA_GRANT_{word}"


async def test_a_file(gate: Gate, operator: Operator, user_id: str) -> None:
    """Large enough for many messages and more than one page of lines."""
    rows = [f"2024-{i},{user_id},{POINTS},OP2,{i + 1}\n" for i in range(1200)]
    lines, preview = await operator.preview((HEADER + "".join(rows)).encode("utf-8-sig"))
    assert [line.fate for line in lines] == [pb.BULK_FATE_NEW] * 1200
    assert (preview.new_lines, preview.amount_yen) == (1200, 1200 * 1201 // 2)
    stale = pb.ConfirmBulkRequest(
        idempotency_key="b1", batch_id=preview.batch_id, shown_digest="x", why="6月"
    )
    await refused(operator.confirm(stale), "CHOBA_BULK_DIGEST")
    resume = pb.ResumeBulkRequest(batch_id=preview.batch_id)
    await refused(operator.call("ResumeBulk", resume), "CHOBA_BULK_NOT_CONFIRMED")
    stale.shown_digest = preview.shown_digest
    counted, status = await operator.confirm(stale)
    assert counted == [500, 1000, 1200]
    for _ in range(600):
        if status.state == pb.BULK_STATE_COMPLETE:
            break
        assert status.state == pb.BULK_STATE_RUNNING
        await asyncio.sleep(0.02)
        get = pb.GetBulkRequest(batch_id=preview.batch_id)
        status = (await operator.call("GetBulk", get)).status
    assert (status.state, status.granted_lines) == (pb.BULK_STATE_COMPLETE, 1200)
    request = pb.CancelBulkRequest(idempotency_key="u1", batch_id=preview.batch_id, why="誤り")
    answers = operator.stub.CancelBulk(request, metadata=operator.metadata, timeout=30)
    (summary,) = [answer.summary async for answer in answers]
    assert (summary.cancelled_lines, summary.kept_lines) == (1200, 0)
    left_one_act = partial(assert_one_act, gate, operator.channel)
    await left_one_act("bulk.confirm", preview.batch_id, "6月")
    await left_one_act("bulk.cancel", preview.batch_id, "誤り")


async def test_a_wrong_file_is_told_by_line_and_capped(operator: Operator) -> None:
    rows = [f"w{i},nobody,{POINTS},OP2,0\n" for i in range(1500)]
    lines, preview = await operator.preview((HEADER + "".join(rows)).encode())
    assert (preview.wrong_lines, preview.shown_digest, len(lines)) == (1500, "", 1000)
    assert (lines[0].line, lines[0].column, lines[0].reason) == (2, "amount", _grant("AMOUNT_ZERO"))


async def test_a_file_without_a_token_is_refused(gate: Gate) -> None:
    """Streams in both directions are guarded like every other call."""
    async with gate.public_channel() as channel:
        for token in ("", "wrong"):
            # nothing is written: a client that still writes may hear of the broken stream first
            stub: Any = OperatorServiceStub(channel)
            call = stub.PreviewBulk(metadata=bearer(token), timeout=TIMEOUT)
            await refused(call.read(), "CHOBA_CALL_UNAUTHENTICATED")


async def test_a_caller_who_goes_away_ends_the_preview(operator: Operator, user_id: str) -> None:
    rows = [f"g{i},{user_id},{POINTS},OP2,1\n" for i in range(20_000)]
    content = (HEADER + "".join(rows)).encode()

    async def parts() -> AsyncIterator[pb.PreviewBulkRequest]:
        for start in range(0, len(content), 1 << 18):
            yield pb.PreviewBulkRequest(content=content[start : start + (1 << 18)])

    call = operator.stub.PreviewBulk(parts(), metadata=operator.metadata, timeout=TIMEOUT)
    assert (await call.read()).lines.lines
    call.cancel()
    small = f"{HEADER}h1,{user_id},{POINTS},OP2,1\n".encode()
    assert (await operator.preview(small))[1].new_lines == 1
