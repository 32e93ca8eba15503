"""OperatorService: statements, invoices, deposits. Translates; the settlement draws and decides."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from datetime import date
from functools import partial
from typing import Final

from protos.choba.v1 import operator_documents_pb2 as pb
from protos.units import Yen
from server.directory import ServiceId, ShopId
from server.paperwork import Paperwork
from server.rpc.calls import Context
from server.rpc.chunks import chunks_of
from server.rpc.days import day_of
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.operator import operator_name
from server.rpc.threads import Telling, told_by
from server.settlement.deposits import (
    MOST_BYTES,
    MOST_YEN,
    Arrived,
    Reconciliation,
    parse_columns,
    reconciliation_lines,
)
from server.settlement.invoices import InvoiceFormat
from server.settlement.paper import file_name
from server.settlement.statements import Document, Format

_MOST_CLOSES: Final = 1_000_000
_MOST_SHOPS: Final = 1_000
_STATEMENTS: Final = {pb.DOCUMENT_FORMAT_PDF: Format.PDF, pb.DOCUMENT_FORMAT_CSV: Format.CSV}
_INVOICES: Final = {
    pb.DOCUMENT_FORMAT_PDF: InvoiceFormat.PDF,
    pb.DOCUMENT_FORMAT_CSV: InvoiceFormat.CSV,
}


class DocumentCalls:
    """What ``choba statement``, ``choba invoice`` and ``choba deposit`` do."""

    def __init__(self, papers: Paperwork) -> None:
        self._papers = papers

    async def MakeStatements(
        self, request: pb.MakeStatementsRequest, context: Context
    ) -> AsyncIterator[pb.MakeStatementsResponse]:
        """One file after the other, as they are drawn."""
        service = ServiceId(plain_text("service_id", request.service_id, 1, 64))
        number = whole_number("close_number", request.close_number, 1, _MOST_CLOSES)
        whole_number("shop_ids", len(request.shop_ids), 0, _MOST_SHOPS)
        wanted = [ShopId(plain_text("shop_ids", shop, 1, 64)) for shop in request.shop_ids]
        form = _STATEMENTS.get(request.format)
        if form is None:
            raise invalid_field("format", "say PDF or CSV")

        def work(tell: Telling[pb.MakeStatementsResponse]) -> None:
            documents = self._papers.statements.documents(service, number, form, wanted)
            for done, total, _, document in documents:
                assert document is not None, "none is skipped"
                for part in _statement_parts(document, done, total):
                    tell([part])

        async for parts in told_by(work):
            for part in parts or ():
                yield part

    async def MakeInvoice(
        self, request: pb.MakeInvoiceRequest, context: Context
    ) -> AsyncIterator[pb.MakeInvoiceResponse]:
        """請求書 of a month."""
        form = _INVOICES.get(request.format)
        if form is None:
            raise invalid_field("format", "say PDF or CSV")
        issued, due = _day("issued_on", request.issued_on), _day("due_on", request.due_on)

        def work() -> tuple[str, bytes]:
            invoice = self._papers.invoices.invoice(request.month, issued, due)
            name = file_name(invoice.number, form.value)
            return name, self._papers.invoices.content(invoice, form)

        name, content = await asyncio.to_thread(work)
        for chunk in chunks_of(content):
            yield pb.MakeInvoiceResponse(file_name=name, chunk=chunk)

    async def CheckDeposit(
        self, request: pb.CheckDepositRequest, context: Context
    ) -> pb.CheckDepositResponse:
        """What it is; keeps nothing."""
        found = await asyncio.to_thread(
            self._papers.deposits.check, _shop(request.shop_id), _arrived(request.arrived)
        )
        return pb.CheckDepositResponse(found=_reconciliation(found))

    async def EnterDeposit(
        self, request: pb.EnterDepositRequest, context: Context
    ) -> pb.EnterDepositResponse:
        """The same day and amount again is the same line."""
        shop, arrived, by = _shop(request.shop_id), _arrived(request.arrived), operator_name()

        def work() -> tuple[bool, Reconciliation]:
            made = self._papers.deposits.enter(shop, arrived, by=by, why=request.why)
            return bool(made.added), self._papers.deposits.check(shop, arrived)

        added, found = await asyncio.to_thread(work)
        return pb.EnterDepositResponse(added=added, found=_reconciliation(found))

    async def ImportDeposits(
        self, requests: AsyncIterator[pb.ImportDepositsRequest], context: Context
    ) -> AsyncIterator[pb.ImportDepositsResponse]:
        """All lines of a bank's file or none; the same file again adds nothing."""
        first: pb.ImportDepositsRequest | None = None
        content = bytearray()
        async for part in requests:
            first = first or part
            content += part.chunk
            whole_number("chunk", len(content), 0, MOST_BYTES)
        if first is None:
            raise invalid_field("shop_id", "the stream was empty")
        made = await asyncio.to_thread(
            partial(
                self._papers.deposits.import_file,
                _shop(first.shop_id),
                io.BytesIO(content),
                columns=parse_columns(first.columns),
                by=operator_name(),
                why=first.why,
            )
        )
        yield pb.ImportDepositsResponse(
            added=len(made.added), known=made.known, strangers=made.strangers, others=made.others
        )

    async def ListDeposits(
        self, request: pb.ListDepositsRequest, context: Context
    ) -> AsyncIterator[pb.ListDepositsResponse]:
        """Each held against the books."""
        shop = _shop(request.shop_id) if request.shop_id else None

        def work(tell: Telling[pb.ListDepositsResponse]) -> None:
            for deposit, found in self._papers.deposits.kept(shop):
                tell(
                    [
                        pb.ListDepositsResponse(
                            deposit_id=deposit.deposit_id,
                            shop_id=deposit.shop_id,
                            found=_reconciliation(found),
                        )
                    ]
                )

        async for parts in told_by(work):
            for part in parts or ():
                yield part


def _statement_parts(
    document: Document, done: int, total: int
) -> Iterator[pb.MakeStatementsResponse]:
    chunks = list(chunks_of(document.content))
    for number, chunk in enumerate(chunks, start=1):
        part = pb.MakeStatementsResponse(
            file_name=document.file_name, shop_id=document.statement.shop_id, chunk=chunk
        )
        if number == len(chunks):
            part.last_chunk = True
            part.done, part.total = done, total
            part.sha256 = document.sha256
            part.transferred_yen = document.statement.payout.transferred
        yield part


def _shop(text: str) -> ShopId:
    return ShopId(plain_text("shop_id", text, 1, 64))


def _day(name: str, text: str) -> date | None:
    return day_of(name, text) if text else None


def _arrived(asked: pb.ArrivedDeposit) -> Arrived:
    amount = whole_number("arrived.amount_yen", asked.amount_yen, 1, MOST_YEN)
    return Arrived(day_of("arrived.day", asked.day), Yen(amount), asked.payer)


def _reconciliation(found: Reconciliation) -> pb.DepositReconciliation:
    first = found.first_difference
    transfer = found.match.transfer
    return pb.DepositReconciliation(
        arrived=pb.ArrivedDeposit(
            day=found.arrived.day.isoformat(),
            amount_yen=found.arrived.amount,
            payer=found.arrived.payer,
        ),
        fit=found.match.fit.name,
        fit_ja=found.match.ja,
        fit_en=found.match.en,
        payout_id="" if transfer is None else transfer.payout_id,
        comparisons=[
            pb.DepositComparison(
                stage=one.stage.name,
                what=one.what,
                left_yen=one.left,
                right_yen=one.right,
                comparable=one.comparable,
            )
            for one in found.comparisons
        ],
        first_difference=-1 if first is None else found.comparisons.index(first),
        holds=found.holds,
        lines=list(reconciliation_lines(found)),
    )
