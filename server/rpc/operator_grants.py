"""OperatorService: grants, charges, their cancels, and files of them. Translates only."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from functools import partial
from typing import BinaryIO, Final

from protos.choba.v1 import operator_grants_pb2 as pb
from protos.units import UserId
from server.campaigns import ExpiryKind, ExpiryRule, GrantDesk, GrantOrder, GrantReceipt
from server.campaigns.bulk import (
    BatchState,
    BatchStatus,
    BulkCode,
    BulkDesk,
    BulkRunner,
    Fate,
    Preview,
    Problem,
    StagedLine,
    bulk_refusal,
)
from server.campaigns.bulk.desk import MOST_BYTES
from server.ledger import Operation
from server.rpc.calls import Context
from server.rpc.errors import invalid_field, plain_text
from server.rpc.operator import operator_name
from server.rpc.threads import Telling, told_by

_MIB: Final = 1 << 20
MOST_WRONG_SHOWN: Final = 1000
"""Wrong lines that are told one by one; all are counted."""
_STATES: Final = {
    BatchState.PREVIEWED: pb.BULK_STATE_PREVIEWED,
    BatchState.RUNNING: pb.BULK_STATE_RUNNING,
    BatchState.COMPLETE: pb.BULK_STATE_COMPLETE,
}
_FATES: Final = {Fate.NEW: pb.BULK_FATE_NEW, Fate.REPEATED: pb.BULK_FATE_REPEATED}


class GrantCalls:
    """Every write with its operator's name and reason in the audit log."""

    def __init__(
        self, *, grants: GrantDesk, bulk: BulkDesk, runner: BulkRunner, wake: Callable[[], None]
    ) -> None:
        """``wake``: tells whoever carries out batches that one was confirmed."""
        self._grants = grants
        self._bulk = bulk
        self._runner = runner
        self._wake = wake

    async def GrantPoints(
        self, request: pb.GrantPointsRequest, context: Context
    ) -> pb.GrantPointsResponse:
        order = _order(request.order, Operation.GRANT)
        receipt = await asyncio.to_thread(self._grants.give, order, operator_name())
        return pb.GrantPointsResponse(receipt=_receipt(receipt))

    async def Charge(self, request: pb.ChargeRequest, context: Context) -> pb.ChargeResponse:
        order = _order(request.order, Operation.CHARGE, request.price)
        receipt = await asyncio.to_thread(self._grants.give, order, operator_name())
        return pb.ChargeResponse(receipt=_receipt(receipt))

    async def CancelGrant(
        self, request: pb.CancelGrantRequest, context: Context
    ) -> pb.CancelGrantResponse:
        receipt = await asyncio.to_thread(
            self._grants.cancel,
            request.idempotency_key,
            plain_text("grant_id", request.grant_id, 1, 64),
            request.why,
            operator_name(),
        )
        return pb.CancelGrantResponse(
            cancel_id=receipt.cancel_id,
            repeated=receipt.repeated,
            target_amount_yen=receipt.amount,
            before_yen=receipt.before,
            after_yen=receipt.after,
        )

    async def SetExpiryRule(
        self, request: pb.SetExpiryRuleRequest, context: Context
    ) -> pb.SetExpiryRuleResponse:
        rule = ExpiryRule(_kind(request.kind), request.number, _day("last_day", request.last_day))
        version = await asyncio.to_thread(
            self._grants.set_expiry_rule, request.service_id, rule, request.why, operator_name()
        )
        return pb.SetExpiryRuleResponse(version=version)

    async def PreviewBulk(
        self, requests: AsyncIterator[pb.PreviewBulkRequest], context: Context
    ) -> AsyncIterator[pb.PreviewBulkResponse]:
        """The fates come while the file is read; the summary last."""
        by = operator_name()
        wrong = 0
        with tempfile.TemporaryFile() as file:
            name = await _received(requests, file)
            look: Callable[[Telling[StagedLine | Problem]], Preview] = partial(
                self._bulk.preview, file, name, by
            )
            async for told in told_by(look):
                if isinstance(told, Preview):
                    yield pb.PreviewBulkResponse(preview=_preview(told))
                    continue
                lines = []
                for line in told:
                    wrong += isinstance(line, Problem)
                    if not isinstance(line, Problem) or wrong <= MOST_WRONG_SHOWN:
                        lines.append(_line(line))
                if lines:
                    yield pb.PreviewBulkResponse(lines=pb.BulkLines(lines=lines))

    async def ConfirmBulk(
        self, request: pb.ConfirmBulkRequest, context: Context
    ) -> AsyncIterator[pb.ConfirmBulkResponse]:
        """Counts while everything is judged again; the last answer says that it is decided.

        Lines are booked afterwards. A caller who goes away before has decided nothing.
        """
        confirm = partial(
            self._bulk.confirm,
            request.idempotency_key,
            request.batch_id,
            request.shown_digest,
            request.why,
            operator_name(),
        )
        judged = 0
        async for told in told_by(confirm):
            if isinstance(told, BatchStatus):
                self._wake()
                yield pb.ConfirmBulkResponse(status=_status(told))
            else:
                judged += len(told)
                yield pb.ConfirmBulkResponse(judged_lines=judged)

    async def GetBulk(self, request: pb.GetBulkRequest, context: Context) -> pb.GetBulkResponse:
        status = await asyncio.to_thread(self._bulk.status, request.batch_id)
        return pb.GetBulkResponse(status=_status(status))

    async def ResumeBulk(
        self, request: pb.ResumeBulkRequest, context: Context
    ) -> pb.ResumeBulkResponse:
        """Harmless while the batch runs and when it is complete."""
        status = await asyncio.to_thread(self._bulk.status, request.batch_id)
        if status.state is BatchState.PREVIEWED:
            raise bulk_refusal(BulkCode.NOT_CONFIRMED, field="batch_id")
        self._wake()
        return pb.ResumeBulkResponse(status=_status(status))

    async def CancelBulk(
        self, request: pb.CancelBulkRequest, context: Context
    ) -> AsyncIterator[pb.CancelBulkResponse]:
        """Lines that are kept come as they are met; the summary last."""
        cancel = partial(
            self._runner.cancel,
            request.idempotency_key,
            request.batch_id,
            request.why,
            operator_name(),
        )
        async for told in told_by(cancel):
            if isinstance(told, Sequence):
                kept = [_problem(line.problem) for line in told]
                yield pb.CancelBulkResponse(kept=pb.BulkLines(lines=kept))
            else:
                summary = pb.BulkCancelSummary(
                    cancelled_lines=told.cancelled_lines,
                    cancelled_yen=told.cancelled,
                    repeated_lines=told.repeated_lines,
                    kept_lines=told.kept_lines,
                )
                yield pb.CancelBulkResponse(summary=summary)


async def _received(requests: AsyncIterator[pb.PreviewBulkRequest], file: BinaryIO) -> str:
    """Writes the file's parts; its name. Refuses what is too large while it comes."""
    name, size = "", 0
    async for request in requests:
        name = name or request.file_name
        size += len(request.content)
        if size > MOST_BYTES:
            raise bulk_refusal(BulkCode.TOO_LARGE, most=MOST_BYTES // _MIB)
        file.write(request.content)
    return name


def _order(order: pb.GrantOrder, operation: Operation, price: str = "") -> GrantOrder:
    return GrantOrder(
        order.idempotency_key,
        operation,
        UserId(order.user_id),
        order.service_id,
        order.amount,
        order.why,
        price,
        (order.note1, order.note2, order.note3),
    )


def _receipt(receipt: GrantReceipt) -> pb.GrantReceipt:
    return pb.GrantReceipt(
        grant_id=receipt.grant_id,
        repeated=receipt.repeated,
        amount_yen=receipt.amount,
        before_yen=receipt.before,
        after_yen=receipt.after,
        expires_at_micros=receipt.expires_at,
    )


def _kind(text: str) -> ExpiryKind:
    try:
        return ExpiryKind(text)
    except ValueError:
        known = ", ".join(kind.value for kind in ExpiryKind)
        raise invalid_field("kind", f"one of {known}") from None


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid_field(name, "a day that exists, as YYYY-MM-DD") from None


def _line(line: StagedLine | Problem) -> pb.BulkLine:
    if isinstance(line, Problem):
        return _problem(line)
    return pb.BulkLine(
        line=line.line,
        key=line.key,
        fate=_FATES[line.fate],
        amount_yen=line.amount,
        expires_at_micros=line.expires_at,
    )


def _problem(found: Problem) -> pb.BulkLine:
    return pb.BulkLine(
        line=found.line,
        fate=pb.BULK_FATE_WRONG,
        reason=found.code,
        column=found.column,
        ja=found.ja,
        en=found.en,
    )


def _preview(preview: Preview) -> pb.BulkPreview:
    return pb.BulkPreview(
        batch_id=preview.batch_id,
        file_digest=preview.file_digest,
        shown_digest=preview.shown_digest,
        lines=preview.lines,
        new_lines=preview.new_lines,
        repeated_lines=preview.repeated_lines,
        wrong_lines=preview.wrong_lines,
        amount_yen=preview.amount,
        same_file_as=preview.same_file_as,
    )


def _status(status: BatchStatus) -> pb.BulkStatus:
    return pb.BulkStatus(
        preview=_preview(status.preview),
        state=_STATES[status.state],
        granted_lines=status.granted_lines,
        granted_yen=status.granted,
        cancelled_lines=status.cancelled_lines,
        cancelled_yen=status.cancelled,
    )
