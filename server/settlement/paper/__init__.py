"""Documents on paper: text in HTML, drawn as PDF pages. Knows fonts and pages, nothing of money."""

from server.settlement.paper.csv_rows import csv_bytes, text_cell
from server.settlement.paper.folders import file_name, write_whole
from server.settlement.paper.pool import PdfPool, default_workers
from server.settlement.paper.rendering import PaperError, render_pdf
from server.settlement.paper.templates import fill

__all__ = [
    "PaperError",
    "PdfPool",
    "csv_bytes",
    "default_workers",
    "file_name",
    "fill",
    "render_pdf",
    "text_cell",
    "write_whole",
]
