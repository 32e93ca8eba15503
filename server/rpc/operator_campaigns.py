"""OperatorService: voucher campaigns. Translates only; files come as streams of bytes."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import IO, BinaryIO, Final, TypeVar

from protos.choba.v1 import operator_campaigns_pb2 as pb
from server.campaigns.selling import (
    CampaignDesk,
    CampaignReport,
    Fate,
    FileRefused,
    LineError,
    RoundReport,
    Source,
)
from server.rpc.calls import Context
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.operator import operator_name

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one file."""
_PART: Final = 256 * 1024
_LINES: Final = 1000
_LONGEST_WHY: Final = 500
_MOST_ROUND: Final = 9


class CampaignCalls:
    """Every write with its operator's name and reason in the audit log."""

    def __init__(self, desk: CampaignDesk) -> None:
        self._desk = desk

    async def SetCampaignTerms(
        self, request: pb.SetCampaignTermsRequest, context: Context
    ) -> pb.SetCampaignTermsResponse:
        terms, warnings = await asyncio.to_thread(
            self._desk.set_terms, request.document, operator_name(), _why(request.why)
        )
        return pb.SetCampaignTermsResponse(
            campaign_id=terms.campaign_id, version=terms.version, warnings=_warnings(warnings)
        )

    async def ImportEligibility(
        self, requests: AsyncIterator[pb.ImportEligibilityRequest], context: Context
    ) -> AsyncIterator[pb.ImportEligibilityResponse]:
        """Tells how far the check has come; the outcome is the last message."""
        by = operator_name()
        with tempfile.NamedTemporaryFile() as file:
            first = await _received(requests, file)
            campaign, why = _campaign(first.campaign_id), _why(first.why)
            lines = [0]
            work = asyncio.create_task(
                asyncio.to_thread(
                    partial(
                        self._desk.import_eligibility,
                        _source(file),
                        campaign,
                        by,
                        why,
                        lambda count: lines.__setitem__(0, count),
                    )
                )
            )
            while not (await asyncio.wait({work}, timeout=1.0))[0]:
                yield pb.ImportEligibilityResponse(lines=lines[0])
            try:
                done = work.result()
            except FileRefused as refused:
                yield pb.ImportEligibilityResponse(
                    done=True, errors=_errors(refused.errors), error_count=refused.count
                )
                return
        yield pb.ImportEligibilityResponse(
            lines=done.lines, done=True, added=done.added, repeated=done.repeated
        )

    async def UnlockResident(
        self, request: pb.UnlockResidentRequest, context: Context
    ) -> pb.UnlockResidentResponse:
        number = plain_text("number", request.number, 1, 64)
        campaign, why = _campaign(request.campaign_id), _why(request.why)
        await asyncio.to_thread(self._desk.unlock, campaign, number, operator_name(), why)
        return pb.UnlockResidentResponse()

    async def FreezeApplications(
        self, request: pb.FreezeApplicationsRequest, context: Context
    ) -> pb.FreezeApplicationsResponse:
        campaign, number = _round(request.campaign_id, request.round)
        frozen = await asyncio.to_thread(
            self._desk.freeze, campaign, number, operator_name(), _why(request.why)
        )
        return pb.FreezeApplicationsResponse(
            sha256=frozen.sha256,
            applications=len(frozen.content.units),
            units=sum(frozen.content.units.values()),
            supply=frozen.content.supply,
            draw_event=frozen.content.event,
            frozen_at_micros=frozen.frozen_at,
        )

    async def DownloadApplications(
        self, request: pb.DownloadApplicationsRequest, context: Context
    ) -> AsyncIterator[pb.DownloadApplicationsResponse]:
        campaign, number = _round(request.campaign_id, request.round)
        frozen = await asyncio.to_thread(self._desk.published, campaign, number)
        for part in _parts(frozen.content.canonical()):
            yield pb.DownloadApplicationsResponse(content=part)

    async def HoldDraw(self, request: pb.HoldDrawRequest, context: Context) -> pb.HoldDrawResponse:
        campaign, number = _round(request.campaign_id, request.round)
        held = await asyncio.to_thread(
            self._desk.draw, campaign, number, request.seed, operator_name(), _why(request.why)
        )
        return pb.HoldDrawResponse(
            sha256=held.sha256,
            units_won=held.units_won,
            winners=sum(1 for units in held.result.won.values() if units),
            drawn_at_micros=held.drawn_at,
        )

    async def DownloadDrawResult(
        self, request: pb.DownloadDrawResultRequest, context: Context
    ) -> AsyncIterator[pb.DownloadDrawResultResponse]:
        campaign, number = _round(request.campaign_id, request.round)
        result = await asyncio.to_thread(self._desk.result, campaign, number)
        for part in _parts(result.canonical()):
            yield pb.DownloadDrawResultResponse(content=part)

    async def ImportCollected(
        self, requests: AsyncIterator[pb.ImportCollectedRequest], context: Context
    ) -> AsyncIterator[pb.ImportCollectedResponse]:
        """Every line's fate, or every fault; with faults nothing is taken."""
        by = operator_name()
        with tempfile.NamedTemporaryFile() as file:
            first = await _received(requests, file)
            take = partial(
                self._desk.collected_file,
                _source(file),
                plain_text("collector", first.collector, 1, 64),
                by,
                _why(first.why),
                dry_run=first.dry_run,
            )
            try:
                fates = await asyncio.to_thread(take)
            except FileRefused as refused:
                yield pb.ImportCollectedResponse(
                    errors=_errors(refused.errors), error_count=refused.count
                )
                return
        for start in range(0, len(fates), _LINES):
            yield pb.ImportCollectedResponse(
                lines=[
                    pb.CollectedLine(
                        line=one.line,
                        reference=one.reference,
                        fate=_FATES[one.fate],
                        amount_yen=one.amount,
                        bonus_points=one.bonus,
                    )
                    for one in fates[start : start + _LINES]
                ]
            )

    async def IssuePurchases(
        self, request: pb.IssuePurchasesRequest, context: Context
    ) -> pb.IssuePurchasesResponse:
        return pb.IssuePurchasesResponse(orders=await asyncio.to_thread(self._desk.issue))

    async def ReleaseOrders(
        self, request: pb.ReleaseOrdersRequest, context: Context
    ) -> pb.ReleaseOrdersResponse:
        campaign, why = _campaign(request.campaign_id), _why(request.why)
        count = await asyncio.to_thread(self._desk.release, campaign, operator_name(), why)
        return pb.ReleaseOrdersResponse(orders=count)

    async def GetCampaignReport(
        self, request: pb.GetCampaignReportRequest, context: Context
    ) -> pb.GetCampaignReportResponse:
        return _report(await asyncio.to_thread(self._desk.report, _campaign(request.campaign_id)))


_FATES: Final = {Fate.NEW: pb.COLLECTED_FATE_NEW, Fate.REPEATED: pb.COLLECTED_FATE_REPEATED}
R = TypeVar("R", pb.ImportEligibilityRequest, pb.ImportCollectedRequest)


async def _received(requests: AsyncIterator[R], file: IO[bytes]) -> R:
    """Write all that comes into ``file``; the first message."""
    first: R | None = None
    size = 0
    async for request in requests:
        first = first or request
        size += len(request.content)
        if size > MOST_BYTES:
            raise invalid_field("content", f"at most {MOST_BYTES} bytes a file")
        file.write(request.content)
    if first is None:
        raise invalid_field("content", "the stream is empty")
    file.flush()
    return first


def _source(file: "tempfile._TemporaryFileWrapper[bytes]") -> Source:
    def opened() -> BinaryIO:
        return open(file.name, "rb")

    return opened


def _parts(content: bytes) -> Iterator[bytes]:
    return (content[start : start + _PART] for start in range(0, len(content), _PART))


def _why(why: str) -> str:
    if not 0 < len(why.strip()) <= _LONGEST_WHY:
        raise invalid_field("why", f"needs 1 to {_LONGEST_WHY} characters, for the audit log")
    return why.strip()


def _campaign(campaign_id: str) -> str:
    return plain_text("campaign_id", campaign_id, 1, 64)


def _round(campaign_id: str, number: int) -> tuple[str, int]:
    return _campaign(campaign_id), whole_number("round", number, 1, _MOST_ROUND)


def _warnings(warnings: Sequence[tuple[str, str]]) -> list[pb.CampaignWarning]:
    return [pb.CampaignWarning(ja=ja, en=en) for ja, en in warnings]


def _errors(errors: Sequence[LineError]) -> list[pb.CampaignLineError]:
    return [
        pb.CampaignLineError(line=e.line, code=e.code, column=e.column, ja=e.ja, en=e.en)
        for e in errors
    ]


def _report(report: CampaignReport) -> pb.GetCampaignReportResponse:
    return pb.GetCampaignReportResponse(
        eligible=report.eligible,
        linked=report.linked,
        total_units=report.total_units,
        paid_units=report.paid_units,
        open_units=report.open_units,
        unsold_units=report.unsold_units,
        paid_yen=report.paid,
        face_yen=report.face,
        bonus_points=report.bonus,
        not_issued=report.not_issued,
        rounds=[_round_report(one) for one in report.rounds],
        warnings=_warnings(report.warnings),
    )


def _round_report(one: RoundReport) -> pb.CampaignRoundReport:
    return pb.CampaignRoundReport(
        round=one.round,
        kind=one.kind.value,
        applications=one.applications,
        units_applied=one.units_applied,
        supply=one.supply,
        list_sha256=one.list_sha256,
        winners=one.winners,
        units_won=one.units_won,
        units_ordered=one.units_ordered,
        units_paid=one.units_paid,
    )
