"""Statements and invoices as OperatorService streams them, over a town whose first week is paid."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from protos.choba.v1 import operator_documents_pb2 as pb
from server.ledger import process_clock
from server.paperwork import Paperwork, paper_pool
from server.refusal import Refusal
from server.rpc.operator_documents import DocumentCalls
from server.settings import InvoiceSettings, Settings
from server.settlement.statements import Format
from tests.support.books import POINTS, VOUCHER, Town, moment
from tests.support.cancels import at
from tests.support.closes import close
from tests.support.payouts import MATSUYA, draft, send
from tests.unit.server.cli.test_documents import paid_week


@pytest.fixture
def papers(sqlite_town: Town) -> Iterator[Paperwork]:
    settings = replace(Settings(), invoice=InvoiceSettings(addressee="みほん市長"))
    town = sqlite_town
    with paper_pool() as pool:
        yield Paperwork(town.database, town.keyring, settings, process_clock(town.clock), pool)


async def streamed(calls: Any) -> list[Any]:
    return [part async for part in calls]


async def test_a_statement_comes_whole_and_says_how_far_it_is(
    sqlite_town: Town, papers: Paperwork
) -> None:
    await paid_week(sqlite_town)
    send(sqlite_town, draft(sqlite_town))
    context: Any = None  # the calls do not look at it
    for form, asked in (
        (Format.PDF, pb.DOCUMENT_FORMAT_PDF),
        (Format.CSV, pb.DOCUMENT_FORMAT_CSV),
    ):
        request = pb.MakeStatementsRequest(service_id=VOUCHER, close_number=1, format=asked)
        parts = await streamed(DocumentCalls(papers).MakeStatements(request, context))
        ((_, _, _, document),) = papers.statements.documents(VOUCHER, 1, form)
        assert document is not None
        content = b"".join([part.chunk for part in parts])
        assert content == document.content
        last = parts[-1]
        assert [part.last_chunk for part in parts] == [False] * (len(parts) - 1) + [True]
        assert (last.file_name, last.shop_id) == (document.file_name, MATSUYA)
        assert (last.done, last.total, last.transferred_yen) == (1, 1, 1250)
        assert last.sha256 == hashlib.sha256(content).hexdigest()


async def test_the_months_invoice_comes_as_csv_and_pdf(
    sqlite_town: Town, papers: Paperwork
) -> None:
    await paid_week(sqlite_town)
    for number in (2, 3, 4):
        at(sqlite_town, moment(2024, 6, 1 + 7 * number))
        close(sqlite_town, number)
    at(sqlite_town, moment(2024, 7, 1))
    for number in (1, 2, 3):  # April to June
        close(sqlite_town, number, POINTS)
    context: Any = None
    calls = DocumentCalls(papers)
    for asked, begins in (
        (pb.DOCUMENT_FORMAT_CSV, b"\xef\xbb\xbf"),
        (pb.DOCUMENT_FORMAT_PDF, b"%PDF-"),
    ):
        request = pb.MakeInvoiceRequest(month="2024-06", format=asked, issued_on="2024-07-01")
        first = await streamed(calls.MakeInvoice(request, context))
        content = b"".join([part.chunk for part in first])
        assert content.startswith(begins)
        again = await streamed(calls.MakeInvoice(request, context))
        assert b"".join([part.chunk for part in again]) == content
        assert len({part.file_name for part in first}) == 1
    with pytest.raises(Refusal) as caught:
        await streamed(
            calls.MakeInvoice(
                pb.MakeInvoiceRequest(month="2024-09", format=pb.DOCUMENT_FORMAT_CSV), context
            )
        )
    assert str(caught.value.code).startswith("CHOBA_INVOICE_")
