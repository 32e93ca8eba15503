"""The audit log as an operator reads it over gRPC."""

from typing import Any

from grpc import aio

from protos.choba.v1 import operator_acts_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from tests.support.gate import TIMEOUT, Gate, bearer


async def acts_of(stub: Any, metadata: Any, **wanted: Any) -> list[pb.OperatorAct]:
    """Every act that fits, oldest first."""
    call = stub.ListActs(pb.ListActsRequest(**wanted), metadata=metadata, timeout=TIMEOUT)
    return [act async for response in call for act in response.acts]


async def assert_one_act(
    gate: Gate, channel: aio.Channel, what: str, subject: str, why: str
) -> None:
    """It was done once to this subject, by the operator of ``gate.operator_token``, for ``why``."""
    stub = OperatorServiceStub(channel)
    acts = await acts_of(stub, bearer(gate.operator_token), what=what, subject=subject)
    assert [(act.by_operator, act.why) for act in acts] == [("operator", why)], what
