"""HTML to PDF with WeasyPrint. The same text gives the same bytes, on any day in any time zone.

What could differ is kept out: fonts come from the folder beside this module and from
Debian's ``fonts-noto-cjk`` alone, no address is opened, no clock and no random id gets into the
file (WeasyPrint writes a date only where the text has one; its /ID is left out).
"""

import os
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "fonts"


class PaperError(Exception):
    """A document could not be drawn: a library is missing, or a worker ended."""

    code = "CHOBA_PAPER_RENDERING"


def render_pdf(html: str) -> bytes:
    """The document as PDF; some 0.1 s of processor time a page, so not on an event loop.

    Raises PaperError when pango is not installed.
    """
    # pango reads it when it is loaded, and that is once in a process
    os.environ["FONTCONFIG_FILE"] = str(FONTS / "fonts.conf")
    try:
        import weasyprint  # noqa: PLC0415 -- loads pango; a server imports this module early
    except OSError as error:
        raise PaperError(
            f"PDF: {error}; install libpango-1.0-0, libpangoft2-1.0-0, libharfbuzz-subset0"
        ) from error
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    document = weasyprint.HTML(string=html, url_fetcher=nothing)
    try:
        return bytes(document.write_pdf(pdf_identifier=False) or b"")
    except weasyprint.urls.FatalURLFetchingError as error:
        raise PaperError(f"PDF: nothing is fetched: {error}") from error
