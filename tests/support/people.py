"""Two operators with a token each, who call OperatorService as an office's own system does."""

from typing import Any

import pytest
from grpc import aio

from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from server.operators import Role
from tests.support.gate import TIMEOUT, Gate, bearer, told


class People:
    """The administrator "operator" and a second person, "office"."""

    def __init__(self, gate: Gate, channel: aio.Channel) -> None:
        self.gate = gate
        self.stub: Any = OperatorServiceStub(channel)

    async def call(self, method: str, request: Any, role: Role = Role.ADMIN) -> Any:
        """The answer; of a stream all of them."""
        answer = getattr(self.stub, method)(
            request, metadata=bearer(self.gate.token_of(role)), timeout=TIMEOUT
        )
        if isinstance(answer, aio.UnaryStreamCall | aio.StreamStreamCall):
            return [one async for one in answer]
        return await answer

    async def second(self, method: str, request: Any) -> Any:
        """The same, by the second person."""
        return await self.call(method, request, Role.OFFICE)

    async def refused(self, method: str, request: Any, role: Role = Role.ADMIN) -> str:
        """The code of the refusal; it is an error if the call is answered."""
        with pytest.raises(aio.AioRpcError) as caught:
            await self.call(method, request, role)
        said = told(caught.value)
        assert said.ja
        assert said.en
        return said.reason
