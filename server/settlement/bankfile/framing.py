"""Cutting a file into records, with or without line ends; or seeing that it is no bank file."""

from dataclasses import dataclass, field
from typing import Final

from server.settlement.bankfile import findings as say
from server.settlement.bankfile.findings import Finding, FindingCode, Note
from server.settlement.bankfile.layout import RECORD

_EOF: Final = b"\x1a"
_MOST_BYTES: Final = 256 * 1024 * 1024
_SIGNATURES: Final = (
    (b"\xff\xfe", "UTF-16のテキスト", "text in UTF-16"),
    (b"\xfe\xff", "UTF-16のテキスト", "text in UTF-16"),
    (b"%PDF", "PDF", "a PDF"),
    (b"PK\x03\x04", "ZIPまたはExcelのファイル", "a ZIP archive or an Excel file"),
    (b"\xd0\xcf\x11\xe0", "古い形式のExcelのファイル", "an old Excel file"),
    (b"\xf1\xf2\xf1", "EBCDICの全銀ファイル", "a 全銀 file in EBCDIC"),
)
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Frame:
    """One record without its line end. ``number`` from 1; ``at``: offset in the file, from 0."""

    number: int
    at: int
    data: bytes


@dataclass(slots=True)
class Framing:
    """``frames``: empty when the file is no bank file at all."""

    frames: list[Frame] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def frames(content: bytes) -> Framing:
    """Cut it; what is wrong with the cutting itself is found here."""
    framing = Framing()
    strange = _strange(content)
    if strange is not None:
        framing.findings.append(strange)
        return framing
    start = 0
    if content.startswith(_BOM):
        framing.findings.append(say.byte_order_mark())
        start = len(_BOM)
    end = len(content)
    while end > start and content[end - 1 : end] in (_EOF, b"\0"):
        end -= 1
    if end < len(content):
        framing.notes.append(say.eof_mark(len(content) - end))
    _cut(framing, content[:end], start)
    if not any(frame.data[:1] in (b"1", b"2", b"8", b"9") for frame in framing.frames):
        framing.frames.clear()
        framing.findings = [say.not_a_bank_file("全銀ファイルの記録が1つもありません", "no record")]
    return framing


def _strange(content: bytes) -> Finding | None:
    if not content:
        return say.whole(FindingCode.EMPTY, "ファイルが空です。", "The file is empty.")
    if len(content) > _MOST_BYTES:
        return say.not_a_bank_file(
            "100万件の振込より大きいファイルです", "larger than a million transfers"
        )
    for signature, ja, en in _SIGNATURES:
        if content.startswith(signature):
            return say.not_a_bank_file(f"{ja}です", f"this is {en}")
    return say.utf_8() if _is_utf_8(content) else None


def _is_utf_8(content: bytes) -> bool:
    """Japanese in UTF-8. Half-width kana of CP932 never make up a character from U+0800 on."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(sign >= "\u3000" and sign != "\ufeff" for sign in text)


def _cut(framing: Framing, content: bytes, start: int) -> None:
    if b"\r" not in content and b"\n" not in content:
        framing.notes.append(say.no_line_ends())
        for at in range(start, len(content), RECORD):
            framing.frames.append(Frame(len(framing.frames) + 1, at, content[at : at + RECORD]))
        return
    ends: set[bytes] = set()
    at = start
    while at < len(content):
        line, line_end = _line(content, at)
        framing.frames.append(Frame(len(framing.frames) + 1, at, line))
        if line_end:
            ends.add(line_end)
        else:
            framing.notes.append(say.no_last_line_end())
        at += len(line) + len(line_end)
    if len(ends) > 1:
        framing.findings.append(say.mixed_line_ends(sorted(ends)))
    elif ends != {b"\r\n"}:
        framing.notes.append(say.other_line_ends(ends.pop()))


def _line(content: bytes, at: int) -> tuple[bytes, bytes]:
    """The next line and its end (CRLF, LF, CR, or none)."""
    feed, back = content.find(b"\n", at), content.find(b"\r", at)
    found = [place for place in (feed, back) if place >= 0]
    if not found:
        return content[at:], b""
    first = min(found)
    if first == back and content[first + 1 : first + 2] == b"\n":
        return content[at:first], b"\r\n"
    return content[at:first], content[first : first + 1]
