"""請求書: what the city is billed for what was used."""

from server.settlement.invoices.drawing import invoice_csv, invoice_html, invoice_text
from server.settlement.invoices.making import InvoiceDesk, InvoiceFormat
from server.settlement.invoices.reading import InvoiceReader
from server.settlement.invoices.refusals import InvoiceCode, invoice_refusal
from server.settlement.invoices.types import (
    Claim,
    CloseLine,
    Invoice,
    InvoiceFacts,
    PointLine,
    PremiumFrame,
)

__all__ = [
    "Claim",
    "CloseLine",
    "Invoice",
    "InvoiceCode",
    "InvoiceDesk",
    "InvoiceFacts",
    "InvoiceFormat",
    "InvoiceReader",
    "PointLine",
    "PremiumFrame",
    "invoice_csv",
    "invoice_html",
    "invoice_refusal",
    "invoice_text",
]
