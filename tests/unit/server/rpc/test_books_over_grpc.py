"""Money in, signed heads and the trial balance through the operator's service."""

import grpc
import pytest
from grpc import aio

from protos.choba.v1 import operator_books_pb2 as pb
from protos.choba.v1 import operator_service_pb2 as operator_pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from server.ledger import parse_file
from server.ledger.head_statement import parse_statement
from tests.support.acts import assert_one_act
from tests.support.gate import TIMEOUT, Gate, bearer


async def test_the_operator_pays_in_signs_and_reads(gate: Gate) -> None:
    token = bearer(gate.operator_token)
    async with gate.public_channel() as channel:
        operator = OperatorServiceStub(channel)
        balance = await operator.GetTrialBalance(
            operator_pb.GetTrialBalanceRequest(), metadata=token, timeout=TIMEOUT
        )
        unit = balance.accounts[0].account.partition(":")[2]
        pay_in = pb.RecordPayInRequest(
            idempotency_key="city-1",
            why="市の補助金",
            source=pb.PAY_SOURCE_CITY,
            service_id=unit,
            amount_yen=1_000_000,
            reference="ﾐﾎﾝｼ",
        )
        first = await operator.RecordPayIn(pay_in, metadata=token, timeout=TIMEOUT)
        again = await operator.RecordPayIn(pay_in, metadata=token, timeout=TIMEOUT)
        assert (again.pay_in_id, first.repeated, again.repeated) == (first.pay_in_id, False, True)
        await assert_one_act(gate, channel, "funds.pay_in", first.pay_in_id, "市の補助金")
        after = await operator.GetTrialBalance(
            operator_pb.GetTrialBalanceRequest(), metadata=token, timeout=TIMEOUT
        )
        assert after.total_debit_yen == balance.total_debit_yen + 1_000_000
        assert "市からの入金" in [line.name_ja for line in after.accounts]
        long_ago = await operator.GetTrialBalance(
            operator_pb.GetTrialBalanceRequest(at_micros=1), metadata=token, timeout=TIMEOUT
        )
        assert long_ago.total_debit_yen == 0

        signed = await operator.SignHeads(
            pb.SignHeadsRequest(why="監査の日"), metadata=token, timeout=TIMEOUT
        )
        key_id = parse_statement(next(parse_file(signed.head.text)).text).key_id
        await assert_one_act(gate, channel, "audit.sign", key_id, "監査の日")
        listed = await operator.ListSignedHeads(
            pb.ListSignedHeadsRequest(), metadata=token, timeout=TIMEOUT
        )
        assert [head.number for head in listed.heads] == list(range(1, signed.head.number + 1))
        assert listed.heads[-1].text == signed.head.text
        assert len(list(parse_file("".join(head.text for head in listed.heads)))) == len(
            listed.heads
        )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"why": " "}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"source": pb.PAY_SOURCE_UNSPECIFIED}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"amount_yen": 0}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"service_id": "nothing-2024"}, grpc.StatusCode.NOT_FOUND),
        ({"idempotency_key": ""}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_a_wrong_pay_in_names_its_field(
    gate: Gate, changes: dict[str, object], status: grpc.StatusCode
) -> None:
    fields: dict[str, object] = {
        "idempotency_key": "city-1",
        "why": "市の補助金",
        "source": pb.PAY_SOURCE_CITY,
        "service_id": "voucher-2024",
        "amount_yen": 1000,
    }
    async with gate.public_channel() as channel:
        with pytest.raises(aio.AioRpcError) as refused:
            await OperatorServiceStub(channel).RecordPayIn(
                pb.RecordPayInRequest(**(fields | changes)),  # type: ignore[arg-type]
                metadata=bearer(gate.operator_token),
                timeout=TIMEOUT,
            )
    assert refused.value.code() is status
