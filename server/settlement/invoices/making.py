"""An invoice as a file."""

from collections.abc import Callable
from datetime import date
from enum import Enum
from pathlib import Path

from server.db import Database
from server.settlement.invoices.drawing import invoice_csv, invoice_html
from server.settlement.invoices.reading import InvoiceReader
from server.settlement.invoices.refusals import InvoiceCode, invoice_refusal
from server.settlement.invoices.types import Invoice
from server.settlement.paper import file_name, write_whole

Draw = Callable[[str], bytes]
"""HTML to PDF, e.g. ``PdfPool.render``."""


class InvoiceFormat(Enum):
    PDF = "pdf"
    CSV = "csv"


class InvoiceDesk:
    """Blocks its caller; call it off an event loop."""

    def __init__(self, database: Database, reader: InvoiceReader, draw: Draw) -> None:
        self._database = database
        self._reader = reader
        self._draw = draw

    def invoice(
        self, month: str, issued_on: date | None = None, due_on: date | None = None
    ) -> Invoice:
        """``month``: 2024-06. Raises Refusal CHOBA_INVOICE_*."""
        year, number = _month(month)
        return self._database.read_now(
            lambda c: self._reader.invoice(c, year, number, issued_on, due_on)
        )

    def content(self, invoice: Invoice, form: InvoiceFormat) -> bytes:
        """The file. Raises PaperError."""
        if form is InvoiceFormat.CSV:
            return invoice_csv(invoice)
        return self._draw(invoice_html(invoice))

    def make(self, invoice: Invoice, form: InvoiceFormat, folder: Path) -> Path:
        """Written whole; the same invoice gives the same bytes. Raises Refusal, PaperError."""
        path = folder / file_name(invoice.number, form.value)
        content = self.content(invoice, form)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except OSError as error:
            raise invoice_refusal(
                InvoiceCode.OUTPUT, field="output", path=str(folder), why=str(error.strerror)
            ) from error
        return path


def _month(text: str) -> tuple[int, int]:
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise invoice_refusal(InvoiceCode.MONTH, field="month") from None
    return first.year, first.month
