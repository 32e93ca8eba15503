"""Documents on paper: text in HTML, drawn as PDF pages. Knows fonts and pages, nothing of money."""

from server.settlement.paper.pool import PdfPool, default_workers
from server.settlement.paper.rendering import PaperError, render_pdf
from server.settlement.paper.templates import fill

__all__ = ["PaperError", "PdfPool", "default_workers", "fill", "render_pdf"]
