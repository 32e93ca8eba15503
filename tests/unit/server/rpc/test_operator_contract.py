"""OperatorService as a whole: who may call what, and that every write leaves an act."""

import ast
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory

from protos.choba.v1 import operator_service_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from protos.operation.redaction import Secret
from server.operators import OperatorReason, OperatorRefused, Operators, Role
from server.rpc.operator_rights import METHODS, Right, may_call
from server.state import KeyFiles
from tests.support.acts import acts_of
from tests.support.directory import DEVICE
from tests.support.gate import TIMEOUT, Gate, bearer

_ROOT = Path(__file__).parents[4]
CONTRACT = {method.name for method in pb.DESCRIPTOR.services_by_name["OperatorService"].methods}


@dataclass(frozen=True)
class ProvenIn:
    """Another test reads the act that the method leaves: ``path::function``."""

    test: str


async def issue_pairing_code(stub: Any, metadata: Any) -> str:
    request = pb.IssuePairingCodeRequest(terminal_id=DEVICE, why="新しい端末")
    await stub.IssuePairingCode(request, metadata=metadata, timeout=TIMEOUT)
    return DEVICE


Proof = Callable[[Any, Any], Awaitable[str]]
"""Calls the method; returns the subject of the act that it must have left."""
_HERE = "tests/unit/server/rpc/test_"
_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "operator_grants.py::test_give_charge_cancel": (
        "GrantPoints",
        "Charge",
        "CancelGrant",
        "SetExpiryRule",
    ),
    "operator_grants.py::test_a_file": (
        "ConfirmBulk",
        "CancelBulk",
    ),
    "campaigns_over_grpc.py::test_a_direct_sale_from_terms_to_balance": (
        "SetCampaignTerms",
        "ImportEligibility",
        "UnlockResident",
        "ImportCollected",
        "ReleaseOrders",
    ),
    "campaigns_over_grpc.py::test_applying_and_the_published_draw": (
        "FreezeApplications",
        "HoldDraw",
    ),
    "cancels_over_grpc.py::test_an_operator_cancels_and_the_customer_sees_it": ("CancelPayment",),
    "cancels_over_grpc.py::test_cash_refunds_are_recorded_and_listed": ("RecordCashRefund",),
    "cancels_over_grpc.py::test_expiry_rules_and_leaving": (
        "SetExpiredLotRule",
        "RunExpiry",
        "CloseAccount",
    ),
    "books_over_grpc.py::test_the_operator_pays_in_signs_and_reads": (
        "RecordPayIn",
        "SignHeads",
    ),
    "closes_over_grpc.py::test_a_close_from_preview_to_list": ("RunClose",),
    "closes_over_grpc.py::test_a_schedule_changes_at_a_boundary": ("SetSchedule",),
    "payouts_over_grpc.py::test_from_settings_to_a_returned_transfer": (
        "SetPayoutSettings",
        "SetOneTransfer",
        "AskForBankDetails",
        "DecideBankDetails",
        "ProposeCorrection",
        "DecideCorrection",
        "DraftPayouts",
        "MoveBulk",
        "MakePayoutFile",
        "ReturnTransfer",
    ),
    "payouts_over_grpc.py::test_a_deposit_is_held_against_what_was_sent": (
        "EnterDeposit",
        "ImportDeposits",
    ),
}
LEAVES_AN_ACT: dict[str, Proof | ProvenIn] = {
    "IssuePairingCode": issue_pairing_code,
    **{
        method: ProvenIn(_HERE + test) for test, methods in _ELSEWHERE.items() for method in methods
    },
}


def test_every_method_of_the_contract_has_its_right() -> None:
    assert set(METHODS) == CONTRACT


def test_every_method_that_writes_is_proven_to_leave_an_act() -> None:
    writing = {name for name, right in METHODS.items() if right.leaves_an_act}
    assert set(LEAVES_AN_ACT) == writing


def test_what_leaves_no_act_of_its_own_decides_nothing() -> None:
    """Each has its reason: a preview grants nothing, the others carry out what an act decided."""
    assert {name for name, right in METHODS.items() if right is Right.CARRY} == {
        "PreviewBulk",
        "ResumeBulk",
        "IssuePurchases",
    }


@pytest.mark.parametrize(
    ("method", "proof"),
    [(m, p) for m, p in LEAVES_AN_ACT.items() if isinstance(p, ProvenIn)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_proof_elsewhere_calls_the_method_and_reads_its_act(method: str, proof: ProvenIn) -> None:
    path, _, name = proof.test.partition("::")
    source = (_ROOT / path).read_text("utf-8")
    found = [
        ast.get_source_segment(source, node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    assert found
    assert "assert_one_act(" in found[0] or "left_one_act(" in found[0]
    assert method in source


@pytest.mark.parametrize("role", list(Role))
def test_what_a_role_may_do(role: Role) -> None:
    allowed = {name for name in METHODS if may_call(role, f"/choba.v1.OperatorService/{name}")}
    may = {
        Role.ADMIN: {Right.READ, Right.WORK, Right.CARRY, Right.GOVERN},
        Role.OFFICE: {Right.READ, Right.WORK, Right.CARRY},
        Role.AUDITOR: {Right.READ},
        Role.WALLET: {Right.PAY},
    }[role]
    expected = {name for name, right in METHODS.items() if right in may}
    assert allowed == expected
    assert not may_call(role, "/choba.v1.OperatorService/NotOfTheContract")


@pytest.mark.parametrize(
    ("name", "proof"), [(n, p) for n, p in LEAVES_AN_ACT.items() if not isinstance(p, ProvenIn)]
)
async def test_a_write_leaves_its_act_with_the_operators_name(
    gate: Gate, name: str, proof: Proof
) -> None:
    async with gate.public_channel() as channel:
        stub: Any = OperatorServiceStub(channel)
        metadata = bearer(gate.operator_token)
        # the server itself may close or expire something meanwhile
        before = await acts_of(stub, metadata, by_operator="operator")
        subject = await proof(stub, metadata)
        after = await acts_of(stub, metadata, by_operator="operator")
        (act,) = after[len(before) :]
        assert (act.by_operator, act.subject) == ("operator", subject), name
        assert act.why
        assert act.at_micros
        assert isinstance(json.loads(act.detail_json), dict)
        assert await acts_of(stub, metadata, subject=subject, what=act.what) == [act]
        since = {"by_operator": "operator", "since_micros": act.at_micros + 1}
        assert await acts_of(stub, metadata, **since) == []
        until = {"by_operator": "operator", "until_micros": act.at_micros}
        assert await acts_of(stub, metadata, **until) == before
        assert await acts_of(stub, metadata, by_operator="somebody else") == []


async def test_roles_hold_over_the_wire_and_a_change_needs_no_restart(gate: Gate) -> None:
    operators = Operators(KeyFiles(gate.state.keys))
    async with gate.public_channel() as channel:
        stub: Any = OperatorServiceStub(channel)

        async def status(token: str) -> grpc.StatusCode:
            try:
                await issue_pairing_code(stub, bearer(token))
            except grpc.aio.AioRpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        admin, auditor = gate.token_of(Role.ADMIN), gate.token_of(Role.AUDITOR)
        assert await status(admin) is grpc.StatusCode.OK
        assert await status(auditor) is grpc.StatusCode.PERMISSION_DENIED
        assert await status(gate.token_of(Role.OFFICE)) is grpc.StatusCode.PERMISSION_DENIED
        assert await acts_of(stub, bearer(auditor)), "an auditor reads"
        operators.remove("operator")
        assert await status(admin) is grpc.StatusCode.UNAUTHENTICATED
        assert await status(operators.add("二人目", Role.ADMIN).reveal()) is grpc.StatusCode.OK


async def test_every_method_asks_for_a_token_and_a_role(gate: Gate) -> None:
    """Streams in either direction, too."""
    service = pb.DESCRIPTOR.services_by_name["OperatorService"]
    async with gate.public_channel() as channel:
        stub = OperatorServiceStub(channel)

        async def status(about: Any, token: str) -> grpc.StatusCode:
            request = message_factory.GetMessageClass(about.input_type)()
            # a client that still writes may hear of the broken stream before it hears why
            requests = () if about.client_streaming else (request,)
            call = getattr(stub, about.name)(*requests, metadata=bearer(token), timeout=TIMEOUT)
            try:
                if about.server_streaming:
                    async for _ in call:
                        pass
                else:
                    await call
            except grpc.aio.AioRpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        for about in service.methods:
            stranger = Role.ADMIN if METHODS[about.name] is Right.PAY else Role.WALLET
            unknown = await status(about, "no token")
            assert unknown is grpc.StatusCode.UNAUTHENTICATED, about.name
            not_theirs = await status(about, gate.token_of(stranger))
            assert not_theirs is grpc.StatusCode.PERMISSION_DENIED, about.name


def test_tokens_are_shown_once_and_kept_as_hashes(tmp_path: Path) -> None:
    keys = KeyFiles(tmp_path / "keys")
    operators = Operators(keys)
    assert operators.all() == ()
    token = operators.add("花子 係長", Role.OFFICE)
    file = tmp_path / "keys" / "operators"
    assert token.reveal() not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    found = operators.by_token(token)
    assert found is not None
    assert (found.name, found.role) == ("花子 係長", Role.OFFICE)
    assert operators.by_token(Secret(found.token_hash)) is None
    operators.remove("花子 係長")
    assert operators.by_token(token) is None


def test_names_that_cannot_be_are_refused(tmp_path: Path) -> None:
    operators = Operators(KeyFiles(tmp_path / "keys"))
    for name in ("", " a", "a ", "a:b", "a\nb", "#a", "x" * 65):
        with pytest.raises(OperatorRefused) as refused:
            operators.add(name, Role.ADMIN)
        assert refused.value.code is OperatorReason.NAME_INVALID
    operators.add("a", Role.ADMIN)
    with pytest.raises(OperatorRefused) as refused:
        operators.add("a", Role.AUDITOR)
    assert refused.value.code is OperatorReason.NAME_TAKEN
    with pytest.raises(OperatorRefused) as refused:
        operators.remove("b")
    assert refused.value.code is OperatorReason.UNKNOWN


@pytest.mark.parametrize("damage", ["a:admin:short\n", "a:king:" + "0" * 64 + "\n", "nonsense\n"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, damage: str) -> None:
    keys = KeyFiles(tmp_path / "keys")
    operators = Operators(keys)
    token = operators.add("a", Role.ADMIN)
    assert operators.by_token(token) is not None
    keys.write("operators", (tmp_path / "keys/operators").read_bytes() + damage.encode())
    assert operators.by_token(token) is None
